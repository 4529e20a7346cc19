"""The lead's inbox of cases on which two answers differ."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from reviewapp.access.rules import LEAD_QUEUE
from reviewapp.cases import actions, queries
from reviewapp.cases.actions import HoldsTooMany
from reviewapp.cases.adjudication import inbox_row
from reviewapp.cases.models import Queue
from reviewapp.lib import listing, paging, query

PAGE_SIZE = 30
ORDER = ("due_at", "id")


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    led, now = _led(request), timezone.now()
    values = query.read(request.GET, allowed=("cursor", "page_size"))
    rows = queries.to_adjudicate(request.actor)
    size = query.size(values, default=PAGE_SIZE)
    page = paging.paginate(rows, order=ORDER, cursor=values.get("cursor"), size=size, purpose="adjudication")
    answers = queries.answers_of([case.pk for case in page.rows])
    context = {
        "rows": [inbox_row(case, answers.get(case.pk, []), me=request.user.pk, now=now) for case in page.rows],
        "pager": listing.pager(values, page, one="case", many="cases"),
        "topics": " ".join(f"queue:{queue.pk}" for queue in led),
    }
    return render(request, "cases/adjudication.html", context)


def _led(request: HttpRequest) -> list[Queue]:
    """:raises Http404: for whoever leads no queue."""
    found = list(queries.queues_of(request.actor, LEAD_QUEUE))
    if not found:
        raise Http404
    return found


@require_POST
def next_case(request: HttpRequest) -> HttpResponse:
    """Take the next case to decide, of the queue in which one is due first."""
    _led(request)
    return take_next(request)


def take_next(request: HttpRequest) -> HttpResponse:
    try:
        for slug in queries.queues_to_adjudicate(request.actor):
            case = actions.claim_next(slug=slug, adjudicates=True, actor=request.actor, at=timezone.now())
            if case is not None:
                return redirect("cases:case", case_id=case.pk)
    except HoldsTooMany as error:
        messages.warning(request, error.detail)
        return redirect("cases:my-work")
    messages.info(request, "Nothing else waits for your decision.")
    return redirect("cases:adjudication")
