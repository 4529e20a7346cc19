"""Alice trains models, bob reviews, carol leads, and everybody has a browser and a key."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from reviewapp.access.models import User
from reviewapp.access.rules import Role, Scope
from reviewapp.datasets import freezing
from tests import factories
from tests.datasets import world


@pytest.fixture
def member(sign_in: Callable[[User], Client]) -> Callable[..., SimpleNamespace]:
    """`member("alice", Role.ML, reads=[use_case])`: a person with a browser and a key for labels and data sets."""

    def made(username: str, *roles: Role, reads: Any = ()) -> SimpleNamespace:
        user = factories.make_user(username, *roles)
        for use_case in reads:
            world.let_read(user, use_case)
        token = factories.make_key(user, Scope.LABELS_READ, Scope.DATASETS_WRITE)
        return SimpleNamespace(
            user=user, browser=sign_in(user), api=Client(headers={"Authorization": f"Bearer {token}"})
        )

    return made


@pytest.fixture
def mortgage(db: None) -> Any:
    return world.use_case("mortgage-underwriting")


@pytest.fixture
def triage(db: None) -> Any:
    return world.use_case("ward-triage")


@pytest.fixture
def alice(mortgage: Any, member: Callable[..., SimpleNamespace]) -> SimpleNamespace:
    """ML team, may read the labels of the mortgage use case."""
    return member("alice", Role.ML, reads=[mortgage])


@pytest.fixture
def bob(mortgage: Any, member: Callable[..., SimpleNamespace]) -> SimpleNamespace:
    """A reviewer, who may read no labels."""
    return member("bob", Role.REVIEWER)


@pytest.fixture
def rita(mortgage: Any, member: Callable[..., SimpleNamespace]) -> SimpleNamespace:
    """A reviewer whom an administrator let read labels."""
    return member("rita", Role.REVIEWER, reads=[mortgage])


@pytest.fixture
def labels(mortgage: Any, alice: SimpleNamespace) -> list[Any]:
    return world.make_labels(mortgage, 60, sender=alice.user)


@pytest.fixture
def freeze(alice: SimpleNamespace) -> Callable[..., str]:
    """Ask by the API as alice and freeze; returns the id."""

    def run(name: str = "March", use_case: str = "mortgage-underwriting", **filters: str) -> str:
        body = {"use_case": use_case, "name": name, "filters": filters}
        answer = alice.api.post("/api/v1/datasets", body, content_type="application/json")
        assert answer.status_code == 201, answer.content
        freezing.freeze_pending(at=timezone.now())
        return str(answer.json()["id"])

    return run
