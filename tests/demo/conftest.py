"""The real data, installed once per run, and the models trained on it, each once per run."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

from inference.predictor import LocalPredictor, load_predictor
from inference.training import train
from reviewapp.demo import data, mortgage, triage
from reviewapp.demo.scenario import PastCase, Scenario
from reviewapp.demo.split import Arrival, arrivals, known
from reviewapp.demo.training import train_model
from tests.factories import now

SCENARIOS = {"mortgage": mortgage.SCENARIO, "triage": triage.SCENARIO}
QUICK = {"xgboost": {"rounds": 40}, "lightgbm": {"rounds": 40}}


@pytest.fixture(scope="session")
def demo_data() -> Path:
    return data.install(Path(settings.DATA_DIR) / data.FOLDER)


@pytest.fixture(scope="session", params=SCENARIOS)
def scenario(request: pytest.FixtureRequest) -> Scenario:
    return SCENARIOS[request.param]


@pytest.fixture(scope="session")
def cases(scenario: Scenario, demo_data: Path) -> list[PastCase]:
    return scenario.read(demo_data)


@pytest.fixture(scope="session")
def held_out(scenario: Scenario, cases: list[PastCase]) -> list[Arrival]:
    """Rows no model has seen, whose outcome is known."""
    return [arrival for arrival in arrivals(scenario, cases) if arrival.case.outcome]


@pytest.fixture(scope="session")
def artifact_of(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Scenario], Path]:
    """The model of a scenario as `seed_demo` trains it, once for all tests."""
    home = tmp_path_factory.mktemp("artifacts")

    def artifact(scenario: Scenario) -> Path:
        folder = home / scenario.model
        if not folder.exists():
            train_model(scenario, demo_data, folder, at=now())
        return folder

    return artifact


@pytest.fixture(scope="session")
def trained(
    scenario: Scenario,
    cases: list[PastCase],
    artifact_of: Callable[[Scenario], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], LocalPredictor]:
    """`trained(kind)` is a model of that kind, loaded from its artifact; the demo's own is the one that `seed_demo` trains."""
    home = tmp_path_factory.mktemp(scenario.slug)

    @cache
    def trained_as(kind: str) -> LocalPredictor:
        if kind == "sklearn-hgb":
            return load_predictor(artifact_of(scenario))
        table = known(cases)
        train(
            [case.record for case in table],
            [case.outcome for case in table],
            scenario.schema,
            scenario.outcomes,
            home / kind,
            kind=kind,
            is_ordinal=scenario.outcome_kind == "ordinal",
            parameters=QUICK.get(kind),
        )
        return load_predictor(home / kind)

    return trained_as
