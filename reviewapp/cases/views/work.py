"""My work: what one holds, may take, has pended, has written and has answered today; and the queues one sees."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from reviewapp.access.actions import set_away
from reviewapp.access.rules import WORK_QUEUE
from reviewapp.cases import own_work, presentation, queries, wording
from reviewapp.cases.figures import queue_figures
from reviewapp.cases.forms import read_away
from reviewapp.cases.models import Case
from reviewapp.cases.views.comments import shown_mentions
from reviewapp.cases.views.reopenings import asked_rows
from reviewapp.cases.views.reviews import answered
from reviewapp.cases.withholding import reveal
from reviewapp.lib.errors import Invalid


@require_safe
def my_work(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    actor = request.actor
    held = [_held(case, now) for case in own_work.held_by(actor, now=now)]
    answers = own_work.reviews_of(actor, since=_midnight(now))[:20]
    reveal((review.case for review in answers), actor)
    held_ids = {case["id"] for case in held}
    context = _queues(request, now) | {
        "day": timezone.localtime(now),
        "held": held,
        "decided_today": [answered(review) for review in answers],
        "drafts": [_draft(draft, now) for draft in own_work.open_drafts(actor)[:20] if draft.case_id not in held_ids],
        "pended": [_pended(case, now) for case in own_work.pended_by(actor)[:20]],
        "live_url": reverse("cases:my-queues"),
        "asked_reopenings": asked_rows(request),
        "mentions": shown_mentions(request),
        "mentions_topic": f"person:{request.user.pk}",
        "away": _away(getattr(request.user, "away_until", None), now),
    }
    return render(request, "cases/my_work.html", context)


def _away(until: datetime | None, now: datetime) -> dict[str, str]:
    is_away = until is not None and until > now
    return {
        "until": wording.clock(until, now=now) if until is not None and is_away else "",
        "earliest": f"{timezone.localtime(now):%Y-%m-%dT%H:%M}",
        "zone": f"{timezone.localtime(now):%Z}",
    }


@require_POST
def away(request: HttpRequest) -> HttpResponse:
    """Set oneself away until a moment, or back."""
    try:
        until = read_away(request.POST)
        set_away(user_id=request.user.pk, until=until, actor=request.actor, at=timezone.now())
    except Invalid as error:
        messages.error(request, f"Nothing is changed. {error.detail}")
        return redirect("cases:my-work")
    words = (
        f"You are away until {wording.clock(until, now=timezone.now())}: nobody gives you a case."
        if until
        else "You are back."
    )
    messages.success(request, words)
    return redirect("cases:my-work")


@require_safe
def my_queues(request: HttpRequest) -> HttpResponse:
    """The live fragment of my work."""
    now = timezone.now()
    held = own_work.held_by(request.actor, now=now).exists()
    return render(request, "cases/_my_queues.html", _queues(request, now) | {"held": held})


@require_safe
def queues(request: HttpRequest) -> HttpResponse:
    groups: dict[str, list[dict[str, Any]]] = {}
    found = _queues(request, timezone.now())
    for row in found["queues"]:
        groups.setdefault(row["use_case"], []).append(row)
    listed = [{"use_case": name, "queues": rows} for name, rows in groups.items()]
    return render(request, "cases/queues.html", {"groups": listed, "topics": found["topics"]})


def _queues(request: HttpRequest, now: datetime) -> dict[str, Any]:
    """Figures of the queues one may see; the first with something to take has the key."""
    figures = queue_figures(request.actor, now=now)
    workable = set(queries.queues_of(request.actor, WORK_QUEUE).values_list("pk", flat=True))
    keyed = next((row.queue.pk for row in figures if row.queue.pk in workable and row.waiting), None)
    rows = [
        presentation.queue_row(row, now=now, may_work=row.queue.pk in workable, takes_key=row.queue.pk == keyed)
        | {"use_case": row.queue.use_case.name}
        for row in figures
    ]
    return {"queues": rows, "topics": " ".join(f"queue:{row.queue.pk}" for row in figures)}


def _midnight(now: datetime) -> datetime:
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)


def _held(case: Case, now: datetime) -> dict[str, Any]:
    return wording.sla(case.due_at, risk_at=case.risk_at, now=now) | {
        "id": case.pk,
        "external_id": case.external_id,
        "url": reverse("cases:case", args=[case.pk]),
        "queue_name": case.queue.name,
        "lease": wording.lease(case, now=now),
        "release_url": reverse("cases:release", args=[case.pk]),
    }


def _pended(case: Case, now: datetime) -> dict[str, Any]:
    return {
        "external_id": case.external_id,
        "url": reverse("cases:case", args=[case.pk]),
        "queue_name": case.queue.name,
        "follow_up_at": case.follow_up_at,
        "until": wording.clock(case.follow_up_at, now=now) if case.follow_up_at else "",
        "awaited": case.awaited,
    }


def _draft(draft: Any, now: datetime) -> dict[str, Any]:
    case = draft.case
    return {
        "external_id": case.external_id,
        "url": reverse("cases:case", args=[case.pk]) if draft.is_readable else None,
        "queue_name": case.queue.name if draft.is_readable else "",
        "saved_at": draft.saved_at,
        "excerpt": draft.note,
        "state_text": presentation.state_text(case, now=now)
        if draft.is_readable
        else "You may not see this case any more",
        "discard_url": reverse("cases:discard", args=[case.pk]),
    }
