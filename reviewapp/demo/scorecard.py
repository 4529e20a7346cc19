"""A broker's own scorecard: a model that runs elsewhere and whose predictions, with reasons, come along with the application.

Points are log-odds of a refusal, added up; so the contributions are exact.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from reviewapp.demo.scenario import PastCase

MODEL, VERSION = "broker-scorecard", "7"
DESCRIPTION = (
    "A broker's own scorecard of six points. It runs at the broker's; its advice comes along with the application."
)

_BASE = -2.5
_CLEAN = "none_slow"


def score(record: Mapping[str, Any]) -> dict[str, Any]:
    """`model`, `prediction` and `explanation` of a mortgage application, as the API takes them."""
    points = {name: round(value, 6) for name, value in _points(record).items()}
    margin = _BASE + math.fsum(points.values())
    denied = 1 / (1 + math.exp(-margin))
    sign = 1 if margin > 0 else -1
    return {
        "model": MODEL,
        "model_version": VERSION,
        "prediction": {
            "outcome": "deny" if margin > 0 else "approve",
            "probabilities": {"approve": 1 - denied, "deny": denied},
        },
        "explanation": {
            "method": "scorecard",
            "output_space": "log_odds",
            "base_value": sign * _BASE,
            "contributions": {name: sign * value for name, value in points.items()},
        },
    }


def past_cases(cases: Sequence[PastCase]) -> dict[str, Any]:
    """How applications came out that it scored before: a calibration table, see `inference.confidence`."""
    outcomes = ["approve", "deny"]
    shares = [score(case.record)["prediction"]["probabilities"] for case in cases]
    return {
        "outcomes": outcomes,
        "actual": [outcomes.index(case.outcome) for case in cases],
        "probability": {outcome: [round(share[outcome], 6) for share in shares] for outcome in outcomes},
    }


def _points(record: Mapping[str, Any]) -> dict[str, float]:
    return {
        "obrat": 0.04 * (record["obrat"] - 33),
        "loanprc": 2.1 * (record["loanprc"] - 0.77),
        "gdlin": 3.3 if record["gdlin"] is False else -0.3,
        "unver": 2.7 if record["unver"] else -0.1,
        "pubrec": 0.7 if record["pubrec"] else -0.1,
        "cons": -0.1 if record["cons"] == _CLEAN else 0.1,
    }
