"""Two made-up tables shaped like the real ones: loans (two outcomes) and patients (four ordered levels)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from inference.explain import LocalExplainer, explainer_for
from inference.predictor import LocalPredictor, load_predictor
from inference.schema import FeatureSchema
from inference.training import train

KINDS = ("sklearn-hgb", "sklearn-logistic", "xgboost", "lightgbm")
LOAN_OUTCOMES = [
    {"value": "approve", "label": "Approve", "adverse": False, "past": "approved"},
    {"value": "deny", "label": "Deny", "adverse": True, "past": "denied"},
]
LEVELS = [{"value": str(n), "label": f"Level {n}"} for n in (1, 2, 3, 4)]
SMALL = {"sklearn-hgb": {"max_iter": 25}, "sklearn-logistic": {}, "xgboost": {"rounds": 30}, "lightgbm": {"rounds": 30}}
JOBS = ("employee", "self", "none")


@dataclass(frozen=True)
class Table:
    schema: FeatureSchema
    outcomes: list
    records: list
    actual: list
    is_ordinal: bool


def _gaps(random: np.random.Generator, values: np.ndarray, share: float) -> list:
    missing = random.random(len(values)) < share
    return [None if gap else value for gap, value in zip(missing, values.tolist(), strict=True)]


def loans(rows: int = 1500, seed: int = 1) -> Table:
    schema = FeatureSchema.from_json(
        {
            "features": [
                {"name": "amount", "kind": "number", "unit": "$", "scale": 1000, "min": 0},
                {
                    "name": "ratio",
                    "kind": "number",
                    "unit": "%",
                    "direction": 1,
                    "missing_allowed": True,
                    "missing_codes": [-9],
                },
                {"name": "worth", "kind": "number", "direction": -1, "missing_allowed": True},
                {"name": "late", "kind": "integer", "min": 0, "max": 20, "direction": 1},
                {"name": "sought", "kind": "boolean", "missing_allowed": True},
                {
                    "name": "job",
                    "kind": "category",
                    "missing_allowed": True,
                    "categories": [{"value": job} for job in JOBS],
                },
                {"name": "grade", "kind": "ordinal", "categories": [{"value": n} for n in range(1, 5)]},
                {"name": "male", "kind": "boolean", "protected": True, "missing_allowed": True},
            ]
        }
    )
    random = np.random.default_rng(seed)
    amount, ratio, worth = random.gamma(4, 30, rows), random.normal(33, 8, rows), random.normal(0, 1, rows)
    late, job, grade = random.poisson(0.4, rows), random.integers(0, 3, rows), random.integers(1, 5, rows)
    sought = random.random(rows) < 0.3
    log_odds = 0.12 * (ratio - 36) - 0.8 * worth + 0.7 * late + 0.6 * (job == 2) * sought + 0.3 * (grade - 2)
    denied = random.random(rows) < 1 / (1 + np.exp(-log_odds))
    columns = {
        "amount": amount.tolist(),
        "ratio": [-9 if i % 17 == 0 else value for i, value in enumerate(_gaps(random, ratio, 0.1))],
        "worth": _gaps(random, worth, 0.2),
        "late": late.tolist(),
        "sought": _gaps(random, sought, 0.05),
        "job": _gaps(random, np.asarray(JOBS)[job], 0.05),
        "grade": grade.tolist(),
        "male": [True] * rows,
    }
    return Table(schema, LOAN_OUTCOMES, _rows(columns), ["deny" if no else "approve" for no in denied], False)


def patients(rows: int = 1500, seed: int = 2) -> Table:
    listed = [{"name": f"sign{i}", "kind": "number", "missing_allowed": True} for i in range(6)]
    ward = {"name": "ward", "kind": "category", "categories": [{"value": ward} for ward in "abcd"]}
    random = np.random.default_rng(seed)
    signs = random.normal(size=(rows, 6))
    wards = random.integers(0, 4, rows)
    severity = signs[:, 0] - signs[:, 1] + 0.5 * signs[:, 2] * signs[:, 3] + 0.4 * wards + random.logistic(size=rows)
    level = 4 - np.digitize(severity, [-0.5, 1.0, 2.5])
    columns = {f"sign{i}": _gaps(random, signs[:, i], 0.15) for i in range(6)}
    columns["ward"] = ["abcd"[ward] for ward in wards]
    schema = FeatureSchema.from_json({"features": [*listed, ward]})
    return Table(schema, LEVELS, _rows(columns), [str(n) for n in level], True)


def _rows(columns: dict) -> list:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


TABLES = {"loans": loans(), "patients": patients()}


class Shelf:
    """Trains each model once for the whole session."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.predictors: dict[tuple[str, str], LocalPredictor] = {}
        self.explainers: dict[tuple[str, str], LocalExplainer] = {}

    def folder(self, table: str, kind: str) -> Path:
        folder = self.root / f"{table}-{kind}"
        if not folder.exists():
            of = TABLES[table]
            how = {"kind": kind, "is_ordinal": of.is_ordinal, "parameters": SMALL[kind]}
            train(of.records, of.actual, of.schema, of.outcomes, folder, **how)
        return folder

    def predictor(self, table: str, kind: str) -> LocalPredictor:
        if (table, kind) not in self.predictors:
            self.predictors[table, kind] = load_predictor(self.folder(table, kind))
        return self.predictors[table, kind]

    def explainer(self, table: str, kind: str, **how: str) -> LocalExplainer:
        if how:
            return explainer_for(self.predictor(table, kind), **how)
        if (table, kind) not in self.explainers:
            self.explainers[table, kind] = explainer_for(self.predictor(table, kind))
        return self.explainers[table, kind]


@pytest.fixture(scope="session")
def shelf(tmp_path_factory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("models"))


@pytest.fixture(params=sorted(TABLES))
def table(request) -> str:
    return request.param


@pytest.fixture(params=KINDS)
def kind(request) -> str:
    return request.param


@pytest.fixture(scope="session")
def tables() -> dict[str, Table]:
    return TABLES
