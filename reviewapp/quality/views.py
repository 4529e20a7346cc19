"""Pages of proof of review."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from reviewapp.access.rules import LEAD_QUEUE, Role
from reviewapp.cases.models import Queue
from reviewapp.cases.queries import display_names, queues_of
from reviewapp.lib import listing, query
from reviewapp.quality import presentation, queries
from reviewapp.quality.models import QualityReport
from reviewapp.quality.rules import Kind


@require_safe
def agreement(request: HttpRequest) -> HttpResponse:
    """How often two people who answered on their own say the same."""
    values = query.read(request.GET, allowed=("queue",))
    queues = _queues(request)
    queue = _chosen(values, queues)
    report = queries.report_of(queue, Kind.AGREEMENT) if queue else None
    context = _frame(request, queues, queue, report) | {"report": None, "empty": _no_pairs(request, queue)}
    if queue and report and (report.body["fair"]["n"] or report.body["asked"]["n"]):
        people = {UUID(person) for row in report.body["people"] for person in row["people"]}
        names = {str(pk): name for pk, name in display_names(people).items()}
        context["report"] = presentation.agreement(queue, report.body, names)
    return render(request, "quality/agreement.html", context)


def _queues(request: HttpRequest) -> list[Queue]:
    """:raises Http404: for whoever leads no queue and is no auditor."""
    found = list(queries.readable_queues(request.actor))
    if not found and not request.actor.has_role(Role.AUDITOR):
        raise Http404
    return found


def _chosen(values: dict[str, str], queues: list[Queue]) -> Queue | None:
    """:raises Malformed: for a queue that is not among them."""
    slug = listing.one_of(values, "queue", [(queue.slug, queue.name) for queue in queues])
    return next((queue for queue in queues if slug in {"", queue.slug}), None)


def _frame(
    request: HttpRequest, queues: list[Queue], queue: Queue | None, report: QualityReport | None
) -> dict[str, Any]:
    """What each of these pages shows: the choice of a queue, and how old the figures are."""
    options = [{"value": one.slug, "label": one.name, "chosen": one == queue} for one in queues]
    return {
        "queue": queue,
        "filters": {
            "search": None,
            "selects": [{"name": "queue", "label": "Queue", "options": options}],
            "clear_url": None,
        },
        "made_at": report.made_at if report else None,
        "age": presentation.age(report.made_at, now=timezone.now()) if report else "",
        "window": presentation.window_words(),
    }


def _no_pairs(request: HttpRequest, queue: Queue | None) -> dict[str, str]:
    """Why there are no figures, and what would make some."""
    if queue is None:
        return {"title": "No queue is open to you", "text": "Ask an administrator for the right to read a queue."}
    text = "Figures appear within a minute of the first case that two people have answered, each on their own."
    if not queues_of(request.actor, LEAD_QUEUE).filter(pk=queue.pk).exists():
        more = "Its leads set under Second review, in the settings of the queue, which answers need a second one."
        return {"title": "Nobody has answered a case of this queue twice", "text": text, "more": more}
    return {
        "title": "Nobody has answered a case of this queue twice",
        "text": text,
        "more": "Set which answers need a second one. A share drawn by chance costs least and is fair: 5 per cent gives 30 pairs in 600 cases.",
        "url": reverse("cases:settings", args=[queue.slug]) + "#second-review",
        "action": "Second review",
    }
