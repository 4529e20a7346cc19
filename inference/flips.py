"""What would change this: the smallest changes to a record that flip the model's outcome.

Only inputs that the schema calls mutable are tried, never protected ones, and only values between the 1st and 99th percentile of the training
cases, inside the schema's range, on a grid as coarse as people speak. An input that has no value keeps none. Where the schema declares in which
direction an input pushes, a change that flips the outcome against it is no answer.

The cost of a change is how far the input moves among the training cases (share of them passed by), plus 0.15 for each input changed. Single
changes are scored in one call, and of each input only those are kept that no cheaper one outdoes; pairs and triples grow from the best by beam.
Values are tried rather than the model's own split points read, so that every runtime is searched alike; whatever is found is then brought as near
to the record as it still flips. An answer is over the line by a clear margin, and none contains all inputs of a cheaper one.

It is about the model, never advice to anybody: inputs that follow from one another are changed one by one, and nobody says they can be changed so.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from inference.predictor import LocalPredictor, Prediction, Record, predictions
from inference.schema import LISTED, NUMERIC, Feature, FeatureSchema, Kind

MOST_CHANGED = 3
MOST_ANSWERS = 3
BEAM = 40
MOST_ROWS = 4_000  # scored in one call
MOST_PER_INPUT = 24
EACH = 0.15
CATEGORY = 0.5  # another category has no distance of its own
CLEAR = 0.01  # of probability, over the next most likely outcome
_OFFSETS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 19, 24, 30, 37, 46, 57, 71, 88, 110, 137, 171, 213)  # dense near the value
_CELLS = 200  # of the grid, between the percentiles
_RANKS = {"p01": 0.01, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p99": 0.99}
_TIE = 0.01

Profile = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Flip:
    """Changes by input, and what the model says of the record with them."""

    changes: dict[str, Any]
    prediction: Prediction
    cost: float


@dataclass(frozen=True, slots=True)
class Flips:
    """What the model says of the record as it is, and at most three answers, cheapest first. `tried` names the inputs looked at."""

    before: Prediction
    found: tuple[Flip, ...]
    tried: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _State:
    changes: dict[str, Any]
    cost: float
    gap: float = math.inf  # log-odds of the present outcome against the best other
    target: int | None = None  # the outcome it flips to

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.changes)


def flips_of(
    predictor: LocalPredictor,
    record: Record,
    *,
    schema: FeatureSchema | None = None,
    outcomes: Sequence[Mapping[str, Any]],
    is_ordinal: bool = False,
) -> Flips:
    """:param schema: the case's own, where it may be newer than the model's; what either of them protects is left alone.
    :param outcomes: their JSON form; most severe first where `is_ordinal`.
    """
    severities = _severities(predictor.outcomes, outcomes, is_ordinal)
    search = _Search(predictor, record, schema or predictor.schema, severities)
    states = search.run()
    found = search.predict([state.changes for state in states])
    answers = zip(states, found[1:], strict=True)
    return Flips(found[0], tuple(Flip(s.changes, said, round(s.cost, 4)) for s, said in answers), tuple(search.options))


def _severities(values: Sequence[str], outcomes: Sequence[Mapping[str, Any]], is_ordinal: bool) -> list[float]:
    order = {str(item["value"]): -place for place, item in enumerate(outcomes)}
    adverse = {str(item["value"]): float(bool(item.get("adverse"))) for item in outcomes}
    return [float(order[value]) if is_ordinal else adverse[value] for value in values]


@dataclass
class _Search:
    predictor: LocalPredictor
    record: Record
    schema: FeatureSchema
    severities: Sequence[float]
    own: int = 0
    options: dict[str, list[_State]] = field(default_factory=dict)  # by input, each a change of this input alone

    def run(self) -> list[_State]:
        self.own = int(self.predictor.score([self.record]).chosen[0])
        self.options = {f.name: found for f in self._mutable() if (found := list(self._singles(f)))}
        singles = self._score([state for states in self.options.values() for state in states])
        fronts = [_front([state for state in singles if state.names == {name}]) for name in self.options]
        flipped = [state for state in singles if state.target is not None]
        beam, steps = _beam(state for front in fronts for state in front), _thinned(fronts)
        for _ in range(MOST_CHANGED - 1):
            grown = self._score(_grown(beam, steps, _answers(flipped)))
            flipped += [state for state in grown if state.target is not None]
            beam = _beam(grown)
        nearer = [self._nearer(state) for state in _answers(flipped)]
        return sorted(nearer, key=lambda state: state.cost)

    def predict(self, changes: Sequence[Mapping[str, Any]]) -> list[Prediction]:
        """Of the record as it is, then with each of `changes`."""
        records = [self.record, *({**self.record, **one} for one in changes)]
        return predictions(self.predictor.outcomes, self.predictor.score(records).calibrated)

    def _mutable(self) -> Iterable[Feature]:
        known = set(self.predictor.schema.model_inputs)
        names = (name for name in self.schema.model_inputs if name in known)
        features = (self.schema.by_name[name] for name in names)
        return (f for f in features if f.mutable and not f.is_missing(self.record.get(f.name)))

    def _singles(self, feature: Feature) -> Iterable[_State]:
        value, seen = self.record[feature.name], self.predictor.manifest.profile.get(feature.name, {})
        for other in _values(feature, value, seen):
            if self._may_help(feature, other):
                yield _State({feature.name: other}, _move(feature, value, other, seen) + EACH)

    def _may_help(self, feature: Feature, other: Any) -> bool:
        targets = (place for place in range(len(self.severities)) if place != self.own)
        return any(self._agrees({feature.name: other}, target) for target in targets)

    def _agrees(self, changes: Mapping[str, Any], target: int) -> bool:
        """Whether no change pushes, by the direction that the schema declares, away from the outcome it is to lead to."""
        wanted = self.severities[target] - self.severities[self.own]
        return all(self._sign(name, value) * wanted >= 0 for name, value in changes.items())

    def _sign(self, name: str, value: Any) -> float:
        feature = self.schema.by_name[name]
        was, would = feature.code_of(self.record[name]), feature.code_of(value)
        return (feature.direction or 0) * ((would or 0.0) - (was or 0.0))

    def _score(self, states: Sequence[_State]) -> list[_State]:
        found: list[_State] = []
        for start in range(0, len(states), MOST_ROWS):
            part = states[start : start + MOST_ROWS]
            scores = self.predictor.score([{**self.record, **state.changes} for state in part])
            others = np.delete(np.arange(scores.raw.shape[1]), self.own)
            best = np.log(np.clip(scores.raw[:, others].max(axis=1), 1e-12, None))
            gaps = np.log(np.clip(scores.raw[:, self.own], 1e-12, None)) - best
            targets = others[scores.calibrated[:, others].argmax(axis=1)]
            rest = scores.calibrated.copy()
            rest[np.arange(len(part)), targets] = -1
            clear = scores.calibrated[np.arange(len(part)), targets] - rest.max(axis=1) >= CLEAR
            for state, gap, target, flips in zip(part, gaps.tolist(), targets.tolist(), clear.tolist(), strict=True):
                to = target if flips and self._agrees(state.changes, target) else None
                found.append(_State(state.changes, state.cost, gap, to))
        return found

    def _nearer(self, state: _State) -> _State:
        """The same inputs to the same outcome, each number as near to the record's as still flips."""
        for name in state.changes:
            feature = self.schema.by_name[name]
            if feature.kind in NUMERIC:
                state = min([state, *self._between(state, feature)], key=lambda one: one.cost)
        return state

    def _between(self, state: _State, feature: Feature) -> list[_State]:
        was: Any = self.record[feature.name]
        would = state.changes[feature.name]
        seen = self.predictor.manifest.profile.get(feature.name, {})
        far = _move(feature, was, would, seen)
        values = [v for v in _grid(feature, was, seen, range(1, _CELLS + 1)) if min(was, would) < v < max(was, would)]
        tried = [
            _State(state.changes | {feature.name: v}, state.cost - far + _move(feature, was, v, seen)) for v in values
        ]
        return [one for one in self._score(tried) if one.target == state.target]


# --- values and what they cost -----------------------------------------------------------------------------------


def _values(feature: Feature, value: Any, seen: Profile) -> list[Any]:
    if feature.kind is Kind.BOOLEAN:
        return [not value]
    if feature.kind in LISTED:
        return [category.value for category in feature.categories if category.value != value]
    return _grid(feature, value, seen, _OFFSETS)


def _grid(feature: Feature, value: float, seen: Profile, offsets: Iterable[int]) -> list[Any]:
    """Values on the grid, so many cells below and above the present one, inside the percentiles and the range; none where none are known."""
    low, high = seen.get("p01"), seen.get("p99")
    if low is None or high is None or low >= high:
        return []
    low = low if feature.min is None else max(low, feature.min)
    high = high if feature.max is None else min(high, feature.max)
    step = _step(feature, high - low)
    below, above = math.ceil(value / step), math.floor(value / step)
    places = {place for offset in offsets for place in (below - offset, above + offset)}
    values = (_on_grid(feature, place * step) for place in sorted(places))
    missing = {code.value for code in feature.missing_codes}
    return [one for one in dict.fromkeys(values) if low <= one <= high and one != value and one not in missing]


def _on_grid(feature: Feature, value: float) -> float | int:
    return round(value) if feature.kind is Kind.INTEGER else round(value, 9)


def _step(feature: Feature, width: float) -> float:
    """A cell of the grid in the units of the record: round in the units shown, and no finer than they are shown."""
    if feature.kind is Kind.INTEGER:
        unit = 1 / feature.scale if feature.scale < 1 else 1.0  # months that are shown as years change by the year
        return unit * max(1.0, _round_down(width / unit / _CELLS))
    decimals = 2 if feature.decimals is None else feature.decimals
    return max(10.0**-decimals, _round_down(width * feature.scale / _CELLS)) / feature.scale


def _round_down(width: float) -> float:
    """1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(width))
    return power * next(digit for digit in (5, 2, 1) if digit * power <= width * (1 + 1e-9))


def _move(feature: Feature, was: Any, would: Any, seen: Profile) -> float:
    """The share of training cases passed by; where values are heaped, a little for the way itself."""
    if feature.kind is Kind.ORDINAL:
        steps = abs((feature.code_of(would) or 0.0) - (feature.code_of(was) or 0.0))
        return steps / max(len(feature.categories) - 1, 1)
    if feature.kind not in NUMERIC:
        return CATEGORY
    known = [(seen[name], rank) for name, rank in _RANKS.items() if seen.get(name) is not None]
    places, ranks = zip(*known, strict=True)
    passed = abs(np.interp(would, places, ranks) - np.interp(was, places, ranks))
    return float(passed + _TIE * min(abs(would - was) / ((places[-1] - places[0]) or 1.0), 1.0))


# --- choosing ----------------------------------------------------------------------------------------------------


def _front(states: Iterable[_State]) -> list[_State]:
    """Those of one input that no cheaper one outdoes, thinned evenly where they are many."""
    kept: list[_State] = []
    for state in sorted(states, key=lambda state: (state.cost, state.gap)):
        if not kept or state.gap < kept[-1].gap - 1e-9:
            kept.append(state)
    return _evenly(kept, MOST_PER_INPUT)


def _evenly(states: Sequence[_State], most: int) -> list[_State]:
    if len(states) <= most:
        return list(states)
    return [states[place] for place in np.linspace(len(states) - 1, 0, most).round().astype(int)[::-1]]


def _beam(states: Iterable[_State]) -> list[_State]:
    return sorted((state for state in states if state.target is None), key=lambda state: state.gap + state.cost)[:BEAM]


def _thinned(fronts: Sequence[Sequence[_State]]) -> list[_State]:
    """As many single changes as a beam of states can each be joined with in one call."""
    each = max(1, MOST_ROWS // BEAM // max(len(fronts), 1))
    return [state for front in fronts for state in _evenly(front, each)]


def _grown(beam: Sequence[_State], steps: Sequence[_State], answers: Sequence[_State]) -> list[_State]:
    """Each state with one more input changed, once; not what contains an answer, and nothing dearer than the answers there are."""
    most = answers[-1].cost if len(answers) == MOST_ANSWERS else math.inf
    found: dict[frozenset[Any], _State] = {}
    for state in beam:
        for step in steps:
            names, cost = state.names | step.names, state.cost + step.cost
            if len(names) == len(state.names) or cost >= most or any(one.names <= names for one in answers):
                continue
            changes = state.changes | step.changes
            found.setdefault(frozenset(changes.items()), _State(changes, cost))
    return sorted(found.values(), key=lambda state: state.cost)[:MOST_ROWS]


def _answers(flipped: Iterable[_State]) -> list[_State]:
    """The cheapest, at most three, none with all inputs of a cheaper one."""
    chosen: list[_State] = []
    for state in sorted(flipped, key=lambda state: state.cost):
        if not any(one.names <= state.names for one in chosen):
            chosen.append(state)
        if len(chosen) == MOST_ANSWERS:
            break
    return chosen
