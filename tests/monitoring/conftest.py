"""A queue with a past: eight days on which three cases came at this time of day, each answered in twenty minutes."""

from datetime import timedelta

import pytest
import time_machine

from reviewapp.cases.models import Case, Review
from reviewapp.cases.rules import CaseState
from reviewapp.cases.sla import WEEKDAYS
from tests import factories
from tests.factories import Office

DAYS, A_DAY, ANSWERS = 8, 3, 54
ALWAYS = {"zone": "UTC", "hours": {day: ["00:00-24:00"] for day in WEEKDAYS}}  # every day is like today


@pytest.fixture
def office(db) -> Office:
    now = factories.now()
    with time_machine.travel(now - timedelta(days=DAYS, hours=1)):
        made = factories.make_office()
    made.queue.opening_hours = ALWAYS
    made.queue.save()
    return made


@pytest.fixture
def past(office, alice) -> list[Case]:
    """Nothing of it is open any more."""
    now, cases = factories.now(), []
    for back in range(DAYS, 0, -1):
        with time_machine.travel(now - timedelta(days=back) + timedelta(minutes=90)):
            cases += [office.send() for _ in range(A_DAY)]
    Case.objects.update(state=CaseState.DECIDED, outcome="deny", decided_at=now - timedelta(days=1))
    with time_machine.travel(now - timedelta(days=1)):
        at = factories.now()
        Review.objects.bulk_create(
            Review(
                case=cases[i % len(cases)], round=i // len(cases) + 1, slot=1, reviewer=alice, queue=office.queue, answer="agree",
                outcome="deny", lease=1, leased_at=at, reviewed_at=at, handle_seconds=9_999, active_seconds=1_200, shown_digest="0" * 64,
            )
            for i in range(ANSWERS)
        )  # fmt: skip
    return cases
