"""Who is linked to the person of a case: a lead records it, reads the list and ends it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviewapp.access.rules import LEAD_QUEUE
from reviewapp.cases import actions, queries
from reviewapp.cases.conflicts import ORDER, conflict_row, conflicts_for, leads_use_case_of, linkable
from reviewapp.cases.models import Case
from reviewapp.cases.rules import REASON_LENGTH
from reviewapp.lib import listing, paging, query
from reviewapp.lib.errors import Conflict, Invalid, NotAllowed

PAGE_SIZE = 30


@require_safe
def conflicts(request: HttpRequest) -> HttpResponse:
    values = query.read(request.GET, allowed=("cursor", "page_size"))
    if not queries.queues_of(request.actor, LEAD_QUEUE).exists():
        raise Http404
    size = query.size(values, default=PAGE_SIZE)
    rows = conflicts_for(request.actor)
    page = paging.paginate(rows, order=ORDER, cursor=values.get("cursor"), size=size, purpose="conflicts")
    context = {
        "rows": [conflict_row(row) for row in page.rows],
        "pager": listing.pager(values, page, one="conflict", many="conflicts"),
        "longest": REASON_LENGTH,
    }
    return render(request, "cases/conflicts.html", context)


@require_POST
def end(request: HttpRequest, conflict_id: UUID) -> HttpResponse:
    try:
        ended = actions.end_conflict(
            conflict_id=conflict_id, reason=request.POST.get("reason", ""), actor=request.actor, at=timezone.now()
        )
    except (Invalid, Conflict, NotAllowed) as error:
        messages.warning(request, f"Not ended. {error.detail}")
    else:
        messages.success(request, f"Ended: {ended.user.display_name} may get the cases of this person again.")
    return redirect("cases:conflicts")


@require_http_methods(["GET", "POST"])
def conflict(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """The form for one case, and recording it. What is refused is shown again as it was typed."""
    case = queries.visible_cases(request.actor).select_related("queue__use_case").filter(pk=case_id).first()
    if case is None or not leads_use_case_of(case, request.actor):
        raise Http404
    if request.method == "GET":
        query.read(request.GET, allowed=())
        return _form(request, case)
    given = {"username": request.POST.get("person", ""), "reason": request.POST.get("reason", "")}
    try:
        actions.record_conflict(case_id=case_id, **given, actor=request.actor, at=timezone.now())
    except Invalid as error:
        return _form(request, case, {problem.pointer.strip("/"): problem.detail for problem in error.errors}, 422)
    except Conflict as error:
        messages.warning(request, error.detail)
    else:
        messages.success(request, "Recorded. They get none of this person’s cases, and hold none of them any more.")
    return redirect("cases:conflicts")


def _form(request: HttpRequest, case: Case, errors: dict[str, str] | None = None, status: int = 200) -> HttpResponse:
    """The cursor of an error goes to its field."""
    context: dict[str, Any] = {
        "case": case,
        "noun": case.queue.use_case.subject_noun,
        "people": linkable(case, request.actor),
        "chosen": request.POST.get("person", ""),
        "reason": request.POST.get("reason", "")[:REASON_LENGTH],
        "longest": REASON_LENGTH,
        "errors": errors or {},
        "error_list": [{"text": text, "target": f"conflict-{name}"} for name, text in (errors or {}).items()],
    }
    return render(request, "cases/conflict.html", context, status=status)
