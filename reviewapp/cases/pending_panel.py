"""The disclosure "Pend…" of the case page: when to follow up, and what that means for the due time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from reviewapp.cases.forms import PendForm
from reviewapp.cases.models import Case
from reviewapp.cases.rules import AWAITED_LENGTH, LONGEST_PENDED, quick_follow_ups
from reviewapp.cases.wording import clock

_WORDS = {"30m": "In 30 min", "2h": "In 2 h", "tomorrow": "Tomorrow"}
_TARGETS = {"follow_up_at": "follow-up", "awaited": "awaited"}


def pend_context(
    case: Case, *, now: datetime, form: PendForm | None = None, errors: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """See cases/_pend.html. `form` is what was posted and refused for `errors`."""
    errors = errors or {}
    quick = quick_follow_ups(timezone.localtime(now))
    chosen = form.follow_up if form else ""
    return {
        "choices": [_choice(name, at, case, chosen=chosen, now=now) for name, at in quick.items()],
        "other_chosen": chosen == "at",
        "typed": form.typed if form else "",
        "earliest": _field(now),
        "latest": _field(now + LONGEST_PENDED),
        "zone": f"{timezone.localtime(now):%Z}",
        "awaited": form.awaited if form else "",
        "max_awaited": AWAITED_LENGTH,
        "due_field": _field(case.due_at),
        "due_text": clock(case.due_at, now=now),
        "is_over": case.due_at <= now,
        "errors": errors,
        "error_list": [{"text": text, "target": _TARGETS[name]} for name, text in errors.items()],
    }


def _choice(name: str, at: datetime, case: Case, *, chosen: str, now: datetime) -> dict[str, Any]:
    return {
        "value": name,
        "text": _WORDS[name],
        "at": clock(at, now=now),
        "field": _field(at),
        "is_late": at > case.due_at > now,
        "checked": name == chosen,
    }


def _field(moment: datetime) -> str:
    """As a browser's field for a local time has it: such texts sort as the times do."""
    return f"{timezone.localtime(moment):%Y-%m-%dT%H:%M}"
