"""An artifact store of one's own, and the people who may manage it."""

from pathlib import Path

import pytest

from reviewapp.access.models import User
from reviewapp.access.rules import MANAGE, Role
from tests import factories
from tests.factories import Office


@pytest.fixture(autouse=True)
def _own_artifact_store(settings, tmp_path: Path) -> None:
    settings.ARTIFACT_DIR = tmp_path / "artifacts"


@pytest.fixture
def ada(office: Office) -> User:
    """An administrator who may manage the office's use case."""
    user = factories.make_user("ada", Role.ADMIN)
    factories.grant(user, MANAGE, office.use_case)
    return user


@pytest.fixture
def mel(office: Office) -> User:
    """Of the ML team: may read, not manage."""
    return factories.make_ml("mel", office)
