"""Pages of proof of review."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from reviewapp.access.rules import Role
from reviewapp.cases.models import Queue
from reviewapp.cases.queries import display_names
from reviewapp.lib import listing, query
from reviewapp.quality import presentation, queries
from reviewapp.quality.models import QualityReport
from reviewapp.quality.rules import Kind


def _places(current: str) -> list[dict[str, Any]]:
    """The pages of this room, for whoever reads about queues."""
    names = {"agreement": "Agreement", "reliance": "Reliance"}
    return [
        {"label": label, "url": reverse(f"quality:{name}"), "current": name == current} for name, label in names.items()
    ]


@require_safe
def agreement(request: HttpRequest) -> HttpResponse:
    """How often two people who answered on their own say the same."""
    values = query.read(request.GET, allowed=("queue",))
    queues = _queues(request)
    queue = _chosen(values, queues)
    report = queries.report_of(queue, Kind.AGREEMENT) if queue else None
    context = _frame("agreement", queues, queue, report) | {"report": None, "empty": _no_pairs(request, queue)}
    if queue and report and (report.body["fair"]["n"] or report.body["asked"]["n"]):
        people = {UUID(person) for row in report.body["people"] for person in row["people"]}
        names = {str(pk): name for pk, name in display_names(people).items()}
        context["report"] = presentation.agreement(queue, report.body, names)
    return render(request, "quality/agreement.html", context)


@require_safe
def reliance(request: HttpRequest) -> HttpResponse:
    """Whether people follow the model where it is known to be wrong. Of people by name only their lead reads."""
    values = query.read(request.GET, allowed=("queue",))
    queues = _queues(request)
    queue = _chosen(values, queues)
    report = queries.report_of(queue, Kind.RELIANCE) if queue else None
    context = _frame("reliance", queues, queue, report) | {"team": None, "people": None}
    context["empty"] = _no_seeds(request, queue)
    if queue and report and report.body["n"]:
        context["team"] = presentation.reliance(report.body)
        context["usable"] = queries.usable_now(queue, at=timezone.now())
        if queries.leads(request.actor, queue):
            names = display_names(UUID(row["person"]) for row in report.body["people"])
            context["people"] = presentation.people(report.body, {str(pk): name for pk, name in names.items()})
    return render(request, "quality/reliance.html", context)


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """One's own answers to cases with a known answer, and nobody else's."""
    query.read(request.GET, allowed=())
    rows = [
        {"queue_name": report.queue.name, "floor": f"{report.body['floor']:g}"} | presentation.person(own)
        for report, own in queries.own_reports(request.actor)
    ]
    return render(request, "quality/mine.html", {"rows": rows, "window": presentation.window_words()})


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


def _frame(place: str, queues: list[Queue], queue: Queue | None, report: QualityReport | None) -> dict[str, Any]:
    """What each of these pages shows: the pages, the choice of a queue, and how old the figures are."""
    options = [{"value": one.slug, "label": one.name, "chosen": one == queue} for one in queues]
    return {
        "places": _places(place),
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
    if not queries.leads(request.actor, queue):
        more = "Its leads set under Second review, in the settings of the queue, which answers need a second one."
        return {"title": "Nobody has answered a case of this queue twice", "text": text, "more": more}
    return {
        "title": "Nobody has answered a case of this queue twice",
        "text": text,
        "more": "Set which answers need a second one. A share drawn by chance costs least and is fair: 5 per cent gives 30 pairs in 600 cases.",
        "url": reverse("cases:settings", args=[queue.slug]) + "#second-review",
        "action": "Second review",
    }


def _no_seeds(request: HttpRequest, queue: Queue | None) -> dict[str, str]:
    if queue is None:
        return {"title": "No queue is open to you", "text": "Ask an administrator for the right to read a queue."}
    title = "Nobody has answered a seeded case of this queue"
    text = "Figures appear the day after the first answers to seeded cases: past cases on which a lead decided, shown once more."
    usable = queries.usable_now(queue, at=timezone.now())
    more = f"{usable} past decision{'' if usable == 1 else 's'} can be used now. It takes cases that two people answered differently."
    if not queries.leads(request.actor, queue):
        return {
            "title": title,
            "text": text,
            "more": more + " Its leads set the share under Proof of review, in the settings.",
        }
    settings = reverse("cases:settings", args=[queue.slug])
    return {"title": title, "text": text, "more": more, "url": settings + "#proof", "action": "Proof of review"}
