"""Two people who answer the same cases, each on their own; decisions between them, and cases seeded from these."""

from collections.abc import Callable, Sequence

import pytest

from reviewapp.cases.feedback import label_decisions
from reviewapp.cases.models import Case
from reviewapp.quality import queries
from reviewapp.quality.actions import mix_in
from reviewapp.quality.models import SeededCase
from tests import factories
from tests.quality.answering import take_and_answer

APPROVE, DENY = "approve", "deny"


@pytest.fixture
def read_twice(office, api, alice, bob) -> Callable[..., list[Case]]:
    """`read_twice([("deny", "approve"), ...])`: alice gives the first answer of each, bob the second, to a case of its own."""

    def read(said: Sequence[tuple[str, str]], policy=None, readers=(alice, bob), **sent) -> list[Case]:
        office.queue.review_policy = policy or {"always": True}
        office.queue.save()
        clients = [api(person) for person in readers]
        cases = [office.send(**sent) for _ in said]
        for case, outcomes in zip(cases, said, strict=True):
            for client, outcome in zip(clients, outcomes, strict=True):
                take_and_answer(client, case, outcome)
        return cases

    return read


@pytest.fixture
def drawn(monkeypatch):
    """Every arrival is drawn: at once, and for a case in which the model is wrong; but not the case that is `adjudicated`."""
    undrawn = set()
    monkeypatch.setattr(queries, "_draw", lambda _, pk: 1.0 if pk in undrawn else 0.0)
    return undrawn


@pytest.fixture
def dave(office):
    """A reviewer who has answered nothing."""
    return factories.make_reviewer("dave", office)


@pytest.fixture
def adjudicate(read_twice, api, carol, office, drawn):
    """`adjudicate(n, right=False)`: cases on which alice and bob differed; carol sided with the model or against it."""

    def differ_and_decide(n: int, *, right: bool = False, **sent) -> list[Case]:
        cases = read_twice([(APPROVE, DENY)] * n, **sent)
        given = {"answer": "agree"} if right else {"answer": "correct", "outcome": APPROVE}
        for case in cases:
            lease = api(carol).post(f"/api/v1/cases/{case.pk}/claim").json()["lease"]["number"]
            answered = api(carol).post(
                f"/api/v1/cases/{case.pk}/review", {"lease": lease, "note": "I called.", **given}
            )
            assert answered.json()["status"] == "decided"
        drawn.update(case.pk for case in cases)
        office.queue.review_policy = {}
        office.queue.seeded_share = 0.02
        office.queue.save()
        label_decisions(at=factories.now())
        return cases

    return differ_and_decide


@pytest.fixture
def adjudicated(adjudicate, settings):
    """A case on which alice and bob differed, and carol decided otherwise than the model; then no second answers are asked for."""
    (case,) = adjudicate(1)
    settings.UNDO_SECONDS = 30
    return case


@pytest.fixture
def arrival(adjudicated, office):
    return office.send()


@pytest.fixture
def seeded(arrival):
    assert mix_in(at=factories.now()) == 1
    return SeededCase.objects.get().case
