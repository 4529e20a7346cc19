"""Training the demo's models and keeping them as artifacts. Imports scikit-learn: only `seed_demo` calls it, and only once."""

import shutil
from datetime import datetime
from pathlib import Path

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from inference.artifact import Manifest, read_manifest
from inference.errors import ArtifactError
from inference.training import train
from reviewapp.demo.scenario import Scenario
from reviewapp.demo.split import SEED, known

VERSION = "1"


def folder_name(scenario: Scenario) -> str:
    """The artifact's folder, by model and version."""
    return f"{scenario.model}-{VERSION}"


def have_artifact(scenario: Scenario, data: Path, artifacts: Path, *, at: datetime) -> Manifest:
    """The trained model's manifest; trains now where no artifact of this schema is kept."""
    folder = artifacts / folder_name(scenario)
    try:
        manifest = read_manifest(folder)
    except ArtifactError:
        pass
    else:
        if manifest.schema.digest == scenario.schema.digest:
            return manifest
    shutil.rmtree(folder, ignore_errors=True)
    return _train(scenario, data, folder, at=at)


def _train(scenario: Scenario, data: Path, folder: Path, *, at: datetime) -> Manifest:
    cases = known(scenario.read(data))
    # On two busy cores the threads of gradient boosting wait for each other: one is 3 seconds, two were 30.
    with threadpool_limits(limits=1):
        return train(
            [case.record for case in cases],
            [case.outcome for case in cases],
            scenario.schema,
            scenario.outcomes,
            folder,
            seed=SEED,
            is_ordinal=scenario.outcome_kind == "ordinal",
            parameters=scenario.model_parameters,
            at=at,
        )
