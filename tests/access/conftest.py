"""People who may change what others may do."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from reviewapp.access.models import User
from reviewapp.access.rules import Role
from tests import factories


@pytest.fixture
def dana(db: None) -> User:
    """An administrator."""
    return factories.make_user("dana", Role.ADMIN)


@pytest.fixture
def erin(db: None) -> User:
    """Another administrator."""
    return factories.make_user("erin", Role.ADMIN)


@pytest.fixture
def frank(db: None) -> User:
    """An auditor."""
    return factories.make_user("frank", Role.AUDITOR)


@pytest.fixture
def admin(dana: User, sign_in: Callable[[User], Client]) -> Client:
    """dana's browser."""
    return sign_in(dana)


@pytest.fixture
def fresh() -> Callable[[User], User]:
    """The same user as the database knows them now."""
    return lambda user: User.objects.get(pk=user.pk)


@pytest.fixture
def roles_of() -> Callable[[User], set[str]]:
    return lambda user: set(Group.objects.filter(user=user).values_list("name", flat=True))
