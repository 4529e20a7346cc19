"""Why the order of a queue gave somebody a case. Plain Python."""

from datetime import timedelta

WITHHELD = "the order of the queue put it first"


def because(*, priority: int, left: timedelta, is_withheld: bool = False) -> str:
    """What put a case first when it was taken: being late, its priority, or its time.

    :param left: from then until it was due.
    :param is_withheld: the model's part is, and with it the priority: neither it nor its being the lowest is told.
    """
    if left <= timedelta(0):
        return f"late by {_span(left)}"
    if is_withheld:
        return WITHHELD
    return f"priority {priority}" if priority else f"{_span(left)} to breach"


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
