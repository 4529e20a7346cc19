"""A forecast in sentences: what is expected, how sure that is, who was counted, and why nothing is told where nothing is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone

from reviewapp.cases.wording import clock, span
from reviewapp.monitoring.models import Forecast, Shift
from reviewapp.monitoring.queries import Standing
from reviewapp.monitoring.rules import (
    DAYS_NEEDED,
    DAYS_WANTED,
    LATELY,
    MOST_CASES,
    SEEN,
    STALE,
    TIMES_NEEDED,
    TIMES_WANTED,
    WINDOW_HOURS,
    StaffSource,
)

METHOD = {
    "hours": WINDOW_HOURS,
    "days_wanted": DAYS_WANTED,
    "times_wanted": TIMES_WANTED,
    "seen_minutes": int(SEEN.total_seconds() // 60),
}
_NONE_YET = f"No forecast: nothing is open and nothing came in the last {LATELY.days} days. A first one takes a minute."


def line(standing: Standing, *, now: datetime) -> dict[str, Any]:
    """One queue: its sentence, who was counted, how old it is."""
    made, queue = standing.forecast, standing.queue
    shown = {"name": queue.name, "slug": queue.slug, "url": reverse("cases:queue", args=[queue.slug])}
    if made is None:
        return shown | {"text": _NONE_YET, "basis": "", "made_at": None, "as_of": "", "is_told": False}
    body = made.body
    told = body["status"] == "ok"
    return shown | {
        "text": _sentence(body) if told else _lack(body),
        "basis": _basis(body, now=now) if told else "",
        "made_at": made.made_at,
        "as_of": _as_of(made, now=now),
        "is_told": told,
    }


def _sentence(body: Mapping[str, Any]) -> str:
    until, late = _hands(body["until"]), body["breaches"]
    if not late["high"]:
        return (
            f"Of about {body['due']} that come due before {until}, none is expected to breach."
            if body["due"]
            else f"Nothing is expected to come due before {until}."
        )
    plain = f"About {_range(late)} of {max(body['due'], late['value'])} will breach before {until}"
    return f"{plain}; with one more reviewer from {_hands(body['one_more_from'])}: about {_range(body['one_more'])}."


def _hands(moment: str) -> str:
    """ "14:30", without the day: it is within hours."""
    return f"{timezone.localtime(datetime.fromisoformat(moment)):%H:%M}"


def _range(found: Mapping[str, int]) -> str:
    return f"{found['value']} ({found['low']} to {found['high']})"


def _lack(body: Mapping[str, Any]) -> str:
    return {
        "few_days": f"Not enough history: {body['days']} of {DAYS_NEEDED} comparable days.",
        "few_handle_times": f"Not enough history: {body['handle_times']} of {TIMES_NEEDED} answers with a handle time.",
        "too_many_cases": f"Not forecast: more than {MOST_CASES:,} cases wait or are expected.",
    }[body["lack"]]


def _basis(body: Mapping[str, Any], *, now: datetime) -> str:
    rests = f"{body['days']} comparable days and {body['handle_times']} handle times"
    return f"Counted: {_people(body, now=now)}. Rests on {rests}."


def _people(body: Mapping[str, Any], *, now: datetime) -> str:
    people = "1 reviewer" if body["people"] == 1 else f"{body['people'] or 'no'} reviewers"
    if body["people_from"] == StaffSource.ENTERED:
        return f"{people} until {clock(datetime.fromisoformat(body['people_until']), now=now)}, as a lead entered"
    if not body["people"]:
        return f"nobody, since nobody took or answered a case in the last {METHOD['seen_minutes']} minutes"
    return f"{people}, seen at work in the last {METHOD['seen_minutes']} minutes and taken to stay"


def _as_of(made: Forecast, *, now: datetime) -> str:
    """ "as of 14:02"; one that was not replaced in time says how old it is."""
    age = now - made.made_at
    return f"as of {clock(made.made_at, now=now)}" + (f", {span(age)} ago and not renewed" if age > STALE else "")


def shift(entered: Shift | None, *, now: datetime) -> str:
    """What counts as on shift now, in a sentence."""
    if entered is None:
        return f"Nothing is entered: whoever took or answered a case in the last {METHOD['seen_minutes']} minutes counts, and is taken to stay."
    people = "1 reviewer" if entered.people == 1 else f"{entered.people} reviewers"
    return f"Entered at {clock(entered.entered_at, now=now)}: {people} until {clock(entered.until, now=now)}, and nobody after that."
