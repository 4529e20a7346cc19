"""kill -9 of web, worker and Redis at random during 1,000 reviews: what was acknowledged is there, once, with its event and its label."""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path

import httpx
import pytest
import redis

from reviewapp.access.rules import Scope
from reviewapp.audit.models import AuditEvent
from reviewapp.cases.models import Case, Decision, Outbox, Queue, Review
from reviewapp.predictions.models import Label
from reviewapp.standalone.servers import start_valkey
from reviewapp.standalone.supervisor import Supervisor
from tests import factories
from tests.programs import Programs, running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(420)]
REVIEWERS = 6
_keys = count(1)


class Reviewers:
    """People who take cases and answer them, and who try again, with the same key, until they are told that it is done."""

    def __init__(self, url: str, office, *, wanted: int) -> None:
        self.url, self.wanted = url, wanted
        self.acknowledged: list[str] = []
        self.lock = threading.Lock()
        self.stop = threading.Event()
        people = [factories.make_reviewer(f"reviewer{number}", office) for number in range(REVIEWERS)]
        self.tokens = [factories.make_key(person, *Scope) for person in people]

    def work(self) -> None:
        with ThreadPoolExecutor(REVIEWERS) as pool:
            list(pool.map(self._work, self.tokens))

    def _work(self, token: str) -> None:
        with httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=10, verify=False
        ) as client:
            while not self.stop.is_set() and len(self.acknowledged) < self.wanted:
                self._one(client)

    def _one(self, client: httpx.Client) -> None:
        taken = self._insist(client, "/api/v1/queues/loans/claim", {})
        if taken is None or taken.status_code == 204:
            self.stop.set()
            return
        case = taken.json()
        body = {"lease": case["lease"]["number"], "answer": "correct", "outcome": "approve", "note": "seen"}
        done = self._insist(client, f"/api/v1/cases/{case['id']}/review", body)
        if done is not None and done.status_code == 200:
            with self.lock:
                self.acknowledged.append(case["id"])

    def _insist(self, client: httpx.Client, path: str, body: dict[str, object]) -> httpx.Response | None:
        key = {"Idempotency-Key": f"try-{next(_keys)}"}
        while not self.stop.is_set():
            try:
                answer = client.post(path, json=body, headers=key)
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            if answer.status_code < 500:
                return answer
            assert answer.status_code == 503, answer.text
            time.sleep(0.05)
        return None


class Killer(threading.Thread):
    """Kills one of `victims` at random every now and then, until told to stop."""

    def __init__(self, victims: list[Callable[[], None]], *, seed: int, pause: float) -> None:
        super().__init__(daemon=True)
        self.victims, self.pause = victims, pause
        self.random = random.Random(seed)
        self.done = threading.Event()
        self.kills = 0

    def run(self) -> None:
        while not self.done.wait(self.random.uniform(0.5, 1.5) * self.pause):
            self.random.choice(self.victims)()
            self.kills += 1

    def finish(self) -> None:
        self.done.set()
        self.join()


def violations(acknowledged: list[str]) -> list[str]:
    """Every promise that the database shows broken."""
    reviews = Counter(str(case) for case in Review.objects.values_list("case_id", flat=True))
    decided = set(Decision.objects.values_list("id", flat=True))
    labels = Counter(Label.objects.values_list("decision_id", flat=True))
    claims = AuditEvent.objects.filter(action="case.claimed").count()
    found = [f"{count} reviews of one case" for count in reviews.values() if count != 1]
    found += ["an acknowledged review is lost" for case in acknowledged if case not in reviews]
    found += ["an acknowledgement twice" for count in Counter(acknowledged).values() if count != 1]
    found += ["a decision without a label" for decision in decided if labels[decision] == 0]
    found += ["a label too many" for decision, count in labels.items() if count != 1 or decision not in decided]
    if AuditEvent.objects.filter(action="case.reviewed").count() != sum(reviews.values()):
        found.append("reviews and their events differ in number")
    if AuditEvent.objects.filter(action="label.created").count() != sum(labels.values()):
        found.append("labels and their events differ in number")
    if claims != sum(Case.objects.values_list("lease", flat=True)):
        found.append("leases and their events differ in number")
    return found


def _send(url: str, office, n: int) -> None:
    token = factories.make_key(office.sender, *Scope)
    items = [factories.prediction_body(external_id=f"K-{number}") for number in range(n)]
    for start in range(0, n, 1000):
        answer = httpx.post(
            f"{url}/api/v1/predictions/batch",
            json={"items": items[start : start + 1000]},
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text


def _kill_web(programs: Programs) -> None:
    """kill -9, and no further blow before it answers again: however slow the machine, the storm ends."""
    programs.kill("web")
    programs.wait()


def _wait_for_labels(seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while Outbox.objects.exists() and time.monotonic() < deadline:
        time.sleep(0.2)


class Valkey:
    """A Redis of the test's own, to be killed and emptied."""

    def __init__(self, folder: Path) -> None:
        self.supervisor = Supervisor(folder / "valkey-log")
        self.server = start_valkey(self.supervisor, folder)

    @property
    def url(self) -> str:
        return self.server.url

    def kill(self) -> None:
        self.supervisor.start(self.server.service)

    def flush(self) -> None:
        with suppress(redis.RedisError):  # it may just have been killed; the next blow will find it
            redis.Redis.from_url(self.url, socket_timeout=2).flushall()


@pytest.fixture
def valkey(tmp_path: Path):
    server = Valkey(tmp_path)
    yield server
    server.supervisor.stop()


def _storm(
    programs: Programs, office, victims: list[Callable[[], None]], *, wanted: int, seed: int, pause: float = 1.5
) -> tuple[list[str], int]:
    """`wanted` reviews while the victims are hit; returns what was acknowledged and the number of blows."""
    Queue.objects.filter(pk=office.queue.pk).update(most_held=1_000)
    _send(programs.url, office, wanted + 50 * REVIEWERS)
    reviewers, killer = Reviewers(programs.url, office, wanted=wanted), Killer(victims, seed=seed, pause=pause)
    killer.start()
    reviewers.work()
    killer.finish()
    return reviewers.acknowledged, killer.kills


def test_nothing_acknowledged_is_lost_or_doubled_when_web_worker_and_redis_are_killed(office, valkey, tmp_path):
    with running(tmp_path, "web", "worker", "beat", path="/healthz", REDIS_URL=valkey.url) as programs:
        victims = [lambda: _kill_web(programs), lambda: programs.kill("worker"), valkey.kill, valkey.flush]
        acknowledged, kills = _storm(
            programs, office, victims, wanted=1_000, seed=int(os.environ.get("CHAOS_SEED", "11"))
        )
        _wait_for_labels(120)
    assert kills >= 5
    assert len(acknowledged) >= 1_000
    assert violations(acknowledged) == []


def test_a_flushed_redis_loses_no_label(office, valkey, tmp_path):
    with running(tmp_path, "web", "beat", path="/healthz", REDIS_URL=valkey.url) as programs:
        _storm(programs, office, [valkey.flush], wanted=20, seed=1, pause=0.2)
        assert Outbox.objects.count() >= 20, "no worker runs yet"
        valkey.flush()
        programs.start("worker")
        _wait_for_labels(120)
    assert violations([]) == []


def test_the_broken_twin_without_a_sweep_is_caught(office, valkey, tmp_path):
    """Only the bell, no beat: what was rung before the flush is never looked at."""
    with running(tmp_path, "web", path="/healthz", REDIS_URL=valkey.url) as programs:
        _storm(programs, office, [valkey.flush], wanted=20, seed=1, pause=0.2)
        valkey.flush()
        programs.start("worker")
        _wait_for_labels(8)
    assert "a decision without a label" in violations([])


@pytest.mark.parametrize(
    ("twin", "victim", "promise"),
    [
        ("outbox_ends_before_the_label", "worker", "a decision without a label"),
        ("audit_follows_the_commit", "web", "reviews and their events differ in number"),
    ],
)
def test_a_broken_twin_is_caught(office, valkey, tmp_path, twin, victim, promise):
    with running(tmp_path, "web", "worker", "beat", path="/healthz", REDIS_URL=valkey.url, TWIN=twin) as programs:
        blow = (lambda: _kill_web(programs)) if victim == "web" else (lambda: programs.kill(victim))
        acknowledged, _ = _storm(programs, office, [blow], wanted=60, seed=5, pause=1.5)
        time.sleep(3)
        programs.kill(victim)
        _wait_for_labels(12)
    assert promise in violations(acknowledged)
