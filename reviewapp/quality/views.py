"""Pages of proof of review."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from reviewapp.access.rules import LEAD_QUEUE, Role
from reviewapp.cases.models import Queue
from reviewapp.cases.queries import display_names, queues_of, reason_texts
from reviewapp.cases.withholding import reveal
from reviewapp.lib import listing, paging, query
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import Conflict, Invalid, NotAllowed
from reviewapp.quality import known, presentation, queries, sample_words, sampling
from reviewapp.quality.models import QaSample, QualityReport
from reviewapp.quality.rules import MOST_ANSWERS, Kind, Ruling
from reviewapp.quality.sample_queries import differing, reveal_cases, to_resolve

PAGE_SIZE, MOST_SHOWN = 20, 100
OPEN = "open"
SAMPLE_STATES = [(OPEN, "Waiting for a lead"), ("resolved", "Resolved")]


def _places(current: str, actor: Actor) -> list[dict[str, Any]]:
    """The pages of this room, for whoever reads about queues; with how many samples wait for them."""
    names, waiting = {"agreement": "Agreement", "reliance": "Reliance", "samples": "QA samples"}, to_resolve(actor)
    if queues_of(actor, LEAD_QUEUE).exists():
        names["answers"] = "Known answers"
    return [
        {
            "label": label,
            "url": reverse(f"quality:{name}"),
            "current": name == current,
            "count": waiting if name == "samples" else 0,
        }
        for name, label in names.items()
    ]


@require_safe
def agreement(request: HttpRequest) -> HttpResponse:
    """How often two people who answered on their own say the same."""
    values = query.read(request.GET, allowed=("queue",))
    queues = _queues(request)
    queue = _chosen(values, queues)
    report = queries.report_of(queue, Kind.AGREEMENT) if queue else None
    context = _frame(request, "agreement", queues, queue, report) | {"report": None, "empty": _no_pairs(request, queue)}
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
    context = _frame(request, "reliance", queues, queue, report) | {"team": None, "people": None}
    context["empty"] = _no_seeds(request, queue)
    context["influence"] = presentation.influence(report.body) if report else []
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


def _frame(
    request: HttpRequest, place: str, queues: list[Queue], queue: Queue | None, report: QualityReport | None
) -> dict[str, Any]:
    """What each of these pages shows: the pages, the choice of a queue, and how old the figures are."""
    options = [{"value": one.slug, "label": one.name, "chosen": one == queue} for one in queues]
    return {
        "places": _places(place, request.actor),
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
    text = "Figures appear the day after the first answers to seeded cases: past cases whose right answer is known, shown once more."
    usable = queries.usable_now(queue, at=timezone.now())
    more = (
        f"{usable} known answer{'' if usable == 1 else 's'} can be used now. It takes cases in which a lead decided between two people "
        "who differed, or known answers that a lead gave."
    )
    if not queries.leads(request.actor, queue):
        return {
            "title": title,
            "text": text,
            "more": more + " Its leads set the share under Proof of review, in the settings.",
        }
    settings = reverse("cases:settings", args=[queue.slug])
    return {"title": title, "text": text, "more": more, "url": settings + "#proof", "action": "Proof of review"}


@require_safe
def samples(request: HttpRequest) -> HttpResponse:
    """The lead's inbox of decisions from which the answer to their QA sample differs, and what the samples of a queue show."""
    return _samples(request)


@require_POST
def resolve(request: HttpRequest, sample_id: UUID) -> HttpResponse:
    """Say whether the decision stands. What is refused is shown again as it was typed, with what is wrong beside it."""
    ruling, reason = request.POST.get("ruling", ""), request.POST.get("reason", "")
    try:
        sampling.resolve(sample_id=sample_id, ruling=ruling, reason=reason, actor=request.actor, at=timezone.now())
    except Invalid as error:
        found = {problem.pointer.strip("/"): problem.detail for problem in error.errors}
        return _samples(
            request, {"id": str(sample_id), "ruling": ruling, "reason": reason, "errors": found}, status=422
        )
    except (Conflict, NotAllowed) as error:
        messages.warning(request, error.detail)
        return redirect("quality:samples")
    messages.success(request, f"Recorded: {sample_words.RULING_WORDS[Ruling(ruling)].lower()}.")
    return redirect("quality:samples")


@require_safe
def samples_line(request: HttpRequest) -> HttpResponse:
    """The live fragment of the board: how many samples wait for a lead."""
    query.read(request.GET, allowed=())
    _queues(request)
    return render(request, "quality/_samples_line.html", {"waiting": to_resolve(request.actor)})


def _samples(request: HttpRequest, refused: dict[str, Any] | None = None, *, status: int = 200) -> HttpResponse:
    """:param refused: what was posted and not recorded, see quality/samples.html."""
    values = query.read(request.GET, allowed=("queue", "state", "cursor", "page_size"))
    queues = _queues(request)
    queue = _chosen(values, queues)
    state = listing.one_of(values, "state", SAMPLE_STATES) or OPEN
    rows = differing([queue] if queue and values.get("queue") else queues, is_resolved=state != OPEN)
    page = paging.paginate(
        rows,
        order=("-answer__compared_at", "-id"),
        cursor=values.get("cursor"),
        size=query.size(values, default=PAGE_SIZE),
        purpose=f"samples {state}",
    )
    report = queries.report_of(queue, Kind.SAMPLES) if queue else None
    context = _frame(request, "samples", queues, queue, report) | {
        "rows": _sample_rows(page.rows, request.actor),
        "pager": listing.pager(values, page, one="sample", many="samples"),
        "is_resolved": state != OPEN,
        "figures": sample_words.figures(report.body) if report else None,
        "rulings": [{"value": ruling.value, "label": words} for ruling, words in sample_words.RULING_WORDS.items()],
        "refused": refused,
    }
    listed = [(one.slug, one.name) for one in queues]
    context["filters"]["selects"] = [
        listing.select("queue", "Queue", listed, values.get("queue", "")),
        listing.select("state", "State", SAMPLE_STATES[1:], state, everything=SAMPLE_STATES[0][1]),
    ]
    return render(request, "quality/samples.html", context, status=status)


def _sample_rows(rows: list[QaSample], actor: Actor) -> list[dict[str, Any]]:
    reveal_cases(rows, actor)
    codes = [code for row in rows for code in sample_words.codes_of(row)]
    by_use_case = {row.queue.use_case_id: reason_texts(row.queue.use_case_id, codes) for row in rows} if codes else {}
    now, led = timezone.now(), set(queues_of(actor, LEAD_QUEUE).values_list("pk", flat=True)) if rows else set()
    return [
        sample_words.sample(row, by_use_case.get(row.queue.use_case_id, {}), now=now)
        | {"may_resolve": row.queue_id in led}
        for row in rows
    ]


@require_safe
def answers(request: HttpRequest) -> HttpResponse:
    """The known answers of a queue that one leads."""
    led, values = _led(request), query.read(request.GET, allowed=("queue",))
    return _answers(request, led, _chosen(values, led))


@require_POST
def give_answers(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep more of them, sent as the lines of a CSV file. What is refused is shown again as it was typed."""
    led, lines = _led(request), request.POST.get("lines", "")
    queue = next((one for one in led if one.slug == slug), None)
    if queue is None:
        raise Http404
    try:
        given = known.give_answers(slug=slug, answers=known.read_csv(lines), actor=request.actor, at=timezone.now())
    except Invalid as error:
        refused = {"lines": lines, "errors": sample_words.csv_errors(error)}
        return _answers(request, led, queue, refused, status=422)
    messages.success(request, f"Kept: {given} known answer{'' if given == 1 else 's'} of {queue.name}.")
    return redirect(f"{reverse('quality:answers')}?queue={queue.slug}")


def _led(request: HttpRequest) -> list[Queue]:
    """:raises Http404: for whoever leads no queue."""
    found = list(queues_of(request.actor, LEAD_QUEUE).select_related("use_case").order_by("name", "slug"))
    if not found:
        raise Http404
    return found


def _answers(
    request: HttpRequest,
    led: list[Queue],
    queue: Queue | None,
    refused: dict[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """:param refused: {lines, errors} of what was posted and not kept."""
    context = _frame(request, "answers", led, queue, None) | {
        "rows": _known_rows(queue, request.actor) if queue else [],
        "outcomes": ", ".join(queue.use_case.outcome_values) if queue else "",
        "refused": refused,
        "most": MOST_ANSWERS,
    }
    return render(request, "quality/answers.html", context, status=status)


def _known_rows(queue: Queue, actor: Actor) -> list[dict[str, Any]]:
    rows = list(queries.known_answers(queue)[:MOST_SHOWN])
    cases = queries.cases_behind(rows)
    reveal(cases.values(), actor)
    return [sample_words.known_row(row, queue, cases.get(row.prediction_id)) for row in rows]
