"""How much of people's work proof of review may take: seeded cases, QA samples and views before sight of the model. Plain Python.

What a lead sets is what is wanted. What is drawn is lowered, all in proportion, so that together it takes no more than MOST of a reviewer's
cases. Blind first is counted and not lowered: a blind answer takes the place of the review, and only the second look where the two differ
costs more. Where every case is answered blind first, that is how the queue works and no proof of anything.
"""

from dataclasses import dataclass

MOST = 0.05  # of a reviewer's cases
BLIND_EXTRA = 0.3  # of a case, that a view of one's own before the model's part takes more
FEWEST_AUTOMATIC = 2  # a day; else nobody would look where nearly everything passes


@dataclass(frozen=True, slots=True)
class Shares:
    """Of what is to be drawn: for each case that arrives, human decision, and automatic decision; and of cases answered blind first."""

    seeded: float
    human: float
    automatic: float
    blind: float


@dataclass(frozen=True, slots=True)
class Volumes:
    """What came in a day: automatic decisions of the use case, and cases of the queue."""

    automatic: int = 0
    cases: int = 0


def taken(wanted: Shares, of: Volumes) -> float:
    """The share of a reviewer's cases that `wanted` would take."""
    return _added(wanted, of) + _blind(wanted)


def lowered(wanted: Shares, of: Volumes) -> Shares:
    """What may be drawn of what is wanted."""
    added, room = _added(wanted, of), max(MOST - _blind(wanted), 0.0)
    factor = min(1.0, room / added) if added else 1.0
    least = min(1.0, FEWEST_AUTOMATIC / of.automatic) if of.automatic else 1.0
    automatic = max(wanted.automatic * factor, min(wanted.automatic, least))
    return Shares(wanted.seeded * factor, wanted.human * factor, automatic, wanted.blind)


def _added(wanted: Shares, of: Volumes) -> float:
    return wanted.seeded + wanted.human + wanted.automatic * of.automatic / max(of.cases, 1)


def _blind(wanted: Shares) -> float:
    return 0.0 if wanted.blind >= 1 else BLIND_EXTRA * wanted.blind
