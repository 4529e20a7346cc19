"""Fitting one model of each kind from an encoded matrix. Every fit is deterministic in its seed.

Outcomes are positions 0..k-1. `constraints` holds per column 1, -1 or 0: how the second of two outcomes may move with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from inference.calibration import IntArray
from inference.encoding import FloatArray
from inference.errors import RuntimeUnavailable, TrainingFailed
from inference.runtimes.threads import one_thread


@dataclass(frozen=True, slots=True)
class Task:
    matrix: FloatArray
    actual: IntArray
    outcomes: int
    constraints: Sequence[int]
    seed: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one kind is fitted; `takes_missing` says whether the model itself takes NaN."""

    library: str
    takes_missing: bool
    parameters: Mapping[str, Any]
    fit: Callable[[Task, dict[str, Any]], Any]


def fit_model(kind: str, task: Task, parameters: Mapping[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
    """The fitted model and every parameter it was fitted with.

    :raises TrainingFailed: there is no such kind. :raises RuntimeUnavailable: its library is not installed.
    """
    chosen = recipe(kind)
    everything = {**chosen.parameters, **(parameters or {})}
    try:
        return chosen.fit(task, everything), everything
    except ImportError as error:
        raise RuntimeUnavailable(f"{kind} needs {error.name}, which is not installed.") from error


def recipe(kind: str) -> Recipe:
    if kind not in RECIPES:
        raise TrainingFailed(f"There is no kind “{kind}”; there are {', '.join(RECIPES)}.")
    return RECIPES[kind]


def library_versions(kind: str) -> dict[str, str]:
    names = ("numpy", RECIPES[kind].library, *(("skops",) if RECIPES[kind].library == "scikit-learn" else ()))
    return {name: version(name) for name in names}


def _boosting(task: Task, parameters: dict[str, Any]) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier  # type: ignore[import-untyped]

    model = HistGradientBoostingClassifier(
        **parameters,
        early_stopping=False,
        categorical_features=None,  # SHAP is wrong on native categories, and its own check does not notice
        monotonic_cst=list(task.constraints) if any(task.constraints) else None,
        random_state=task.seed,
    )
    with one_thread():
        return model.fit(task.matrix, task.actual)


def _logistic(task: Task, parameters: dict[str, Any]) -> Any:
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
    from sklearn.pipeline import Pipeline  # type: ignore[import-untyped]
    from sklearn.preprocessing import StandardScaler  # type: ignore[import-untyped]

    last = LogisticRegression(**parameters, random_state=task.seed)
    with one_thread():
        return Pipeline([("scale", StandardScaler()), ("model", last)]).fit(task.matrix, task.actual)


def _xgboost(task: Task, parameters: dict[str, Any]) -> Any:
    import xgboost

    rounds = parameters["rounds"]
    options = {key: value for key, value in parameters.items() if key != "rounds"} | {"seed": task.seed, "nthread": 1}
    if task.outcomes == 2:
        options["objective"] = "binary:logistic"
        options["monotone_constraints"] = tuple(task.constraints)
    else:
        options |= {"objective": "multi:softprob", "num_class": task.outcomes}
    return xgboost.train(options, xgboost.DMatrix(task.matrix, task.actual), rounds)


def _lightgbm(task: Task, parameters: dict[str, Any]) -> Any:
    import lightgbm

    rounds = parameters["rounds"]
    options = {key: value for key, value in parameters.items() if key != "rounds"}
    options |= {"seed": task.seed, "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbose": -1}
    if task.outcomes == 2:
        options["objective"] = "binary"
        options["monotone_constraints"] = list(task.constraints)
    else:
        options |= {"objective": "multiclass", "num_class": task.outcomes}
    return lightgbm.train(options, lightgbm.Dataset(task.matrix, task.actual), rounds)


RECIPES: Mapping[str, Recipe] = {
    "sklearn-hgb": Recipe(
        "scikit-learn",
        True,
        {
            "max_iter": 100,
            "learning_rate": 0.08,
            "max_leaf_nodes": 15,
            "min_samples_leaf": 20,
            "l2_regularization": 1.0,
        },
        _boosting,
    ),
    "sklearn-logistic": Recipe("scikit-learn", False, {"C": 1.0, "max_iter": 1000}, _logistic),
    "xgboost": Recipe(
        "xgboost-cpu",
        True,
        {"rounds": 100, "eta": 0.08, "max_depth": 4, "min_child_weight": 5, "lambda": 1.0},
        _xgboost,
    ),
    "lightgbm": Recipe(
        "lightgbm",
        True,
        {"rounds": 100, "learning_rate": 0.08, "num_leaves": 15, "min_data_in_leaf": 20, "lambda_l2": 1.0},
        _lightgbm,
    ),
}
