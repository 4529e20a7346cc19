"""Why a model said what it said: contributions that add up to its own margin.

`explainer_for(predictor)` picks the exact method where there is one: the trees' own paths, the closed form of a linear
model, or the same against a named background; permutation for any other model. Keep one explainer per model version:
building it costs up to a third of a second, and `warm_up()` takes the first call's compilation.

Each explanation is checked against the model's margin, not against the library's own check, which is known to pass where
the values are wrong. What does not add up is marked (`additive` false), never hidden and never an exception.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from inference.artifact import BACKGROUNDS
from inference.calibration import TINY, log_odds
from inference.contrast import LOG_ODDS, PROBABILITY
from inference.encoding import FloatArray
from inference.errors import ExplanationFailed
from inference.permutation import PermutationAttribution
from inference.predictor import (
    LocalPredictor,
    Prediction,
    Predictor,
    Record,
    Scores,
    load_predictor,
    predictions,
    probabilities,
)
from inference.runtimes import Attribution

ALL_CASES = "all"
TRAINING_CASES = "all training cases"
METHODS = ("tree-path", "tree-interventional", "linear", "permutation")
PERMUTATION_ROWS = 25


@dataclass(frozen=True, slots=True)
class Baseline:
    """What an explanation compares with: named, counted, and fixed by digest."""

    name: str
    digest: str
    n: int | None


class Explainer(Protocol):
    method: str
    baseline: Baseline

    def explain(self, records: Sequence[Record], outcomes: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """One explanation (JSON form) per record.

        :param outcomes: the outcome to explain of each record; by default the one predicted.
        """
        ...

    def warm_up(self) -> None: ...


def explainer_for(
    predictor: LocalPredictor, *, method: str | None = None, background: str = ALL_CASES
) -> LocalExplainer:
    """:param method: one of `METHODS`; by default the first exact one.
    :param background: key of the cases to compare with, where the method compares with any.
    :raises ExplanationFailed: the method is not offered for this model, or the background is not stored with it.
    """
    if method is not None and method not in METHODS:
        raise ExplanationFailed(f"There is no method “{method}”; there are {', '.join(METHODS)}.")
    attribution, baseline = _choose(predictor, method, background)
    if method is not None and attribution.method != method:
        raise ExplanationFailed(f"This model cannot be explained by “{method}”.")
    return LocalExplainer(predictor, attribution, baseline)


def additivity_gaps(
    folder: Path, records: Sequence[Record], *, method: str | None = None, background: str = ALL_CASES
) -> FloatArray:
    """For each record, how far base and contributions miss the model's own margin."""
    explainer = explainer_for(load_predictor(folder), method=method, background=background)
    return np.asarray([item["additivity_gap"] for item in explainer.explain(records)])


class LocalExplainer:
    """Explanations of a local model, many rows in one pass."""

    def __init__(self, predictor: LocalPredictor, attribution: Attribution, baseline: Baseline) -> None:
        self.predictor = predictor
        self.attribution = attribution
        self.baseline = baseline
        self.method = attribution.method

    def explain(self, records: Sequence[Record], outcomes: Sequence[str] | None = None) -> list[dict[str, Any]]:
        return self._of_scores(self.predictor.score(records), outcomes) if records else []

    def predict_and_explain(self, records: Sequence[Record]) -> tuple[list[Prediction], list[dict[str, Any]]]:
        """Both from one scoring, for callers that need both."""
        if not records:
            return [], []
        scores = self.predictor.score(records)
        return predictions(self.predictor.outcomes, scores.calibrated), self._of_scores(scores, None)

    def _of_scores(self, scores: Scores, outcomes: Sequence[str] | None) -> list[dict[str, Any]]:
        values, base = self.attribution.attribute(scores.matrix)
        if not self.attribution.by_feature:
            values = self.predictor.encoding.per_feature(values)
        return _documents(
            _Parts(values, base, scores.margins, self.predictor.backend.output_space),
            names=self.predictor.encoding.features,
            outcomes=self.predictor.outcomes,
            chosen=_positions(self.predictor.outcomes, outcomes, scores.chosen),
            method=self.method,
            baseline=self.baseline,
            tolerance=self.attribution.tolerance,
        )

    def warm_up(self) -> None:
        """One row through everything that compiles or loads on first use."""
        background = stored_backgrounds(self.predictor).get(ALL_CASES)
        row = background.rows[:1] if background else np.zeros((1, self.predictor.encoding.width))
        self.predictor.score_matrix(row)
        self.attribution.attribute(row)


class RecordExplainer:
    """Permutation over whole records, for a predictor of which only the answers are known."""

    method = "permutation"

    def __init__(
        self,
        predictor: Predictor,
        background: Sequence[Record],
        *,
        name: str,
        rounds: int = 4,
        seed: int = 0,
    ) -> None:
        """:param background: records to compare with; 25 suffice. :param rounds: permutations, each there and back."""
        if not background:
            raise ExplanationFailed("Permutation needs records to compare with.")
        self.predictor = predictor
        self.names = predictor.schema.model_inputs
        rows = self._rows(background)
        owner = np.arange(len(self.names))
        self.attribution = PermutationAttribution(self._margins, rows, owner, rounds=rounds, seed=seed)
        self.baseline = Baseline(name, _digest(rows.tolist()), len(rows))

    def explain(self, records: Sequence[Record], outcomes: Sequence[str] | None = None) -> list[dict[str, Any]]:
        if not records:
            return []
        rows = self._rows(records)
        values, base = self.attribution.attribute(rows)
        margins = self._margins(rows)
        calibrated = probabilities(margins, LOG_ODDS)
        return _documents(
            _Parts(values, base, margins, LOG_ODDS),
            names=self.names,
            outcomes=self.predictor.outcomes,
            chosen=_positions(self.predictor.outcomes, outcomes, calibrated.argmax(axis=1)),
            method=self.method,
            baseline=self.baseline,
            tolerance=self.attribution.tolerance,
        )

    def warm_up(self) -> None:
        self.attribution.attribute(self.attribution.background[:1])

    def _rows(self, records: Sequence[Record]) -> NDArray[Any]:
        rows = np.empty((len(records), len(self.names)), dtype=object)
        for position, record in enumerate(records):
            rows[position] = [record.get(name) for name in self.names]
        return rows

    def _margins(self, rows: NDArray[Any]) -> FloatArray:
        answers = self.predictor.predict([dict(zip(self.names, row, strict=True)) for row in rows.tolist()])
        table = np.asarray([[answer.probabilities[name] for name in self.predictor.outcomes] for answer in answers])
        return log_odds(table[:, 1:]) if table.shape[1] == 2 else np.asarray(np.log(np.clip(table, TINY, 1)))


# --- backgrounds -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Background:
    """Encoded rows (n, columns) chosen once per model version."""

    name: str
    rows: FloatArray
    digest: str

    @property
    def baseline(self) -> Baseline:
        return Baseline(self.name, self.digest, len(self.rows))


def stored_backgrounds(predictor: LocalPredictor) -> dict[str, Background]:
    """Those the artifact came with, by key."""
    data = json.loads(predictor.artifact.contents[BACKGROUNDS])
    return {
        key: Background(item["name"], np.asarray(item["rows"], dtype=np.float64), _digest(item["rows"]))
        for key, item in data.items()
        if item["rows"]
    }


def _digest(rows: object) -> str:
    text = json.dumps(rows, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _choose(predictor: LocalPredictor, method: str | None, key: str) -> tuple[Attribution, Baseline]:
    """The attribution for a method and background, and what it compares with."""
    stored = stored_backgrounds(predictor)
    if key != ALL_CASES and key not in stored:
        raise ExplanationFailed(f"The model was stored without a background “{key}”.")
    if method in (None, "tree-path", "linear") and key == ALL_CASES:
        own = predictor.backend.attribution()
        if own is not None:
            return own, _training_baseline(predictor)
    if key not in stored:
        raise ExplanationFailed("The model was stored without cases to compare with.")
    background = stored[key]
    if method != "permutation":
        exact = predictor.backend.interventional(background.rows)
        if exact is not None:
            _check_base(predictor, exact, background)
            return exact, background.baseline
    return _permutation(predictor, background)


def _permutation(predictor: LocalPredictor, background: Background) -> tuple[Attribution, Baseline]:
    """A quarter of the background, evenly taken: each evaluation scores all of it."""
    picked = np.linspace(0, len(background.rows) - 1, min(PERMUTATION_ROWS, len(background.rows))).round().astype(int)
    rows = background.rows[picked]
    attribution = PermutationAttribution(predictor.backend.margins, rows, predictor.encoding.owner)
    return attribution, Baseline(background.name, _digest(rows.tolist()), len(rows))


def _training_baseline(predictor: LocalPredictor) -> Baseline:
    lineage = predictor.manifest.lineage
    return Baseline(TRAINING_CASES, str(lineage.get("data_digest", "")), lineage.get("rows", {}).get("train"))


def _check_base(predictor: LocalPredictor, attribution: Attribution, background: Background) -> None:
    """The base must be the mean margin of the whole background; a library that took a part of it would differ."""
    _, base = attribution.attribute(background.rows[:1])
    mean = predictor.backend.margins(background.rows).mean(axis=0)
    if not np.allclose(base, mean, atol=1e-4):
        raise ExplanationFailed("The explainer did not take the whole background.")


# --- the JSON form -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Parts:
    """Values (n, features, outputs), base (outputs,), the model's margins (n, outputs)."""

    values: FloatArray
    base: FloatArray
    margins: FloatArray
    space: str

    @property
    def gaps(self) -> FloatArray:
        return np.asarray(np.abs(self.base + self.values.sum(axis=1) - self.margins).max(axis=1))

    def per_outcome(self) -> _Parts:
        """One output per outcome: where there is a single one, the first outcome mirrors it."""
        if self.base.size > 1:
            return self
        whole = 1.0 if self.space == PROBABILITY else 0.0
        return _Parts(
            np.concatenate([-self.values, self.values], axis=2),
            np.concatenate([whole - self.base, self.base]),
            np.concatenate([whole - self.margins, self.margins], axis=1),
            self.space,
        )

    def base_probabilities(self) -> list[float]:
        return [float(share) for share in probabilities(self.base[None, :], self.space)[0]]


def _positions(known: Sequence[str], asked: Sequence[str] | None, chosen: NDArray[np.intp]) -> list[int]:
    if asked is None:
        return [int(position) for position in chosen]
    if len(asked) != len(chosen) or set(asked) - set(known):
        raise ExplanationFailed("The outcomes to explain are not one known outcome per record.")
    return [known.index(outcome) for outcome in asked]


def _documents(
    parts: _Parts,
    *,
    names: Sequence[str],
    outcomes: Sequence[str],
    chosen: Sequence[int],
    method: str,
    baseline: Baseline,
    tolerance: float,
) -> list[dict[str, Any]]:
    full = parts.per_outcome()
    rows = full.values.transpose(0, 2, 1).tolist()
    base = full.base.tolist()
    shares = parts.base_probabilities()
    documents = []
    for position, row, margins, gap in zip(chosen, rows, full.margins.tolist(), parts.gaps.tolist(), strict=True):
        each = {
            outcome: {"base_value": base[i], "contributions": dict(zip(names, row[i], strict=True))}
            for i, outcome in enumerate(outcomes)
        }
        own = each.pop(outcomes[position])
        documents.append(
            {
                "method": method,
                "output_space": parts.space,
                **own,
                "alternatives": each,
                "margins": dict(zip(outcomes, margins, strict=True)),
                "background": _background_json(baseline, shares[position]),
                "additivity_gap": gap,
                "additive": gap <= tolerance,
            }
        )
    return documents


def _background_json(baseline: Baseline, share: float) -> Mapping[str, Any]:
    return {"name": baseline.name, "digest": baseline.digest, "n": baseline.n, "base_probability": share}
