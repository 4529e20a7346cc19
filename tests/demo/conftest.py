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
def trained(
    scenario: Scenario, cases: list[PastCase], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], LocalPredictor]:
    """`trained(kind)` is a model of that kind, loaded from its artifact."""
    home = tmp_path_factory.mktemp(scenario.slug)

    @cache
    def trained_as(kind: str) -> LocalPredictor:
        table = known(cases)
        own = scenario.model_parameters if kind == "sklearn-hgb" else {}
        train(
            [case.record for case in table],
            [case.outcome for case in table],
            scenario.schema,
            scenario.outcomes,
            home / kind,
            kind=kind,
            is_ordinal=scenario.outcome_kind == "ordinal",
            parameters={**own, **QUICK.get(kind, {})},
        )
        return load_predictor(home / kind)

    return trained_as
