"""Those who may publish, and those who may only read."""

import pytest

from reviewapp.access.models import User
from reviewapp.access.rules import MANAGE, Role
from tests import factories
from tests.factories import Office


@pytest.fixture
def ada(office: Office) -> User:
    """An administrator who may manage the office's use case."""
    user = factories.make_user("ada", Role.ADMIN)
    factories.grant(user, MANAGE, office.use_case)
    return user
