"""People who may read the trail."""

from collections.abc import Callable

import pytest
from django.test import Client

from reviewapp.access.models import User
from reviewapp.access.rules import Role
from tests import factories


@pytest.fixture
def dana(db: None) -> User:
    """An administrator."""
    return factories.make_user("dana", Role.ADMIN)


@pytest.fixture
def frank(db: None) -> User:
    """An auditor."""
    return factories.make_user("frank", Role.AUDITOR)


@pytest.fixture
def auditor(frank: User, sign_in: Callable[[User], Client]) -> Client:
    """frank's browser."""
    return sign_in(frank)
