"""What counts, over how long, and what may be said of how few. Plain Python."""

from datetime import timedelta
from enum import StrEnum

WINDOW = timedelta(days=90)
REFRESH = timedelta(days=1)  # a window moves on also where nothing happens
OVERLAP = timedelta(minutes=2)  # an answer may be committed a moment after a report that was begun later
FEWEST_FOR_RANGE = 10
FEWEST_FOR_VALUE = 30
FEWEST_RARER = 10  # answers that are not the commonest one, for kappa and alpha
FAIR = ("always", "share")  # why a second answer was asked for, where that says nothing about the case


class Kind(StrEnum):
    AGREEMENT = "agreement"
