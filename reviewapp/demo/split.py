"""Which real rows a model was not fitted on: those are sent as new cases, in the same order every time."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inference.table import Split, split_cases
from reviewapp.demo.scenario import PastCase, Scenario

SEED = 0  # of the split and of the models


@dataclass(frozen=True, slots=True)
class Arrival:
    """One row that is sent as a new case; its outcome stays behind."""

    external_id: str
    case: PastCase


def not_sent(scenario: Scenario, cases: Sequence[PastCase]) -> list[PastCase]:
    """Past cases whose outcome is known and that do not arrive as new ones."""
    labelled = known(cases)
    parts = _split(scenario, labelled)
    return [labelled[row] for row in sorted((*parts.train.tolist(), *parts.calibration.tolist()))]


def known(cases: Sequence[PastCase]) -> list[PastCase]:
    """Those whose outcome is known, in order: the table a model is trained on."""
    return [case for case in cases if case.outcome]


def arrivals(scenario: Scenario, cases: Sequence[PastCase]) -> list[Arrival]:
    """The held-out fifth in a shuffled order, then the rows whose outcome nobody knows. No training or calibration case is among them."""
    labelled = [place for place, case in enumerate(cases) if case.outcome]
    unlabelled = [place for place, case in enumerate(cases) if not case.outcome]
    held_out = [labelled[row] for row in _split(scenario, known(cases)).test.tolist()]
    order = _shuffled(held_out, scenario.slug) + _shuffled(unlabelled, scenario.slug)
    return [Arrival(scenario.external_id.format(place + 1), cases[place]) for place in order]


def _split(scenario: Scenario, labelled: Sequence[PastCase]) -> Split:
    """As `inference.training.train` splits the same table."""
    values = [outcome["value"] for outcome in scenario.outcomes]
    labels = np.asarray([values.index(case.outcome) for case in labelled], dtype=np.intp)
    return split_cases(labels, ids=None, seed=SEED)


def _shuffled(places: list[int], seed: str) -> list[int]:
    return random.Random(seed).sample(places, len(places))  # noqa: S311 -- a fixed order, not a secret
