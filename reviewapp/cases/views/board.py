"""The lead's board: how queues stand, who holds what, and acts on ticked cases behind a preview."""

import hashlib
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from reviewapp.access.rules import LEAD_QUEUE
from reviewapp.cases import actions, board_words, queries, wording
from reviewapp.cases.actions.leading import Order, Outlook, Result
from reviewapp.cases.board import FILTERS, PAGE_SIZE, PARAMS, Choice, holders, listed, mark
from reviewapp.cases.figures import QueueFigures, queue_figures
from reviewapp.cases.forms import read_order
from reviewapp.cases.models import Queue
from reviewapp.cases.rules import LeadAct
from reviewapp.cases.staffing import gaps
from reviewapp.cases.withholding import reveal
from reviewapp.lib import listing, query
from reviewapp.lib.errors import Invalid, Malformed


@require_safe
def board(request: HttpRequest) -> HttpResponse:
    now, figures = _figures(request)
    queues = [row.queue for row in figures]
    values = query.read(request.GET, allowed=PARAMS)
    choice = Choice.of(values, queues)
    size = query.size(values, default=PAGE_SIZE)
    page = listed(queues, choice, now=now, cursor=values.get("cursor"), size=size)
    reveal(page.rows, request.actor)
    url = reverse("cases:board")
    context = _standing(figures, now) | {
        "filters": choice.form(url, queues, holders(queues, now=now)),
        "rows": [board_words.row(case, now=now) for case in page.rows],
        "pager": listing.pager(values, page, one="case", many="cases"),
        "has_withheld": any(case.is_withheld for case in page.rows),
        "back": choice.params,
        "acts": board_words.ACTS,
        "news_url": f"{reverse('cases:board-news')}?{request.GET.urlencode()}&seen={mark(page.rows)}",
        "live_url": reverse("cases:board-figures"),
        "empty": board_words.nothing(choice, url),
        "to_reopen": wording.bounded(sum(row.to_reopen for row in figures)),
    }
    return render(request, "cases/board.html", context)


def _figures(request: HttpRequest) -> tuple[datetime, list[QueueFigures]]:
    """:raises Http404: for whoever leads no queue."""
    now = timezone.now()
    figures = queue_figures(request.actor, now=now, right=LEAD_QUEUE)
    if not figures:
        raise Http404
    return now, figures


def _standing(figures: list[QueueFigures], now: datetime) -> dict[str, Any]:
    return {
        "queues": [board_words.queue(row, now=now) for row in figures],
        "total": board_words.total(figures) if len(figures) > 1 else None,
        "summary": board_words.summary(figures),
        "gaps": [board_words.gap(row) for row in gaps([row.queue for row in figures], now=now)],
        "at": timezone.localtime(now),
        "topics": " ".join(f"queue:{row.queue.pk}" for row in figures),
    }


@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """The live fragment: how the queues stand."""
    query.read(request.GET, allowed=())
    now, found = _figures(request)
    return render(request, "cases/_board_figures.html", _standing(found, now))


@require_safe
def news(request: HttpRequest) -> HttpResponse:
    """Whether the list is still as the page shows it. The page waits for a click, so that nothing jumps under a pointer."""
    queues = _led(request)
    values = query.read(request.GET, allowed=(*PARAMS, "seen"))
    choice = Choice.of(values, queues)
    size = query.size(values, default=PAGE_SIZE)
    page = listed(queues, choice, now=timezone.now(), cursor=values.get("cursor"), size=size)
    reveal(page.rows, request.actor)
    changed = values.get("seen", "") != mark(page.rows)
    return render(request, "cases/_board_news.html", {"changed": changed, "url": _board_url(choice)})


def _led(request: HttpRequest) -> list[Queue]:
    """:raises Http404: for whoever leads no queue."""
    found = list(queries.queues_of(request.actor, LEAD_QUEUE).order_by("name"))
    if not found:
        raise Http404
    return found


def _board_url(choice: Choice) -> str:
    return f"{reverse('cases:board')}?{choice.params}".rstrip("?")


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """What an act would do to each ticked case. Nothing changes before it is confirmed."""
    queues = _led(request)
    order = read_order(request.POST)
    if not order.case_ids:
        messages.warning(request, "Tick at least one case, then choose what to do.")
        return redirect(_board_url(_back(request, queues)))
    try:
        outlook, fault = actions.foresee(order=order, actor=request.actor), None
    except Invalid as error:
        order = _without_target(order)
        outlook, fault = actions.foresee(order=order, actor=request.actor), error
    return _preview(request, queues, order, outlook, fault=fault, status=422 if fault else 200)


def _back(request: HttpRequest, queues: list[Queue]) -> Choice:
    """The filters of the board the ticks came from; none where they no longer fit."""
    try:
        values = query.read(QueryDict(request.POST.get("back", "")[:500]), allowed=FILTERS)
        return Choice.of(values, queues)
    except Malformed:
        return Choice()


def _preview(
    request: HttpRequest,
    queues: list[Queue],
    order: Order,
    outlook: Outlook,
    *,
    fault: Invalid | None = None,
    changed: bool = False,
    status: int = 200,
) -> HttpResponse:
    choice, now = _back(request, queues), timezone.now()
    context = board_words.preview(order, outlook, named=_is_named(request, order), now=now) | {
        "choices": _choices(request, order, outlook),
        "errors": board_words.errors(fault),
        "changed": changed,
        "case_ids": order.case_ids,
        "reason": order.reason,
        "previewed": _mark(order, outlook),
        "back": choice.params,
        "board_url": _board_url(choice),
    }
    return render(request, "cases/board_preview.html", context, status=status)


def _is_named(request: HttpRequest, order: Order) -> bool:
    """Whether the order says all but its reason, so that what is previewed can be confirmed."""
    if order.act == LeadAct.PRIORITISE:
        return bool(request.POST.get("priority"))
    return order.act == LeadAct.RELEASE or bool(order.to)


def _choices(request: HttpRequest, order: Order, outlook: Outlook) -> list[dict[str, Any]]:
    """Whom or what the act can name: people and queues that fit at least one of the cases."""
    cases = [result.case for result in outlook.results if result.case]
    if order.act == LeadAct.REASSIGN:
        workers = queries.workers_of(queries.queues_of(request.actor, LEAD_QUEUE))
        fitting = {case.queue_id for case in cases}
        options = [(person.username, person.display_name) for person, works_on in workers if works_on & fitting]
    elif order.act == LeadAct.MOVE:
        use_cases = {case.queue.use_case_id for case in cases}
        options = [(queue.slug, queue.name) for queue in _led(request) if queue.use_case_id in use_cases]
    else:
        options = []
    return [{"value": value, "label": label, "chosen": value == order.to} for value, label in options]


def _mark(order: Order, outlook: Outlook) -> str:
    """Names what a preview said, so that nothing else is done."""
    said = [f"{order.act} {order.to} {order.priority}", *(_said(result) for result in outlook.results)]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:24]


def _said(result: Result) -> str:
    case = result.case
    stands = f"{case.state} {case.lease} {case.holder_id} {case.queue_id} {case.shown_priority}" if case else ""
    return f"{result.case_id} {stands} {result.problem.code if result.problem else ''}"


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Do what the preview said; what has changed since is shown again instead."""
    queues = _led(request)
    order = read_order(request.POST)
    try:
        outlook = actions.foresee(order=order, actor=request.actor)
        if request.POST.get("previewed") != _mark(order, outlook) or not _is_named(request, order):
            return _preview(request, queues, order, outlook, changed=True, status=409)
        results = actions.lead_cases(order=order, actor=request.actor, at=timezone.now())
    except Invalid as error:
        bare = order if "/to" not in {problem.pointer for problem in error.errors} else _without_target(order)
        outlook = actions.foresee(order=bare, actor=request.actor)
        return _preview(request, queues, bare, outlook, fault=error, status=422)
    for level, text in board_words.report(order, outlook.target, results):
        messages.add_message(request, level, text)
    return redirect(_board_url(_back(request, queues)))


def _without_target(order: Order) -> Order:
    return Order(order.act, order.case_ids, reason=order.reason, priority=order.priority)
