"""Many at once, through the real web server: nobody gets what another has."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from django.utils import timezone

from reviewapp.access.rules import Scope
from reviewapp.audit.models import AuditEvent
from reviewapp.cases.models import Case, Queue
from reviewapp.intake.models import IngestKey
from reviewapp.predictions.models import Prediction
from tests import factories
from tests.programs import running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
THREADS, CASES = 64, 2_000


def _client(url: str, token: str) -> httpx.Client:
    """Plain HTTP: without `verify=False` every client would first load the machine's certificates, which takes longer than the race."""
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60, verify=False)


def _fill(web, office, n: int) -> None:
    token = factories.make_key(office.sender, *Scope)
    with _client(web.url, token) as client:
        for start in range(0, n, 1000):
            items = [
                factories.prediction_body(external_id=f"C-{number}") for number in range(start, min(start + 1000, n))
            ]
            assert client.post("/api/v1/predictions/batch", json={"items": items}).status_code == 200


def _race(web, office, cases: int) -> list[tuple[str, int]]:
    """64 reviewers claim until nothing waits; returns what each claim gave: case and lease number."""
    Queue.objects.filter(pk=office.queue.pk).update(most_held=10_000)
    _fill(web, office, cases)
    tokens = [
        factories.make_key(factories.make_reviewer(f"racer{number}", office), *Scope) for number in range(THREADS)
    ]
    claimed: list[tuple[str, int]] = []
    lock = threading.Lock()

    def race(token: str) -> None:
        with _client(web.url, token) as client:
            while (answer := client.post("/api/v1/queues/loans/claim")).status_code == 200:
                with lock:
                    claimed.append((answer.json()["id"], answer.json()["lease"]["number"]))
            assert answer.status_code == 204, answer.text

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(race, tokens))
    return claimed


def test_64_reviewers_race_for_2000_cases_and_every_case_is_claimed_once(web, office):
    claimed = _race(web, office, CASES)
    assert len(claimed) == CASES
    assert set(Counter(case for case, _ in claimed).values()) == {1}
    assert {lease for _, lease in claimed} == {1}
    assert AuditEvent.objects.filter(action="case.claimed").count() == CASES


def test_the_broken_twin_that_reads_before_it_writes_is_caught(office, tmp_path):
    with running(tmp_path, "web", TWIN="claim_reads_then_writes") as spoilt:
        claimed = _race(spoilt, office, 100)
    assert max(Counter(case for case, _ in claimed).values()) > 1


def test_64_claims_on_one_case_give_it_to_one(web, office):
    _fill(web, office, 1)
    tokens = [
        factories.make_key(factories.make_reviewer(f"racer{number}", office), *Scope) for number in range(THREADS)
    ]

    def claim(token: str) -> int:
        with _client(web.url, token) as client:
            return client.post("/api/v1/queues/loans/claim").status_code

    with ThreadPoolExecutor(THREADS) as pool:
        assert Counter(pool.map(claim, tokens)) == {200: 1, 204: THREADS - 1}


def test_a_stale_lease_number_changes_nothing_while_the_new_holder_works(web, office, alice, bob):
    _fill(web, office, 1)
    first, second = (_client(web.url, factories.make_key(user, *Scope)) for user in (alice, bob))
    case = first.post("/api/v1/queues/loans/claim").json()
    Case.objects.update(lease_until=timezone.now() - timezone.timedelta(seconds=1))
    taken = second.post("/api/v1/queues/loans/claim").json()
    before = Case.objects.values().get()
    stale = {"lease": case["lease"]["number"]}
    for path, body in (("heartbeat", stale), ("release", stale), ("review", {**stale, "answer": "agree"})):
        assert first.post(f"/api/v1/cases/{case['id']}/{path}", json=body).json()["code"] == "lease-lost"
    assert Case.objects.values().get() == before
    done = second.post(
        f"/api/v1/cases/{case['id']}/review", json={"lease": taken["lease"]["number"], "answer": "agree"}
    )
    assert done.status_code == 200


def test_the_broken_twin_without_the_lease_check_is_caught(office, alice, bob, tmp_path):
    with running(tmp_path, "web", TWIN="lease_is_not_checked") as spoilt:
        _fill(spoilt, office, 1)
        first, second = (_client(spoilt.url, factories.make_key(user, *Scope)) for user in (alice, bob))
        case = first.post("/api/v1/queues/loans/claim").json()
        Case.objects.update(lease_until=timezone.now() - timezone.timedelta(seconds=1))
        second.post("/api/v1/queues/loans/claim")
        stale = first.post(
            f"/api/v1/cases/{case['id']}/review", json={"lease": case["lease"]["number"], "answer": "agree"}
        )
    assert stale.status_code == 200, "the guard is out, so the stale answer goes through"


def _send_16(url: str, office) -> list[tuple[int, str]]:
    token = factories.make_key(office.sender, *Scope)
    body = factories.prediction_body(external_id="SAME-1")

    def send(_: int) -> tuple[int, str]:
        with _client(url, token) as client:
            answer = client.post("/api/v1/predictions", json=body)
            return answer.status_code, answer.text

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(send, range(16)))


def test_the_broken_twin_that_looks_for_the_key_first_is_caught(office, tmp_path):
    with running(tmp_path, "web", TWIN="keys_are_looked_up_first") as spoilt:
        answers = _send_16(spoilt.url, office)
    assert Counter(status for status, _ in answers) != {201: 1, 200: 15}


def test_16_parallel_posts_of_one_external_id_make_one_prediction_and_equal_answers(web, office):
    answers = _send_16(web.url, office)
    assert Counter(status for status, _ in answers) == {201: 1, 200: 15}
    assert len({text for _, text in answers}) == 1
    assert Prediction.objects.count() == IngestKey.objects.count() == Case.objects.count() == 1
    with _client(web.url, factories.make_key(office.sender, *Scope)) as client:
        other = client.post(
            "/api/v1/predictions", json=factories.prediction_body(external_id="SAME-1", features={"income": 1})
        )
    assert (other.status_code, other.json()["code"]) == (409, "external-id-reused")
