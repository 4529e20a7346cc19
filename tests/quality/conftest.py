"""Two people who answer the same cases, each on their own."""

from collections.abc import Callable, Sequence

import pytest

from reviewapp.cases.models import Case
from tests.quality.answering import take_and_answer


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
