"""One queue: its list, and the next case of it."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from reviewapp.access.rules import WORK_QUEUE
from reviewapp.cases import actions, presentation, queries, wording
from reviewapp.cases.actions import HoldsTooMany
from reviewapp.cases.figures import counts_of
from reviewapp.cases.lists import PAGE_SIZE, PARAMS, Choice
from reviewapp.cases.models import Case, Queue
from reviewapp.cases.ordering import ORDER_WORDS, NextOrder
from reviewapp.cases.withholding import reveal
from reviewapp.lib import listing, paging, query
from reviewapp.predictions.versions import schema_by_id


@require_safe
def queue(request: HttpRequest, slug: str) -> HttpResponse:
    now = timezone.now()
    listed = queries.queue_for_list(request.actor, slug)
    if listed is None:
        raise Http404
    found = listed.queue
    values = query.read(request.GET, allowed=PARAMS)
    choice = Choice.of(values)
    rows = choice.apply(queries.cases_in(found), now=now)
    size, purpose = query.size(values, default=PAGE_SIZE), f"queue {slug} {choice.order}"
    page = paging.paginate(rows, order=choice.order, cursor=values.get("cursor"), size=size, purpose=purpose)
    reveal(page.rows, request.actor)
    pager = listing.pager(values, page, one="case", many="cases")
    return render(request, "cases/queue.html", _list_context(request, listed, choice, page, now) | {"pager": pager})


def _list_context(
    request: HttpRequest, listed: queries.ListedQueue, choice: Choice, page: paging.Page[Case], now: datetime
) -> dict[str, Any]:
    found = listed.queue
    waiting, held, pended = counts_of(found, now=now)
    url = reverse("cases:queue", args=[found.slug])
    schema = schema_by_id(listed.schema_id)
    names = [name for name in found.use_case.summary_features if name in schema.by_name]
    claim_url = reverse("cases:next", args=[found.slug]) if listed.may_work and waiting else None
    return {
        "queue": {
            "name": found.name,
            "url": url,
            "waiting": wording.bounded(waiting),
            "in_hand": wording.bounded(held),
            "pended": wording.bounded(pended) if pended else "",
            "order_text": f"the next case is chosen for you: {ORDER_WORDS[NextOrder(found.next_order)]}",
            "claim_url": claim_url,
            "settings_url": reverse("cases:settings", args=[found.slug]) if listed.may_lead else None,
        },
        "filters": choice.form(url),
        "left_out": choice.leaves_out_blind and found.blind_share > 0,
        "sorted_by": {"oldest": "opened"}.get(choice.sort, choice.sort),
        "columns": [
            {"label": schema.by_name[name].label, "numeric": _is_figure(schema.by_name[name])} for name in names
        ],
        "rows": [presentation.list_row(case, found, schema, me=request.user.pk, now=now) for case in page.rows],
        "topics": f"queue:{found.pk}",
        "news_url": f"{reverse('cases:queue-news', args=[found.slug])}?since={int(now.timestamp() * 1000)}",
        "empty": _nothing(choice, found, url),
    }


def _is_figure(feature: Any) -> bool:
    return feature.kind in {"number", "integer"} and not feature.categories


def _nothing(choice: Choice, found: Queue, url: str) -> dict[str, Any]:
    if choice.is_set:
        return {
            "title": "No case matches these filters",
            "text": "Take a filter away, or clear them all.",
            "clear_url": url,
        }
    return {
        "title": f"Nothing is waiting in {found.name}",
        "text": "This page tells you when a case arrives; you need not reload it.",
        "url": reverse("cases:my-work"),
        "action": "My work",
    }


@require_safe
def queue_news(request: HttpRequest, slug: str) -> HttpResponse:
    """How many cases came since the page was opened."""
    found = queries.queues_of(request.actor).filter(slug=slug).first()
    since = query.read(request.GET, allowed=("since",)).get("since", "")
    if found is None or not (since.isascii() and since.isdigit() and len(since) <= 14):
        raise Http404
    moment = datetime.fromtimestamp(int(since) / 1000, tz=timezone.get_current_timezone())
    context = {"count": queries.opened_since(found, moment), "url": reverse("cases:queue", args=[slug])}
    return render(request, "cases/_queue_news.html", context)


@require_POST
def next_case(request: HttpRequest, slug: str) -> HttpResponse:
    """Take the next case of a queue and open it."""
    found = queries.queues_of(request.actor, WORK_QUEUE).filter(slug=slug).first()
    if found is None:
        raise Http404
    return take_next(request, found)


def take_next(request: HttpRequest, found: Queue) -> HttpResponse:
    try:
        case = actions.claim_next(slug=found.slug, actor=request.actor, at=timezone.now())
    except HoldsTooMany as error:
        messages.warning(request, error.detail)
        return redirect("cases:my-work")
    if case is None:
        messages.info(request, f"Nothing else is waiting for you in {found.name}.")
        return redirect("cases:queue", slug=found.slug)
    return redirect("cases:case", case_id=case.pk)


@require_safe
def ahead(request: HttpRequest, slug: str) -> HttpResponse:
    """Makes the next case's page quick: reads and words it here while this one is read, and sends nothing of it. Nobody has seen anything."""
    found = queries.queues_of(request.actor, WORK_QUEUE).filter(slug=slug).first()
    if found is None:
        raise Http404
    candidate = queries.likely_next(found, request.actor, now=timezone.now())
    if candidate is not None:
        reveal([candidate], request.actor)
        presentation.case_context(candidate, now=timezone.now(), events=[], names={})
    return HttpResponse(status=204)
