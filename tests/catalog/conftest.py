"""A small trained model, and the people who may manage it."""

import random
from pathlib import Path

import pytest

from inference.schema import FeatureSchema
from inference.training import train
from reviewapp.access.models import User
from reviewapp.access.rules import MANAGE, Role
from tests import factories
from tests.factories import LOAN_OUTCOMES, LOAN_SCHEMA, Office


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model of the office's use case."""
    random.seed(1)
    rows = [
        {
            "income": random.uniform(1_000, 9_000),
            "debt_ratio": random.uniform(5, 80),
            "loan_amount": random.uniform(20_000, 400_000),
            "late_payments": random.randrange(5),
            "insured": random.random() < 0.5,
        }
        for _ in range(600)
    ]
    actual = ["deny" if row["debt_ratio"] + random.gauss(0, 15) > 45 else "approve" for row in rows]
    folder = tmp_path_factory.mktemp("models") / "credit-risk"
    train(rows, actual, FeatureSchema.from_json(LOAN_SCHEMA), LOAN_OUTCOMES, folder, kind="sklearn-logistic")
    return folder


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
