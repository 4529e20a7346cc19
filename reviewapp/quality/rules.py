"""What counts, over how long, and what may be said of how few; when and as what a case is seeded. Plain Python."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

WINDOW = timedelta(days=90)
REFRESH = timedelta(days=1)  # a window moves on also where nothing happens
OVERLAP = timedelta(minutes=2)  # an answer may be committed a moment after a report that was begun later
FEWEST_FOR_RANGE = 10
FEWEST_FOR_VALUE = 30
FEWEST_IN_ARM = 60
FEWEST_RARER = 10  # answers that are not the commonest one, for kappa and alpha
FAIR = ("always", "share")  # why a second answer was asked for, where that says nothing about the case


class Kind(StrEnum):
    AGREEMENT = "agreement"
    RELIANCE = "reliance"
    SAMPLES = "samples"


WRONG_SHARE = 0.6  # of seeded cases; were it all, "seeded" would mean "wrong"
LONGEST_DELAY = timedelta(hours=1)  # between an arrival and the case that is seeded for it
LOOK_BACK = timedelta(hours=3)  # a drawn arrival for which nothing was found to seed until then, gets none
EVERY = timedelta(seconds=10)  # as often it is looked which copies are due; the schedule has the same
REST = timedelta(days=30)  # before the same source is used again
FEWEST_DRAWN = 4
MOST_ANSWERS = 500  # known ones, given at once
TRIES = 20


def day_of(moment: datetime) -> datetime:
    """Midnight UTC before it."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def opened_at(due: datetime, *, at: datetime, chance: float) -> datetime:
    """The moment that a copy carries which was due at `due` and is opened at `at`: its own; if that is long ago, one of the last few seconds.

    Were it `at`, all copies would be opened at one second of the minute, and those of one look at the same microsecond.

    :param chance: uniform on [0, 1).
    """
    return due if at - due < EVERY else at - chance * EVERY


def id_like(model: str, others: Sequence[str], *, digit: Callable[[], int]) -> str | None:
    """An id that looks like `model`: the same but for digits, drawn where those of `others` differ, and at four places at least.

    None if `model` has no digits to draw.
    """
    places = [place for place, letter in enumerate(model) if letter.isascii() and letter.isdigit()]
    shape = _shape(model)
    alike = [other for other in others if _shape(other) == shape]
    kept = next((n for n, place in enumerate(places) if any(other[place] != model[place] for other in alike)), 0)
    drawn = places[min(kept, max(0, len(places) - FEWEST_DRAWN)) :]
    letters = list(model)
    for place in drawn:
        letters[place] = str(digit())
    return "".join(letters) if drawn else None


def _shape(text: str) -> str:
    return re.sub(r"[0-9]", "0", text)


# QA samples


class Sampled(StrEnum):
    """Whose decision a sample is of."""

    AUTOMATIC = "automatic"
    HUMAN = "human"


class Ruling(StrEnum):
    """What a lead says of a decision from which the answer to its sample differs."""

    STANDS = "stands"
    WRONG = "wrong"


# As `policies.rules.engine` has them, which may not be imported here.
SAMPLE, PASSES, BY_SAMPLE = "Quality sample", "Passes", "qa_auto"


def trace_if_drawn(trace: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The trace of a prediction that passed, as it would read if it had been drawn for the sample of its policy."""
    steps = [dict(step) for step in trace if step["rule"] != PASSES]
    for step in steps:
        if step["rule"] == SAMPLE:
            step |= {"matched": True, "detail": str(step["detail"]).removeprefix("not ")}
    return steps
