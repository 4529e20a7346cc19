"""Asking a lead to reopen a decided case, and the leads' inbox of what was asked."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from reviewapp.access.rules import LEAD_QUEUE
from reviewapp.cases import actions, queries, reopenings
from reviewapp.cases.reopenings_panel import inbox_rows, own_rows
from reviewapp.cases.rules import REASON_LENGTH
from reviewapp.cases.withholding import reveal
from reviewapp.lib import listing, paging, query
from reviewapp.lib.errors import Conflict, Invalid

PAGE_SIZE = 30
SHOWN = 10  # of one's own in my work


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    if not queries.queues_of(request.actor, LEAD_QUEUE).exists():
        raise Http404
    values = query.read(request.GET, allowed=("cursor", "page_size"))
    page = paging.paginate(
        reopenings.to_answer(request.actor),
        order=reopenings.OLDEST_FIRST,
        cursor=values.get("cursor"),
        size=query.size(values, default=PAGE_SIZE),
        purpose="reopenings",
    )
    context = {
        "rows": inbox_rows(page.rows, now=timezone.now()),
        "most": REASON_LENGTH,
        "pager": listing.pager(values, page, one="question", many="questions"),
    }
    return render(request, "cases/reopenings.html", context)


@require_POST
def ask(request: HttpRequest, case_id: UUID) -> HttpResponse:
    reason = request.POST.get("reason", "")
    try:
        actions.ask_reopening(case_id=case_id, reason=reason, actor=request.actor, at=timezone.now())
    except (Invalid, Conflict) as error:
        messages.warning(request, error.detail)
    else:
        messages.success(request, "The leads are asked. What they answer stands in My work.")
    return redirect("cases:case", case_id=case_id)


@require_POST
def grant(request: HttpRequest, request_id: UUID) -> HttpResponse:
    try:
        done = actions.grant_reopening(request_id=request_id, actor=request.actor, at=timezone.now())
    except Conflict as error:
        messages.warning(request, error.detail)
    else:
        messages.success(
            request, f"{done.case.external_id} is open again. Its label counts no more; the record keeps both."
        )
    return redirect("cases:reopenings")


@require_POST
def decline(request: HttpRequest, request_id: UUID) -> HttpResponse:
    reason = request.POST.get("reason", "")
    try:
        done = actions.decline_reopening(request_id=request_id, reason=reason, actor=request.actor, at=timezone.now())
    except (Invalid, Conflict) as error:
        messages.warning(request, error.detail)
    else:
        messages.success(request, f"{done.case.external_id} stays decided. Who asked reads why.")
    return redirect("cases:reopenings")


def asked_rows(request: HttpRequest) -> list[dict[str, object]]:
    """One's own, newest first, for my work."""
    rows = list(reopenings.asked_by(request.actor).order_by("-id")[:SHOWN])
    reveal((asked.case for asked in rows), request.actor)
    return own_rows(rows, now=timezone.now())
