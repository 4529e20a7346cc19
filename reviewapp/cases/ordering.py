"""In which order the cases of a queue are taken, and why one came first. Plain Python."""

from datetime import timedelta
from enum import StrEnum


class NextOrder(StrEnum):
    """Which case of a queue is next. A late case has the highest priority and the earliest time, so that it comes first in each of them."""

    PRIORITY = "priority"  # then what is due soonest
    DUE = "due"  # whatever the priority
    UNSURE = "unsure"  # priority, then what the model is least sure of
    OLDEST = "oldest"  # priority, then what came first


WITHHELD = "the order of the queue put it first"


ORDER_WORDS = {
    NextOrder.PRIORITY: "priority, then what is due soonest",
    NextOrder.DUE: "what is due soonest, whatever its priority",
    NextOrder.UNSURE: "priority, then what the model is least sure of",
    NextOrder.OLDEST: "priority, then what came first",
}


def because(*, order: str, priority: int, left: timedelta, is_withheld: bool = False) -> str:
    """What put a case first when it was taken: being late, its priority, or what counts among equals.

    :param left: from then until it was due.
    :param is_withheld: the model's part is, and with it the priority: neither it nor its being the lowest is told.
    """
    if left <= timedelta(0):
        return f"late by {_span(left)}"
    if order == NextOrder.DUE:
        return f"{_span(left)} to breach"
    if is_withheld:
        return WITHHELD
    return f"priority {priority}" if priority else _AMONG_EQUALS.get(order, f"{_span(left)} to breach")


_AMONG_EQUALS: dict[str, str] = {
    NextOrder.UNSURE: "the model is least sure of it",
    NextOrder.OLDEST: "it waited longest",
}


def _span(delta: timedelta) -> str:
    """ "12 minutes"; from two hours on "3 hours", from two days on "2 days"."""
    minutes = int(abs(delta).total_seconds() // 60)
    if minutes < 1:
        return "less than a minute"
    number, unit = minutes, "minute"
    if minutes >= 120:
        number, unit = minutes // 60, "hour"
    if minutes >= 2880:
        number, unit = minutes // 1440, "day"
    return f"{number} {unit}{'' if number == 1 else 's'}"
