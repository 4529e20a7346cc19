"""Bad input around one case (D1 to D12), exports (F12, G1 to G3), and the rights of administrators (J1, J3), through the front door."""

import csv
import io
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from reviewapp.access.models import User
from reviewapp.access.rules import READ_LABELS, Role, Scope
from reviewapp.audit.models import AuditEvent
from reviewapp.cases.feedback import label_decisions
from reviewapp.cases.models import Case, Decision, Draft, Outbox, Queue, Review
from reviewapp.datasets.freezing import freeze_pending
from reviewapp.datasets.models import DatasetSnapshot
from reviewapp.predictions.models import Label
from tests import factories
from tests.factories import prediction_body

pytestmark = pytest.mark.timeout(120)
AGREE = {"answer": "agree"}


def claim(client: Any, slug: str = "loans") -> dict[str, Any]:
    answer = client.post(f"/api/v1/queues/{slug}/claim")
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def review(client: Any, case_id: Any, lease: int, **more: Any) -> Any:
    headers = {"Idempotency-Key": more.pop("key")} if "key" in more else {}
    return client.post(f"/api/v1/cases/{case_id}/review", {"lease": lease, **AGREE, **more}, **headers)


def nothing_decided() -> bool:
    return not (Review.objects.exists() or Decision.objects.exists() or Outbox.objects.exists())


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


# D1, D2: leases


def test_d1_an_answer_without_a_claim_is_refused(office, alice, api):
    case = office.send()
    assert code(review(api(alice), case.pk, 1)) == (409, "lease-lost")
    assert nothing_decided()


def test_d1_an_answer_under_anothers_claim_is_refused(office, alice, bob, api):
    office.send()
    case = claim(api(alice))
    assert code(review(api(bob), case["id"], case["lease"]["number"])) == (409, "lease-lost")
    assert nothing_decided()
    assert review(api(alice), case["id"], case["lease"]["number"]).status_code == 200


@pytest.mark.parametrize("off", [-1, 1, 1_000])
def test_d1_an_answer_under_another_number_is_refused(office, alice, api, off):
    office.send()
    case = claim(api(alice))
    api(alice).post(f"/api/v1/cases/{case['id']}/release", {"lease": 1})
    again = claim(api(alice))
    number = again["lease"]["number"]
    assert code(review(api(alice), again["id"], number + off)) == (409, "lease-lost")
    assert nothing_decided()


def test_d2_a_lease_that_ran_out_and_was_retaken_is_lost(office, alice, bob, api):
    office.send()
    first = claim(api(alice))
    Case.objects.update(lease_until=timezone.now() - timedelta(minutes=1))
    claim(api(bob))
    assert code(review(api(alice), first["id"], first["lease"]["number"])) == (409, "lease-lost")
    assert nothing_decided()


# D4, D5: idempotency keys


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "x" * 10_240, "kéy", "a\tb"])
def test_d5_a_key_that_is_none_is_refused(office, alice, api, key):
    office.send()
    answer = api(alice).post("/api/v1/queues/loans/claim", **{"Idempotency-Key": key})
    assert answer.status_code == 400 or (key == " " and answer.status_code == 200)
    assert key == " " or Case.objects.get().state == "open"


def test_d4_a_key_used_for_another_body_or_path_is_refused(office, alice, api):
    for _ in range(2):
        office.send()
    first, second = claim(api(alice)), claim(api(alice))
    assert review(api(alice), first["id"], 1, key="k").status_code == 200
    assert code(review(api(alice), first["id"], 1, key="k", note="other")) == (409, "idempotency-key-reused")
    assert code(review(api(alice), second["id"], 1, key="k")) == (409, "idempotency-key-reused")
    assert Review.objects.count() == 1


def test_d4_a_key_of_somebody_else_is_another_key(office, alice, bob, api):
    for _ in range(2):
        office.send()
    for person in (alice, bob):
        case = claim(api(person))
        assert review(api(person), case["id"], 1, key="same").status_code == 200
    assert Review.objects.count() == 2


def test_a_refused_answer_leaves_its_key_free(office, alice, api):
    office.send()
    case = claim(api(alice))
    assert review(api(alice), case["id"], 1, key="k", answer="correct").status_code == 422
    assert review(api(alice), case["id"], 1, key="k").status_code == 200


# D6 to D9, D12: two tabs, twice, stale


def test_d6_two_tabs_of_one_person_record_one_answer(office, alice, sign_in):
    case = office.send()
    tabs = [sign_in(alice), sign_in(alice)]
    tabs[0].post(f"/cases/{case.pk}/claim/")
    form = {"lease": "1", "choice": "agree", "note": "tab"}
    assert [tab.post(f"/cases/{case.pk}/review/", form).status_code for tab in tabs] == [302, 409]
    assert Review.objects.count() == 1


def test_d7_the_same_person_does_not_answer_a_case_they_passed_on(office, carol, api):
    office.send()
    lead = api(carol)
    first = claim(lead)
    assert review(lead, first["id"], 1, answer="refer").status_code == 200
    assert lead.post("/api/v1/queues/loans-lead/claim").status_code == 204


def test_d7_nor_takes_it_by_its_address(office, carol, api, sign_in):
    office.send()
    first = claim(api(carol))
    review(api(carol), first["id"], 1, answer="refer")
    browser = sign_in(carol)
    assert browser.post(f"/cases/{first['id']}/claim/", follow=True).status_code == 200
    assert Case.objects.get().state == "open"


def test_d8_a_decided_case_is_decided(office, alice, carol, api):
    office.send()
    case = claim(api(alice))
    assert review(api(alice), case["id"], 1).status_code == 200
    for person in (alice, carol):
        assert code(review(api(person), case["id"], 1)) == (409, "lease-lost")
        for act in ("heartbeat", "release"):
            assert code(api(person).post(f"/api/v1/cases/{case['id']}/{act}", {"lease": 1})) == (409, "lease-lost")
    assert (Review.objects.count(), Decision.objects.count()) == (1, 1)


def test_d9_a_case_that_changed_since_it_was_shown_is_refused_and_the_text_kept(office, alice, api):
    office.send()
    case = claim(api(alice))
    stale = review(api(alice), case["id"], 1, shown="1.000000000000000000000000.x", note="mine")
    assert code(stale) == (409, "stale-view")
    assert Draft.objects.get().note == "mine"
    assert nothing_decided()
    assert review(api(alice), case["id"], 1, shown=case["shown"]).status_code == 200


def test_d12_nobody_holds_more_than_the_queue_allows(office, alice, api):
    Queue.objects.update(most_held=2)
    for _ in range(3):
        office.send()
    for _ in range(2):
        claim(api(alice))
    assert code(api(alice).post("/api/v1/queues/loans/claim")) == (409, "holds-too-many")
    assert Case.objects.filter(state="leased").count() == 2


def test_d12_a_heartbeat_after_release_is_refused(office, alice, api):
    office.send()
    case = claim(api(alice))
    lease = {"lease": case["lease"]["number"]}
    assert api(alice).post(f"/api/v1/cases/{case['id']}/release", lease).status_code == 200
    assert code(api(alice).post(f"/api/v1/cases/{case['id']}/heartbeat", lease)) == (409, "lease-lost")
    assert Case.objects.get().lease_until is None


def test_c11_a_right_taken_away_ends_the_lease_of_its_holder(office, alice, api):
    office.send()
    client = api(alice)
    case = claim(client)
    alice.groups.clear()
    from guardian.shortcuts import remove_perm

    remove_perm("work_cases", alice, office.queue)
    assert review(client, case["id"], 1).status_code == 404
    assert nothing_decided()


# D3, D10: at once


@pytest.mark.django_db(transaction=True)
def test_d3_one_answer_sent_16_times_at_once_is_recorded_once(office, alice):
    office.send()
    token = factories.make_key(alice, *Scope)
    case = claim_with(token)

    def send(_: int) -> tuple[int, bytes]:
        try:
            answer = Client(headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "once"}).post(
                f"/api/v1/cases/{case['id']}/review", {"lease": 1, **AGREE}, content_type="application/json"
            )
            return answer.status_code, answer.content
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(send, range(16)))
    assert {status for status, _ in answers} == {200}
    assert len({content for _, content in answers}) == 1
    assert (Review.objects.count(), AuditEvent.objects.filter(action="case.reviewed").count()) == (1, 1)


def claim_with(token: str) -> dict[str, Any]:
    answer = Client(headers={"Authorization": f"Bearer {token}"}).post(
        "/api/v1/queues/loans/claim", {}, content_type="application/json"
    )
    return dict(answer.json())


# D11, R8: no audit, no act


@pytest.fixture
def deaf_trail(transactional_db: None) -> Any:
    """The audit table refuses every new row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "create function deaf() returns trigger language plpgsql as $$ begin raise exception 'no more' using errcode = 'disk_full'; end $$;"
            "create trigger deaf before insert on audit_auditevent for each row execute function deaf()"
        )
    yield
    with connection.cursor() as cursor:
        cursor.execute("drop trigger if exists deaf on audit_auditevent; drop function if exists deaf()")


def everything() -> dict[str, list[Any]]:
    models = (Case, Review, Decision, Outbox, Draft, Label, DatasetSnapshot, User)
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


@pytest.mark.django_db(transaction=True)
def test_d11_without_an_audit_entry_nothing_is_done_and_the_retry_succeeds(office, alice, api, request):
    office.send()
    client = api(alice)
    case = claim(client)
    office.send()
    before = everything()
    request.getfixturevalue("deaf_trail")
    writes = {
        "review": lambda: review(client, case["id"], 1, key="once"),
        "release": lambda: client.post(f"/api/v1/cases/{case['id']}/release", {"lease": 1}),
        "claim": lambda: client.post("/api/v1/queues/loans/claim"),
        "read": lambda: client.get(f"/api/v1/cases/{case['id']}"),
        "send": lambda: api(office.sender).post("/api/v1/predictions", prediction_body()),
        "send many": lambda: api(office.sender).post("/api/v1/predictions/batch", {"items": [prediction_body()]}),
    }
    for name, write in writes.items():
        answer = write()
        assert code(answer) == (503, "not-recorded"), name
        assert answer["Retry-After"]
        assert b"Zora" not in answer.content
    assert everything() == before
    with connection.cursor() as cursor:
        cursor.execute("drop trigger deaf on audit_auditevent")
    done = review(client, case["id"], 1, key="once")
    again = review(client, case["id"], 1, key="once")
    assert (done.status_code, again.status_code, again["Idempotent-Replayed"]) == (200, 200, "true")
    assert Review.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_d11_pages_say_so_too(office, alice, sign_in, request):
    case = office.send()
    browser = sign_in(alice)
    before = everything()
    request.getfixturevalue("deaf_trail")
    answers = [
        browser.get(f"/cases/{case.pk}/"),
        browser.post(f"/cases/{case.pk}/claim/"),
        browser.post("/queues/loans/next/"),
        browser.post("/preferences/", {"theme": "dark"}),
        browser.post("/sign-out/"),
        Client().post("/sign-in/", {"username": "alice", "password": factories.PASSWORD}),
    ]
    assert [answer.status_code for answer in answers] == [503] * len(answers)
    assert all(answer["Retry-After"] for answer in answers)
    assert everything() == before


# Forms: what no browser of ours sends

FORMS = {
    "no lease": {"choice": "agree"},
    "lease text": {"lease": "one", "choice": "agree"},
    "lease negative": {"lease": "-1", "choice": "agree"},
    "lease huge": {"lease": "9" * 30, "choice": "agree"},
    "lease in other digits": {"lease": "١", "choice": "agree"},
    "NUL in the note": {"lease": "1", "choice": "agree", "note": "a\0b"},
    "NUL in a reason": {"lease": "1", "choice": "agree", "reason": "R\0"},
    "NUL in the choice": {"lease": "1", "choice": "agree\0"},
    "note of 10,001": {"lease": "1", "choice": "agree", "note": "x" * 10_001},
    "choice of 81": {"lease": "1", "choice": "x" * 81},
    "21 reasons": {"lease": "1", "choice": "agree", "reason": [f"R{number}" for number in range(21)]},
    "seconds text": {"lease": "1", "choice": "agree", "active_seconds": "x"},
}


@pytest.mark.parametrize("act", ["review", "draft", "release", "heartbeat"])
def test_a_form_that_no_page_of_ours_sends_is_refused(office, alice, sign_in, api, act):
    office.send()
    case, browser = claim(api(alice)), sign_in(alice)
    before = everything()
    for name, form in FORMS.items():
        assert browser.post(f"/cases/{case['id']}/{act}/", form).status_code == 400, name
        assert {**everything(), "User": []} == {**before, "User": []}, name


CHOICES = [
    "Agree",
    "agree ",
    "аgree",
    "correct",
    "correct:",
    "correct:deny",
    "correct:maybe",
    "correct:Approve",
    "outcome:maybe",
    "x",
    "",
    "refer:approve",
    "decide",
    "agree:approve:",
]


def test_a17_a_choice_outside_the_set_is_not_recorded(office, alice, sign_in, api):
    office.send()
    case, browser = claim(api(alice)), sign_in(alice)
    for choice in CHOICES:
        point = transaction.savepoint()
        answer = browser.post(f"/cases/{case['id']}/review/", {"lease": "1", "choice": choice, "note": "n"})
        assert (choice, answer.status_code) == (choice, 422)
        assert nothing_decided(), choice
        transaction.savepoint_rollback(point)


# G1 to G3, F12: exports

FORMULAS = ["=HYPERLINK('x')", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "＝1+1", '"=1', "'=1", " =1", "-1"]


@pytest.fixture
def ml(office):
    return factories.make_ml("mlteam", office)


@pytest.fixture
def frozen(office, alice, api, ml):
    """A data set whose name, reasons and reviewer are hostile where people may write."""
    office.send()
    case = claim(api(alice))
    review(api(alice), case["id"], 1)
    label_decisions(at=timezone.now())
    made = api(ml).post("/api/v1/datasets", {"use_case": "loans", "name": '=1+1 “α” "quoted"'})
    assert made.status_code == 201, made.content
    freeze_pending(at=timezone.now())
    return made.json()["id"]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_g2_the_file_name_is_quoted_for_every_reader(frozen, api, ml, form):
    answer = api(ml).get(f"/api/v1/datasets/{frozen}/download", format=form)
    b"".join(answer.streaming_content)  # a file not taken would keep its place among those that may be taken at once
    header = answer["Content-Disposition"]
    assert header.startswith('attachment; filename="')
    assert header.isascii()
    assert "filename*=UTF-8''" in header
    assert not set(header) & set("\r\n")


@pytest.mark.parametrize("name", ["a\r\nSet-Cookie: x=1", "a\0b", "\u2028", "a\x85b"])
def test_g2_a_name_with_control_characters_is_refused(office, api, ml, name):
    assert api(ml).post("/api/v1/datasets", {"use_case": "loans", "name": name}).status_code in {400, 422}
    assert not DatasetSnapshot.objects.exists()


@pytest.mark.parametrize("text", FORMULAS)
def test_g1_no_cell_is_a_formula_and_numbers_stay_numbers(text):
    from reviewapp.datasets.rules import raw_cell, safe_cell

    cell = safe_cell(text)
    assert cell == "'" + text
    assert raw_cell(cell) == text


def test_g1_the_csv_of_a_data_set_opens_without_a_formula(frozen, api, ml):
    content = b"".join(api(ml).get(f"/api/v1/datasets/{frozen}/download", format="csv").streaming_content).decode()
    header, row = csv.reader(io.StringIO(content))
    values = dict(zip(header, row, strict=True))
    assert float(values["income"]) == 4150.5 if "income" in values else float(values["features.income"]) == 4150.5
    assert not [cell for cell in (*header, *row) if cell[:1] in "=+@\t\r" and cell]


@pytest.mark.parametrize("who", ["alice", "mallory", "carol"])
def test_g3_who_may_not_read_labels_exports_nothing(frozen, api, request, who):
    client = api(request.getfixturevalue(who))
    before = AuditEvent.objects.filter(action="dataset.downloaded").count()
    for path in (
        f"/api/v1/datasets/{frozen}",
        f"/api/v1/datasets/{frozen}/manifest",
        f"/api/v1/datasets/{frozen}/download?format=csv",
    ):
        assert client.get(path).status_code == 404
    assert client.post("/api/v1/datasets", {"use_case": "loans", "name": "n"}).status_code in {403, 404}
    assert AuditEvent.objects.filter(action="dataset.downloaded").count() == before


def test_g3_a_reader_without_the_role_takes_no_large_data_set_away(frozen, office, api):
    analyst = factories.make_user("analyst", Role.REVIEWER)
    factories.grant(analyst, READ_LABELS, office.use_case)
    with connection.cursor() as cursor:
        cursor.execute(
            "set session_replication_role = replica; update datasets_datasetsnapshot set rows_done = 10001; set session_replication_role = default"
        )
    answer = api(analyst).get(f"/api/v1/datasets/{frozen}/download", format="csv")
    assert code(answer) == (403, "too-many-rows")
    assert not AuditEvent.objects.filter(action="dataset.downloaded").exists()


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_g3_no_identity_leaves_with_the_labels(frozen, api, ml, form):
    content = b"".join(api(ml).get(f"/api/v1/datasets/{frozen}/download", format=form).streaming_content)
    for secret in (b"Zora", b"Quill", b"CUST-88", b"1980-02-29", b"zora@example.org", b"alice"):
        assert secret not in content


PICKLE = b"\x80\x04\x95\x1c\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x01x\x94\x85\x94R\x94."


@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson", "text/csv", "application/octet-stream"])
def test_f12_a_pickle_by_any_name_is_never_loaded(office, kind):
    token = factories.make_key(office.sender, *Scope)
    answer = Client(headers={"Authorization": f"Bearer {token}"}).post(
        "/api/v1/predictions/batch", PICKLE, content_type=kind
    )
    assert answer.status_code in {200, 400, 415}
    assert answer.status_code != 200 or [item["status"] for item in answer.json()["results"]] == [400]
    assert not Case.objects.exists()


# J1, J3: administrators and the trail


def test_j1_the_last_admin_stays_and_nobody_raises_themselves(office, sign_in):
    dana = factories.make_user("dana", Role.ADMIN)
    browser = sign_in(dana)
    assert browser.post(f"/people/{dana.pk}/roles/", {"roles": []}).status_code == 409
    assert browser.post(f"/people/{dana.pk}/state/", {"active": "no"}).status_code == 409
    assert browser.post(f"/people/{dana.pk}/roles/", {"roles": ["Admin", "Auditor"]}).status_code == 403
    grant = f"cases.queue:{office.queue.pk}:lead_cases"
    assert browser.post(f"/people/{dana.pk}/rights/", {"grant": [grant]}).status_code == 403
    assert browser.post("/people/roles/Admin/rights/", {"grant": [grant]}).status_code == 403
    assert set(dana.groups.values_list("name", flat=True)) == {"Admin"}
    refused = AuditEvent.objects.filter(outcome="refused", actor_name="dana")
    assert refused.count() == 5


@pytest.mark.parametrize("who", ["alice", "carol", "mallory"])
def test_j3_the_trail_is_for_auditors_and_admins(office, api, sign_in, request, who):
    person = request.getfixturevalue(who)
    before = AuditEvent.objects.filter(action__startswith="trail.").count()
    assert api(person).get("/api/v1/audit-events").status_code == 403
    assert sign_in(person).get("/audit/").status_code == 403
    assert AuditEvent.objects.filter(action__startswith="trail.").count() == before


def test_j3_every_look_at_the_trail_is_on_record(office, api):
    frank = factories.make_auditor("frank", office)
    api(frank).get("/api/v1/audit-events")
    assert AuditEvent.objects.get(action="trail.viewed").actor_name == "frank"


# What people type into the policy form


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "1",
        "{",
        "[" * 100_000,
        '{"a": NaN}',
        '{"a": 1e400}',
        '{"a": 9223372036854775808}',
        '{"a": 99999999999999999}',
        '{"a":1,"a":2}',
        '{"a": "\\u0000"}',
        '{"a": "\\ud800"}',
        "{" * 50 + "}" * 50,
    ],
    ids=lambda text: text[:12],
)
@pytest.mark.parametrize("step", ["preview", "publish"])
def test_a_policy_that_is_none_is_refused(office, sign_in, text, step):
    dana = factories.make_user("dana", Role.ADMIN)
    factories.grant(dana, "manage_use_case", office.use_case)
    form = {"body": text, "after": "1", "reason": "because", "step": step, "previewed": str(uuid.uuid4())}
    answer = sign_in(dana).post("/policies/loans/publish", form)
    assert answer.status_code in {400, 422}, answer.status_code
    assert office.use_case.policy_versions.count() == 1


@pytest.mark.parametrize("after", ["", "x", "-1", "1.5", "9" * 400, "١", "\0"])
def test_a_policy_after_no_version_is_refused(office, sign_in, after):
    import json

    dana = factories.make_user("dana", Role.ADMIN)
    factories.grant(dana, "manage_use_case", office.use_case)
    body = json.dumps(office.use_case.policy_versions.get().body)
    answer = sign_in(dana).post(
        "/policies/loans/publish", {"body": body, "after": after, "reason": "r", "step": "publish", "previewed": "x"}
    )
    assert answer.status_code in {200, 400, 409, 422}
    assert office.use_case.policy_versions.count() == 1


@pytest.mark.parametrize("number", ["0", "99", "2147483648", "9" * 25])
def test_a_policy_version_that_is_not_there_is_not_there(office, carol, sign_in, number):
    assert sign_in(carol).get(f"/policies/loans/{number}/").status_code == 404
