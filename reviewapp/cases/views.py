"""The pages of reviewers: my work, queues, the case, my reviews."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from reviewapp.access.rules import WORK_QUEUE
from reviewapp.cases import actions, presentation, queries
from reviewapp.cases.actions import HoldsTooMany, LeaseLost, StaleView
from reviewapp.cases.forms import FIELD_OF, AnswerForm, read_answer
from reviewapp.cases.lists import PAGE_SIZE, PARAMS, Choice
from reviewapp.cases.models import Case, Queue
from reviewapp.cases.rules import Answer
from reviewapp.lib import paging, query
from reviewapp.lib.errors import Conflict, CountersignError, Invalid, NotFound
from reviewapp.predictions.presentation import schema_by_id

# My work


@require_safe
def my_work(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    actor = request.actor
    held = [_held(case, now) for case in queries.held_by(actor, now=now)]
    held_ids = {case["id"] for case in held}
    context = _queues(request, now) | {
        "day": timezone.localtime(now),
        "held": held,
        "decided_today": [_answered(review) for review in queries.reviews_of(actor, since=_midnight(now))[:20]],
        "drafts": [_draft(draft, now) for draft in queries.open_drafts(actor)[:20] if draft.case_id not in held_ids],
        "live_url": reverse("cases:my-queues"),
    }
    return render(request, "cases/my_work.html", context)


@require_safe
def my_queues(request: HttpRequest) -> HttpResponse:
    """The live fragment of my work."""
    return render(request, "cases/_my_queues.html", _queues(request, timezone.now()))


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
    figures = queries.queue_figures(request.actor, now=now)
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
    return presentation.sla(case.due_at, sla_minutes=case.queue.sla_minutes, now=now) | {
        "id": case.pk,
        "external_id": case.external_id,
        "url": reverse("cases:case", args=[case.pk]),
        "queue_name": case.queue.name,
        "lease": presentation.lease(case, now=now),
        "draft_saved": "",
        "release_url": reverse("cases:release", args=[case.pk]),
    }


def _answered(review: Any) -> dict[str, Any]:
    case, use_case = review.case, review.case.queue.use_case
    words = presentation.answered(review, use_case)
    return {
        "at": review.reviewed_at,
        "external_id": case.external_id,
        "url": reverse("cases:case", args=[case.pk]),
        "queue_name": case.queue.name,
        "answer": words[:1].upper() + words[1:],
        "advised": f"{use_case.outcome_label(case.advised)}, {round(100 * case.confidence)} of 100",
        "agreed": review.answer == Answer.AGREE,
        "what": _became(review, use_case),
        "took": _took(review.handle_seconds),
    }


def _became(review: Any, use_case: Any) -> str:
    case = review.case
    if not case.outcome:
        return f"with {case.queue.name}" if review.answer in {Answer.REFER, Answer.CANNOT_TELL} else "open again"
    if review.outcome == case.outcome and review.answer in {Answer.AGREE, Answer.CORRECT}:
        return "decided"
    return f"decided: {use_case.outcome_label(case.outcome)}"


def _took(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _draft(draft: Any, now: datetime) -> dict[str, Any]:
    case = draft.case
    return {
        "external_id": case.external_id,
        "url": reverse("cases:case", args=[case.pk]),
        "queue_name": case.queue.name,
        "saved_at": draft.saved_at,
        "excerpt": draft.note,
        "state_text": presentation.state_text(case, now=now),
        "discard_url": reverse("cases:discard", args=[case.pk]),
    }


# One queue


@require_safe
def queue(request: HttpRequest, slug: str) -> HttpResponse:
    now = timezone.now()
    listed = queries.queue_for_list(request.actor, slug)
    if listed is None:
        raise Http404
    found = listed.queue
    values = query.read(request.GET, allowed=PARAMS)
    choice = Choice.of(values)
    rows = choice.apply(queries.cases_in(found), found, now=now)
    size, purpose = query.size(values, default=PAGE_SIZE), f"queue {slug} {choice.order}"
    page = paging.paginate(rows, order=choice.order, cursor=values.get("cursor"), size=size, purpose=purpose)
    return render(request, "cases/queue.html", _list_context(request, listed, choice, page, now))


def _list_context(
    request: HttpRequest, listed: queries.ListedQueue, choice: Choice, page: paging.Page[Case], now: datetime
) -> dict[str, Any]:
    found = listed.queue
    waiting, held = queries.waiting_and_held(found, now=now)
    url = reverse("cases:queue", args=[found.slug])
    schema = schema_by_id(listed.schema_id)
    names = [name for name in found.use_case.summary_features if name in schema.by_name]
    claim_url = reverse("cases:next", args=[found.slug]) if listed.may_work and waiting else None
    return {
        "queue": {
            "name": found.name,
            "url": url,
            "waiting": presentation.bounded(waiting),
            "in_hand": presentation.bounded(held),
            "order_text": "the next case is chosen for you: priority, then what is due soonest",
            "claim_url": claim_url,
        },
        "filters": choice.form(url),
        "sorted_by": {"oldest": "opened"}.get(choice.sort, choice.sort),
        "columns": [
            {"label": schema.by_name[name].label, "numeric": _is_figure(schema.by_name[name])} for name in names
        ],
        "rows": [presentation.list_row(case, found, schema, me=request.user.pk, now=now) for case in page.rows],
        "pager": {
            "text": f"{len(page.rows)} shown",
            "previous_url": f"{url}?{choice.params(cursor=page.previous)}" if page.previous else None,
            "next_url": f"{url}?{choice.params(cursor=page.next)}" if page.next else None,
        },
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
    return _take_next(request, found)


def _take_next(request: HttpRequest, found: Queue) -> HttpResponse:
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
        presentation.case_context(candidate, now=timezone.now(), events=[], names={})
    return HttpResponse(status=204)


# One case


@require_safe
def case(request: HttpRequest, case_id: UUID) -> HttpResponse:
    found = _viewed(request, case_id)
    return render(request, "cases/case.html", _case_context(request, found))


def _viewed(request: HttpRequest, case_id: UUID) -> Case:
    try:
        return actions.view_case(case_id=case_id, actor=request.actor, at=timezone.now())
    except NotFound:
        raise Http404 from None


def _case_context(
    request: HttpRequest, found: Case, *, form: AnswerForm | None = None, errors: dict[str, str] | None = None
) -> dict[str, Any]:
    now = timezone.now()
    events = queries.story_of(found)
    names = queries.display_names({event.actor_id for event in events if event.actor_id})
    context = presentation.case_context(found, now=now, events=events, names=names)
    mine = found.state == "leased" and found.holder_id == request.user.pk
    context |= {
        "topics": f"case:{found.pk}",
        "notice_url": f"{reverse('cases:case-news', args=[found.pk])}?seen={_mark(found)}",
        "shown": queries.shown_digest(found),
        "density": found.queue.density if found.queue.density != "auto" else None,
    }
    if mine:
        context["prefetch_url"] = reverse("cases:ahead", args=[found.queue.slug])
        codes, draft = queries.reason_codes_of(found.queue.use_case_id), queries.draft_of(found, request.actor)
        posted = form.posted() if form else None
        context["answer"] = presentation.answer_context(found, codes, draft=draft, posted=posted, errors=errors)
    elif _may_take(request, found, now):
        context["take_url"] = reverse("cases:claim", args=[found.pk])
    return context if context["density"] else {name: value for name, value in context.items() if name != "density"}


def _may_take(request: HttpRequest, found: Case, now: datetime) -> bool:
    waits = found.state == "open" or (
        found.state == "leased" and found.lease_until is not None and found.lease_until < now
    )
    answered = any(
        review.reviewer_id == request.user.pk and review.round == found.round for review in found.reviews.all()
    )
    return waits and not answered and queries.queues_of(request.actor, WORK_QUEUE).filter(pk=found.queue_id).exists()


def _mark(found: Case) -> str:
    """What changes when the case does: its state, its lease and whether the reasons are there."""
    return f"{found.state}.{found.lease}.{queries.shown_digest(found)}"


@require_safe
def case_news(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Whether the case is still as the page shows it."""
    seen = query.read(request.GET, allowed=("seen",)).get("seen", "")
    found = queries.whole_case(queries.visible_cases(request.actor), case_id)
    if found is None:
        raise Http404
    text = presentation.state_text(found, now=timezone.now())
    context = {"changed": seen != _mark(found), "text": text, "url": reverse("cases:case", args=[case_id])}
    return render(request, "cases/_case_news.html", context)


@require_POST
def claim(request: HttpRequest, case_id: UUID) -> HttpResponse:
    try:
        actions.claim_case(case_id=case_id, actor=request.actor, at=timezone.now())
    except NotFound:
        raise Http404 from None
    except Conflict as error:
        messages.warning(request, error.detail)
    return redirect("cases:case", case_id=case_id)


@require_POST
def review(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Record the answer and go on to the next case."""
    form = read_answer(request.POST)
    found = (
        queries.visible_cases(request.actor, WORK_QUEUE).select_related("queue__use_case").filter(pk=case_id).first()
    )
    if found is None:
        raise Http404
    came_from = found.queue
    try:
        done = actions.review_case(
            case_id=case_id, lease=form.lease, given=form.given(found), actor=request.actor, at=timezone.now()
        )
    except Invalid as error:
        errors = {FIELD_OF.get(problem.pointer.strip("/"), "choice"): problem.detail for problem in error.errors}
        return render(
            request,
            "cases/case.html",
            _case_context(request, _viewed(request, case_id), form=form, errors=errors),
            status=422,
        )
    except (LeaseLost, StaleView) as error:
        return _kept(request, case_id, form, error)
    messages.success(request, _recorded(done))
    return _take_next(request, came_from)


def _recorded(done: Case) -> str:
    if done.outcome:
        return f"Recorded: {done.external_id}, {done.queue.use_case.outcome_label(done.outcome)}."
    return f"Recorded: {done.external_id} went to {done.queue.name}."


def _kept(request: HttpRequest, case_id: UUID, form: AnswerForm, error: CountersignError) -> HttpResponse:
    """409: the answer was not recorded, the text is kept; says what became of the case."""
    found = _viewed(request, case_id)
    context = _case_context(request, found)
    if isinstance(error, StaleView):
        messages.warning(request, error.detail)
        return render(request, "cases/case.html", context, status=409)
    now = timezone.now()
    held = found.holder if found.state == "leased" and found.holder_id != request.user.pk else None
    context["lease_lost"] = {
        "at": None,
        "answered": any(review.reviewer_id == request.user.pk for review in found.reviews.all()),
        "holder_name": held.display_name if held and found.lease_until and found.lease_until > now else None,
        "choice_text": form.choice.replace("_", " ").replace(":", " to ").capitalize(),
        "reasons_text": ", ".join(form.reason),
        "note": form.note,
        "take_url": context.get("take_url"),
    }
    return render(request, "cases/case.html", context, status=409)


@require_POST
def release(request: HttpRequest, case_id: UUID) -> HttpResponse:
    lease = read_answer(request.POST).lease
    try:
        done = actions.release(case_id=case_id, lease=lease, actor=request.actor, at=timezone.now())
    except NotFound:
        raise Http404 from None
    except LeaseLost:
        messages.warning(request, "Your lease on this case had ended already.")
        return redirect("cases:my-work")
    messages.success(request, f"{done.external_id} is back in {done.queue.name}.")
    return redirect("cases:my-work")


@require_POST
def heartbeat(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Answers {expires_at}, or 409 with the notice that the lease is lost."""
    try:
        kept = actions.heartbeat(
            case_id=case_id, lease=read_answer(request.POST).lease, actor=request.actor, at=timezone.now()
        )
    except NotFound:
        raise Http404 from None
    except LeaseLost:
        found = queries.whole_case(queries.visible_cases(request.actor), case_id)
        context = {
            "case": {
                "id": case_id,
                "external_id": found.external_id if found else "",
                "queue": {"url": reverse("cases:queues")},
            }
        }
        return render(request, "cases/_lease_lost.html", context, status=409)
    return JsonResponse({"expires_at": kept.lease_until})


@require_POST
def draft(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Keep what was typed; needs no lease. Answers {saved_at}."""
    form = read_answer(request.POST)
    values = {"choice": form.choice, "reason_codes": form.reason, "note": form.note}
    try:
        kept = actions.save_draft(case_id=case_id, actor=request.actor, at=timezone.now(), **values)
    except NotFound:
        raise Http404 from None
    return JsonResponse({"saved_at": f"{timezone.localtime(kept.saved_at):%H:%M}"})


@require_POST
def discard(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Throw one's own draft away."""
    actions.discard_draft(case_id=case_id, actor=request.actor, at=timezone.now())
    return redirect("cases:my-work")


# My reviews


@require_safe
def reviews(request: HttpRequest) -> HttpResponse:
    values = query.read(request.GET, allowed=("answer", "cursor", "page_size"))
    chosen = values.get("answer", "")
    rows = queries.reviews_of(request.actor)
    if chosen in list(Answer):
        rows = rows.filter(answer=chosen)
    page = paging.paginate(
        rows,
        order=("-id",),
        cursor=values.get("cursor"),
        size=query.size(values, default=PAGE_SIZE),
        purpose=f"reviews {chosen}",
    )
    url = reverse("cases:reviews")
    keep = f"answer={chosen}&" if chosen else ""
    context = {
        "rows": [_answered(row) for row in page.rows],
        "filters": _answer_filter(chosen, url),
        "filtered": bool(chosen),
        "pager": {
            "text": f"{len(page.rows)} shown",
            "previous_url": f"{url}?{keep}cursor={page.previous}" if page.previous else None,
            "next_url": f"{url}?{keep}cursor={page.next}" if page.next else None,
        },
    }
    return render(request, "cases/reviews.html", context)


def _answer_filter(chosen: str, url: str) -> dict[str, Any]:
    words = {"": "Any", "agree": "Agreed", "correct": "Corrected", "refer": "Referred", "cannot_tell": "Could not tell"}
    options = [{"value": value, "label": label, "chosen": value == chosen} for value, label in words.items()]
    return {
        "search": None,
        "selects": [{"name": "answer", "label": "Your answer", "options": options}],
        "clear_url": url if chosen else None,
    }
