"""How sure, in words that count real cases. Standard library only: web processes import it.

A calibration table is plain data, one position per calibration case:

    {"outcomes": ["approve", "deny"], "actual": [0, 1, ...], "probability": {"approve": [0.93, ...], "deny": [...]}}

`actual` holds positions in `outcomes`; `probability` the calibrated probability each case was given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

FEWEST_CASES = 50
NEAREST = 100
NEAREST_SHARE = 0.05
REACH = 0.15  # a case scored further off than this is not one "scored like this"
Z_95 = 1.959963984540054
WORDS = ((0.60, "Close call"), (0.75, "Leaning"), (0.90, "Fairly sure"))
UNSURE_BETWEEN_NEIGHBOURS = "Unsure between neighbours"
TOO_FEW = "Too few past cases like this to say how sure."


@dataclass(frozen=True, slots=True)
class CasesLike:
    """Past cases the model scored like this one, and how they came out."""

    n: int
    hits: int
    others: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ConfidenceWords:
    """`of_100`, `low` and `high` are whole numbers of 100 cases, None when there are too few cases to say."""

    word: str
    sentence: str
    n: int
    of_100: int | None = None
    low: int | None = None
    high: int | None = None

    @property
    def is_known(self) -> bool:
        return self.of_100 is not None


def wilson(hits: float, n: float, z: float = Z_95) -> tuple[float, float]:
    """Wilson's score interval of a share (Wilson 1927), as (low, high) in 0..1; (0, 1) when nothing was seen.

    Weighted cases count as what they are worth together, which is no whole number.
    """
    if n == 0:
        return 0.0, 1.0
    share = hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    spread = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - spread), min(1.0, middle + spread)


def cases_like(table: Mapping[str, Any], outcome: str, probability: float) -> CasesLike:
    """The nearest max(100, 5 %) calibration cases by the probability given to `outcome`, none further than 0.15 off.

    Cases as near as the last one taken are taken too, so that the answer does not depend on their order.
    """
    scores = table["probability"].get(outcome, ())
    distances = [abs(score - probability) for score in scores]
    wanted = max(NEAREST, round(NEAREST_SHARE * len(distances)))
    reach = min(REACH, sorted(distances)[min(wanted, len(distances)) - 1]) if distances else 0.0
    counts = _count(table, [i for i, distance in enumerate(distances) if distance <= reach])
    hits = counts.pop(outcome, 0)
    others = sorted(counts.items(), key=lambda item: -item[1])
    return CasesLike(hits + sum(counts.values()), hits, tuple(others))


def _count(table: Mapping[str, Any], rows: Sequence[int]) -> dict[str, int]:
    outcomes, actual = table["outcomes"], table["actual"]
    counts: dict[str, int] = {}
    for row in rows:
        counts[outcomes[actual[row]]] = counts.get(outcomes[actual[row]], 0) + 1
    return counts


def confidence_words(
    like: CasesLike | None,
    outcome: Mapping[str, Any],
    *,
    noun: str = "cases",
    neighbours: bool = False,
) -> ConfidenceWords:
    """The sentence for the reviewer.

    :param outcome: its JSON form; `past` ("denied"), where given, completes "73 were …".
    :param noun: what is decided, in the plural.
    :param neighbours: the outcomes are ordered, so a close call is one between adjacent levels.
    """
    if like is None or like.n < FEWEST_CASES:
        return ConfidenceWords("", TOO_FEW, like.n if like else 0)
    low, high = wilson(like.hits, like.n)
    of_100, low_100, high_100 = round(100 * like.hits / like.n), round(100 * low), round(100 * high)
    happened = f"were {outcome['past']}" if outcome.get("past") else f"came out as {outcome['label']}"
    sentence = f"Of 100 {noun} it scored like this, {of_100} {happened} ({low_100} to {high_100})."
    return ConfidenceWords(_word(low, neighbours), sentence, like.n, of_100, low_100, high_100)


def _word(low: float, neighbours: bool) -> str:
    if neighbours and low < WORDS[0][0]:
        return UNSURE_BETWEEN_NEIGHBOURS
    return next((word for below, word in WORDS if low < below), "Sure")
