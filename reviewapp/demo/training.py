"""Training the demo's models. Imports scikit-learn: only `seed_demo` calls it, and only the first time."""

from datetime import datetime
from pathlib import Path

from inference.artifact import Manifest
from inference.training import train
from reviewapp.demo.scenario import Scenario
from reviewapp.demo.split import SEED, known


def train_model(scenario: Scenario, data: Path, folder: Path, *, at: datetime) -> Manifest:
    """Fit the scenario's model on its real rows, a fifth held out, and write it as a new artifact.

    :param data: where the data sets are installed.
    :raises TrainingFailed: :raises DataUnavailable:
    """
    cases = known(scenario.read(data))
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
