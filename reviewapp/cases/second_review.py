"""When an answer needs a second, independent one. Plain Python: a queue's review policy and what it says of one answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from reviewapp.lib.errors import Problem


class Because(StrEnum):
    """Why a second answer is asked for, in the order in which a policy is read."""

    ALWAYS = "always"
    OVERRIDE = "override"
    DIRECTION = "direction"
    OUTCOME = "outcome"
    CONFIDENCE = "confidence"
    AMOUNT = "amount"
    SHARE = "share"


DIRECTIONS = ("high-side", "low-side", "up-triage", "down-triage")
MOST_AMOUNTS = 5


@dataclass(frozen=True, slots=True)
class Amount:
    """Fits cases whose number `feature` is at least `least`."""

    feature: str
    least: float


@dataclass(frozen=True, slots=True)
class ReviewPolicy:
    """A queue's policy. Every rule stands alone; one that fits is enough. `share` is drawn from what no other rule asks for."""

    always: bool = False
    override: bool = False
    directions: frozenset[str] = frozenset()  # of overrides, as in `catalog.rules.override_direction`
    outcomes: frozenset[str] = frozenset()  # answered
    confidence_below: float = 0.0
    amounts: Sequence[Amount] = field(default_factory=tuple)
    share: float = 0.0

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "ReviewPolicy":
        """:param body: as a queue keeps it, without `faults`. What it does not name asks for nothing."""
        return cls(
            always=body.get("always", False),
            override=body.get("override", False),
            directions=frozenset(body.get("directions", ())),
            outcomes=frozenset(body.get("outcomes", ())),
            confidence_below=body.get("confidence_below", 0.0),
            amounts=tuple(Amount(row["feature"], row["least"]) for row in body.get("amounts", ())),
            share=body.get("share", 0.0),
        )


def faults(body: object, *, outcomes: Sequence[str], numbers: Sequence[str]) -> list[Problem]:
    """What is wrong with `body`, whatever it is, as the policy of a use case with these outcomes and these inputs that are numbers."""
    if not isinstance(body, dict):
        return [Problem("", "wrong_type", "Send an object.")]
    known = {"always", "override", "directions", "outcomes", "confidence_below", "amounts", "share"}
    if body.keys() - known:
        return [Problem("", "unknown_field", f"Known fields: {', '.join(sorted(known))}.")]
    found = [
        Problem(f"/{name}", "wrong_type", "Send true or false.")
        for name in ("always", "override")
        if type(body.get(name, False)) is not bool
    ]
    for name, among in (("directions", DIRECTIONS), ("outcomes", outcomes)):
        given = body.get(name, [])
        if not isinstance(given, list) or any(value not in among for value in given):
            found.append(Problem(f"/{name}", "unknown_value", f"Send a list of {', '.join(among)}."))
    found += [
        Problem(f"/{name}", "out_of_range", "Send a number from 0 to 1.")
        for name in ("confidence_below", "share")
        if not _is_number(body.get(name, 0)) or not 0 <= body.get(name, 0) <= 1
    ]
    return found + _amount_faults(body.get("amounts", []), numbers)


def _amount_faults(amounts: object, numbers: Sequence[str]) -> list[Problem]:
    if not isinstance(amounts, list) or len(amounts) > MOST_AMOUNTS:
        return [Problem("/amounts", "wrong_type", f"Send a list of at most {MOST_AMOUNTS}.")]
    detail = "Send an object with feature, an input that is a number, and least, a number."
    return [
        Problem(f"/amounts/{at}", "wrong_type", detail)
        for at, row in enumerate(amounts)
        if not isinstance(row, dict)
        or row.keys() != {"feature", "least"}
        or row["feature"] not in numbers
        or not _is_number(row["least"])
    ]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def needed(
    policy: ReviewPolicy,
    *,
    outcome: str,
    direction: str,
    confidence: float,
    features: Mapping[str, Any],
    draw: float,
) -> Because | None:
    """Why the first answer `outcome` needs a second; None if it decides.

    :param direction: how it moves the model's outcome, empty where it agrees. :param draw: of this case, uniform on [0, 1).
    """
    rules = {
        Because.ALWAYS: policy.always,
        Because.OVERRIDE: policy.override and bool(direction),
        Because.DIRECTION: direction in policy.directions,
        Because.OUTCOME: outcome in policy.outcomes,
        Because.CONFIDENCE: confidence < policy.confidence_below,
        Because.AMOUNT: any(_reaches(features.get(amount.feature), amount.least) for amount in policy.amounts),
        Because.SHARE: draw < policy.share,
    }
    return next((because for because, fits in rules.items() if fits), None)


def _reaches(value: Any, least: float) -> bool:
    """What is not recorded reaches nothing."""
    return _is_number(value) and value >= least
