"""A registered model."""

from pathlib import Path

import pytest
from django.core.management import call_command

from reviewapp.catalog.models import ModelVersion
from tests import factories
from tests.factories import Office

NAMED = {"model": "credit-risk", "model_version": "1"}


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model of the office's use case."""
    return factories.train_model(tmp_path_factory.mktemp("models") / "credit-risk")


@pytest.fixture
def registered(office: Office, artifact: Path, settings, tmp_path: Path) -> ModelVersion:
    """Version 1 of credit-risk, live."""
    settings.ARTIFACT_DIR = tmp_path / "artifacts"
    call_command("register_model", office.use_case.slug, *NAMED.values(), artifact, "--live")
    return ModelVersion.objects.get()
