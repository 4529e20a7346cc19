"""Do people follow the model where it is wrong, and overrule it where it is right? Standard library only.

Three views, each with its own weakness, shown side by side and by name: seeded cases (the only ones whose truth is
certain), blind-first pairs (which understate: people stand by an answer once given) and influence (the unbiased one,
which needs no truth). To agree with a wrong model is not yet over-reliance: two nurses share mistakes as well, and one
who never saw the model agrees with it in 10.5 % of its errors.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

from inference.errors import EvaluationFailed
from inference.evaluation.intervals import (
    FEWEST_TO_COMPARE,
    FEWEST_TO_SHOW,
    REPORT_LEVEL,
    Estimate,
    Reason,
    Status,
    Stratum,
    post_stratified,
    proportion,
    weighted_proportion,
    weighted_sum,
)


@dataclass(frozen=True, slots=True)
class Reliance:
    """`over`: how often a wrong model was followed; `under`: how often a right one was not. Each has its own n."""

    over: Estimate
    under: Estimate


@dataclass(frozen=True, slots=True)
class Pair:
    """A case answered before the model was seen, and again after; `truth` is what adjudication said."""

    first: Hashable
    model: Hashable
    final: Hashable
    truth: Hashable


@dataclass(frozen=True, slots=True)
class RiskClass:
    """The two arms among the `cases` of one class of risk: `seen` were read with the model in sight, `blind` without.

    `seen_agreed` and `blind_agreed` of these ended in the model's outcome.
    """

    cases: int
    seen_agreed: int
    seen: int
    blind_agreed: int
    blind: int


@dataclass(frozen=True, slots=True)
class Influence:
    """How often people end in the model's outcome with it in sight and without, and the difference seeing it makes."""

    seen_first: Estimate
    blind: Estimate
    difference: Estimate


def seeded_reliance(
    model_right: Sequence[bool],
    accepted: Sequence[bool],
    *,
    level: float = REPORT_LEVEL,
    fewest: int = FEWEST_TO_SHOW,
) -> Reliance:
    """From seeded cases, one position each: was the model right, and was its outcome accepted.

    :raises EvaluationFailed: not as many answers as cases.
    """
    if len(model_right) != len(accepted):
        raise EvaluationFailed(f"{len(accepted)} answers to {len(model_right)} seeded cases.")
    shown = list(zip(model_right, accepted, strict=True))
    return Reliance(
        over=_share([took for right, took in shown if not right], level, fewest),
        under=_share([not took for right, took in shown if right], level, fewest),
    )


def paired_reliance(
    pairs: Sequence[Pair],
    *,
    level: float = REPORT_LEVEL,
    fewest: int = FEWEST_TO_SHOW,
) -> Reliance:
    """From blind-first pairs: 1 - RSR and 1 - RAIR of Schemmer et al. (2023).

    Over: switched to the model, of those whose own answer was right and the model's wrong. Under: kept their own, of
    those whose own answer was wrong and the model's right. A third answer is neither, and counts below the line.
    """
    own_right = [pair for pair in pairs if pair.first == pair.truth != pair.model]
    model_right = [pair for pair in pairs if pair.model == pair.truth != pair.first]
    return Reliance(
        over=_share([pair.final == pair.model for pair in own_right], level, fewest),
        under=_share([pair.final == pair.first for pair in model_right], level, fewest),
    )


def influence(
    classes: Sequence[RiskClass],
    *,
    level: float = REPORT_LEVEL,
    fewest: int = FEWEST_TO_SHOW,
    fewest_in_arm: int = FEWEST_TO_COMPARE,
) -> Influence:
    """The random arms compared inside each class of risk and added up by cases: MOVER on Newcombe.

    Where the blind share depends on risk, pooled arms said 17 points where the truth was 6. One class is Newcombe alone.
    Too few where an arm of a class has fewer than `fewest` readings, or an arm of all fewer than `fewest_in_arm`.
    """
    seen = [Stratum(of.cases, of.seen_agreed, of.seen) for of in classes]
    blind = [Stratum(of.cases, of.blind_agreed, of.blind) for of in classes]
    arms = tuple(post_stratified(arm, level=level, fewest=fewest) for arm in (seen, blind))
    # the root of a sum of sums of squares: whether arms or classes are added up first comes to the same
    effect = weighted_sum(zip((1.0, -1.0), arms, strict=True))
    if effect.status is Status.OK and min(arm.n for arm in arms) < fewest_in_arm:
        effect = replace(effect, status=Status.TOO_FEW, reason=Reason.FEW)
    return Influence(seen_first=arms[0], blind=arms[1], difference=effect)


def override_precision(
    upheld: Sequence[bool],
    probabilities: Sequence[float],
    *,
    level: float = REPORT_LEVEL,
    fewest: int = FEWEST_TO_SHOW,
) -> Estimate:
    """How many overrides adjudication upholds, of all: each adjudicated one weighted by 1 / its probability of being drawn.

    :raises EvaluationFailed: a probability outside 0..1, or not one for each override.
    """
    return weighted_proportion(upheld, probabilities, level=level, fewest=fewest)


def _share(hits: Sequence[bool], level: float, fewest: int) -> Estimate:
    return proportion(sum(map(bool, hits)), len(hits), level=level, fewest=fewest)
