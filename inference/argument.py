"""An explanation as a point in contribution space, so that cases can be found that a model argued alike.

Standard library only: web processes import it.

One value per reason group of the schema: what the group pushed, in the units of the margin. Two outcomes: towards the second one, since the first
mirrors it. More: towards each of them, less the mean over all, since only differences between outcomes mean anything.

A database without numerics finds near points by a code of bits: each value in unary ("1110 0000"), so that the bits in which two codes
differ count the steps between them. That is the sum of absolute differences, coarse far out and fine near zero; whoever asks takes a few
hundred by it and puts those in order by the exact distance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inference.contrast import PROBABILITY, predicted_outcome
from inference.schema import FeatureSchema

MOST_STEPS = 32
MOST_BITS = 4096  # a code stays in its row, however many inputs a model has
ALIKE = 0.50
NEARNESS = (
    (0.10, "almost the same reasons"),
    (0.25, "much the same reasons"),
    (ALIKE, "partly the same reasons"),
    (1.00, "few reasons in common"),
)


@dataclass(frozen=True, slots=True)
class Argument:
    """`values[i]` is the push of `names[i]`. Only arguments of the same names, space and model may be compared."""

    names: tuple[str, ...]
    values: tuple[float, ...]
    space: str

    @property
    def size(self) -> float:
        return math.hypot(*self.values)

    @property
    def code(self) -> str:
        """A string of 0 and 1, as long as that of every argument of the same names."""
        steps = max(2, min(MOST_STEPS, MOST_BITS // len(self.values)))
        stretch = 4.0 if self.space == PROBABILITY else 1.0
        return "".join(_unary(stretch * value, steps) for value in self.values)


def _unary(value: float, steps: int) -> str:
    full = round(steps * (math.tanh(value) + 1) / 2)
    return "1" * full + "0" * (steps - full)


def argument_of(schema: FeatureSchema, explanation: Mapping[str, Any], outcomes: Sequence[str]) -> Argument | None:
    """None where the explanation does not speak of every one of `outcomes`, or of no input of the schema."""
    told = {name: part["contributions"] for name, part in (explanation.get("alternatives") or {}).items()}
    told[predicted_outcome(explanation)] = explanation["contributions"]
    if set(told) != set(outcomes) or len(outcomes) < 2:
        return None
    groups = _groups(schema)
    columns = [_centred([sum(told[o].get(n, 0.0) for n in members) for o in outcomes]) for members in groups.values()]
    kept = range(1, 2) if len(outcomes) == 2 else range(len(outcomes))
    names = tuple(f"{group}/{outcomes[place]}" for group in groups for place in kept)
    values = tuple(float(column[place]) for column in columns for place in kept)
    return Argument(names, values, str(explanation["output_space"])) if any(values) else None


def _groups(schema: FeatureSchema) -> dict[str, list[str]]:
    """The model's inputs by reason group, in the schema's order; one without a group stands for itself."""
    found: dict[str, list[str]] = {}
    for name in schema.model_inputs:
        found.setdefault(schema.by_name[name].reason_group or f"{name}.", []).append(name)
    return found


def _centred(pushes: Sequence[float]) -> list[float]:
    mean = sum(pushes) / len(pushes)
    return [push - mean for push in pushes]


def difference(distance: float, size: float, other: float) -> float:
    """0 for the same argument, 1 for the opposite one, of the sizes given."""
    return min(distance / (size + other), 1.0) if size + other else 0.0


def nearness(share: float) -> str:
    """A `difference` in words."""
    return next(words for most, words in NEARNESS if share <= most)


def is_alike(share: float) -> bool:
    """Whether enough of the reasons are the same for the cases to be called alike."""
    return share <= ALIKE
