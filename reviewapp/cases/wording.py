"""Times, counts and labels in words, as pages of cases have them."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from reviewapp.cases.figures import COUNT_LIMIT
from reviewapp.cases.models import Case
from reviewapp.cases.rules import CaseState


def span(delta: timedelta) -> str:
    """ "38 min", "1 h 04", "2 d 3 h"."""
    minutes = int(abs(delta).total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02}"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"


def sla(due: datetime, *, risk_at: datetime, now: datetime) -> dict[str, Any]:
    """The clock of one case, in words, with its state."""
    over, at_risk = now >= due, now >= risk_at
    return {
        "due_at": due,
        "sla_text": f"{span(now - due)} over" if over else f"in {span(due - now)}",
        "sla_state": "breached" if over else "risk" if at_risk else "ok",
        "risk_at": risk_at,
    }


def used_percent(since: datetime, until: datetime, *, now: datetime) -> int:
    """How much of the time from `since` to `until` is over, from 0 to 100."""
    total = until - since
    return round(100 * min(max((now - since) / total, 0), 1)) if total else 100


def lease(case: Case, *, now: datetime) -> dict[str, Any] | None:
    if case.state != CaseState.LEASED or case.lease_until is None:
        return None
    left = max(int((case.lease_until - now).total_seconds()), 0)
    total = case.queue.lease_minutes * 60
    return {
        "number": case.lease,
        "expires_at": case.lease_until,
        "started_at": case.lease_until - timedelta(seconds=total),
        "seconds_left": min(left, total),
        "total_seconds": total,
        "text": f"{left // 60}:{left % 60:02} left" if left else "over, still yours until somebody takes it",
    }


def bounded(count: int) -> str:
    return f"over {COUNT_LIMIT:,}" if count > COUNT_LIMIT else f"{count}"


def clock(moment: datetime, *, now: datetime) -> str:
    """ "14:30", and on another day than today's "27 Nov, 09:00"; in the server's time zone, as all times on pages."""
    local = timezone.localtime(moment)
    return f"{local:%H:%M}" if local.date() == timezone.localtime(now).date() else f"{local:%-d %b, %H:%M}"


def zoned(moment: datetime, *, now: datetime) -> str:
    """The same with the zone: "14:30 UTC"."""
    return f"{clock(moment, now=now)} {timezone.localtime(moment):%Z}"


def low(label: str) -> str:
    return label[:1].lower() + label[1:]
