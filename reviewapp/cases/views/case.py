"""One case: its page, taking, keeping, pending and answering it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from reviewapp.access.rules import LEAD_QUEUE, WORK_QUEUE
from reviewapp.audit.models import AuditEvent
from reviewapp.cases import (
    actions,
    blind_panel,
    comments,
    evidence_queries,
    own_work,
    pending_panel,
    presentation,
    queries,
    timeline,
    wording,
)
from reviewapp.cases.actions import AnswerStands, KnowsSubject, LeaseLost, NotDecided, StaleView, TooLate
from reviewapp.cases.adjudication import answer_context as binding_answer_context
from reviewapp.cases.adjudication import two_answers
from reviewapp.cases.comments_panel import comments_context, told_to
from reviewapp.cases.conflicts import leads_use_case_of
from reviewapp.cases.corrections_panel import corrections_context
from reviewapp.cases.documents_panel import documents_context
from reviewapp.cases.flips_panel import flips_context
from reviewapp.cases.forms import FIELD_OF, AnswerForm, PendForm, read_answer, read_pending
from reviewapp.cases.lost_panel import gone_context, gone_undone_context, lost_context, named_context
from reviewapp.cases.models import Case, Review
from reviewapp.cases.reopenings_panel import ask_context
from reviewapp.cases.rules import BLIND, Stage
from reviewapp.cases.staffing import lacks_skill
from reviewapp.cases.story import story_of
from reviewapp.cases.views import adjudication
from reviewapp.cases.views.queue import take_next
from reviewapp.cases.withholding import reveal
from reviewapp.lib import query
from reviewapp.lib.errors import Conflict, CountersignError, Invalid, NotAllowed, NotFound
from reviewapp.predictions import what_if
from reviewapp.predictions.models import FLIPS, WHAT_IF


@require_safe
def case(request: HttpRequest, case_id: UUID) -> HttpResponse:
    found = _viewed(request, case_id)
    return case_page(request, found, **_asked_for(request, found))


def case_page(request: HttpRequest, found: Case, *, status: int = 200, **more: Any) -> HttpResponse:
    """The page of a case that may be seen; `more` replaces parts of what it shows."""
    return render(request, "cases/case.html", _case_context(request, found) | more, status=status)


def is_script(request: HttpRequest) -> bool:
    """Whether a script asks, which wants a panel of the page alone."""
    return request.headers.get("X-Requested-With") == "fetch"


_CONTEXTS = {WHAT_IF: presentation.what_if_context, FLIPS: flips_context}


def _asked_for(request: HttpRequest, found: Case) -> dict[str, Any]:
    """With `?what_if=ID` or `?flips=ID` the page shows that question and its answer, to whoever may ask it now."""
    asked = {kind: pk for kind in _CONTEXTS if (pk := query.uuid(request.GET.get(kind, "")))}
    if not asked or found.is_withheld:
        return {}
    case = actions.advised_case(found.pk, actor=request.actor)
    rows = {kind: what_if.asked_about(case.prediction, pk, kind=kind) for kind, pk in asked.items()}
    return {kind: _CONTEXTS[kind](case, row=row, is_forgotten=row is None) for kind, row in rows.items()}


def _viewed(request: HttpRequest, case_id: UUID) -> Case:
    return actions.view_case(case_id=case_id, actor=request.actor, at=timezone.now(), with_comments=True)


def _case_context(
    request: HttpRequest, found: Case, *, form: AnswerForm | None = None, errors: dict[str, str] | None = None
) -> dict[str, Any]:
    now = timezone.now()
    prefetch_related_objects([found], "reviews")  # they are asked for twice
    readable = comments.listed(found, request.actor) if found.shown_comments is None else found.shown_comments
    events = told_to(story_of(found), readable)
    names = queries.display_names(timeline.people_in(events))
    hidden = queries.hidden_answerers(found, request.actor)
    context = presentation.case_context(found, now=now, events=events, names=names, hidden=hidden)
    context |= {
        "corrections": corrections_context(found, evidence_queries.corrections_of(found), names, hidden=hidden),
        "documents": documents_context(evidence_queries.documents_of(found), hidden=hidden),
        "topics": f"case:{found.pk}",
        "notice_url": f"{reverse('cases:case-news', args=[found.pk])}?seen={_mark(found)}",
        "shown": queries.shown_digest(found),
        "comments": comments_context(found, readable, request.actor),
        "skill": found.skill,
    }
    if found.queue.density != "auto":
        context["density"] = found.queue.density
    if getattr(request.user, "leads_queue", False) and leads_use_case_of(found, request.actor):
        context["conflict_url"] = reverse("cases:conflict", args=[found.pk])
    if found.state == "leased" and found.holder_id == request.user.pk:
        typed: dict[str, Any] = {"posted": form.posted() if form else None, "errors": errors}
        return context | _holders_part(request, found, events, context["facts"], now=now, **typed)
    return context | _next_step(request, found, now)


def _holders_part(
    request: HttpRequest,
    found: Case,
    events: list[AuditEvent],
    facts: list[dict[str, Any]],
    *,
    now: datetime,
    posted: dict[str, Any] | None,
    errors: dict[str, str] | None,
) -> dict[str, Any]:
    """What whoever holds the case may do with it. :param posted: an answer that was refused for `errors`."""
    codes, draft = queries.reason_codes_of(found.queue.use_case_id), own_work.draft_of(found, request.actor)
    shown: dict[str, Any] = {"draft": draft, "now": now, "posted": posted, "errors": errors}
    can_correct = not found.is_correcting and what_if.is_possible(found.prediction)
    part = {
        "prefetch_url": reverse("cases:ahead", args=[found.queue.slug]),
        "pend": pending_panel.pend_context(found, now=now),
        "attach_url": reverse("cases:attach", args=[found.pk]),
        "correct_url": reverse("cases:correct", args=[found.pk]) if can_correct else "",
    }
    if answers := _differing(found):
        part["answer"] = binding_answer_context(found, codes, answers, **shown)
        part["two_answers"] = two_answers(found, answers, codes, events, facts)
    else:
        own = own_work.own_view_of(found, request.actor)
        part["answer"] = blind_panel.answer_context(found, codes, own=own, **shown)
    return part


def _next_step(request: HttpRequest, found: Case, now: datetime) -> dict[str, Any]:
    """What somebody else may do: take it, or have a decision looked at again."""
    if _may_take(request, found, now):
        return {"take_url": reverse("cases:claim", args=[found.pk])}
    if found.state != "decided":
        return {}
    if queries.queues_of(request.actor, LEAD_QUEUE).filter(pk=found.queue_id).exists():
        return {"reopen_url": reverse("cases:reopen", args=[found.pk])}
    if queries.queues_of(request.actor, WORK_QUEUE).filter(pk=found.queue_id).exists():
        return {"ask": ask_context(found, request.actor)}
    return {}


def _differing(found: Case) -> list[Review]:
    """The two answers between which the holder of the case decides; none where they are to give one of their own."""
    return list(queries.counted_reviews(found))[-2:] if found.stage == Stage.ADJUDICATION else []


def _may_take(request: HttpRequest, found: Case, now: datetime) -> bool:
    waits = found.state in {"open", "pended"} or (
        found.state == "leased" and found.lease_until is not None and found.lease_until < now
    )
    right = LEAD_QUEUE if found.stage == Stage.ADJUDICATION else WORK_QUEUE
    return (
        waits
        and not queries.barring_reviews(found).filter(reviewer_id=request.user.pk).exists()
        and not queries.is_recused(found, request.actor)
        and (found.stage == Stage.ADJUDICATION or not lacks_skill(found, request.actor))
        and queries.queues_of(request.actor, right).filter(pk=found.queue_id).exists()
    )


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
    reveal([found], request.actor)
    text = presentation.state_text(found, now=timezone.now())
    context = {"changed": seen != _mark(found), "text": text, "url": reverse("cases:case", args=[case_id])}
    return render(request, "cases/_case_news.html", context)


@require_POST
def claim(request: HttpRequest, case_id: UUID) -> HttpResponse:
    try:
        actions.claim_case(case_id=case_id, actor=request.actor, at=timezone.now())
    except (Conflict, NotAllowed) as error:
        messages.warning(request, error.detail)
    return redirect("cases:case", case_id=case_id)


@require_POST
def review(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Record the answer and go on to the next case; after a blind one, show the same case with the model's part."""
    form = read_answer(request.POST)
    found = own_work.case_to_answer(case_id, request.actor, lease=form.lease)
    if found is None:
        raise Http404
    reveal([found], request.actor)
    came_from, adjudicates, given = found.queue, found.stage == Stage.ADJUDICATION, form.given(found)
    act = actions.answer_blind if given.answer == BLIND else actions.review_case
    try:
        done = act(case_id=case_id, lease=form.lease, given=given, actor=request.actor, at=timezone.now())
    except Invalid as error:
        errors = {FIELD_OF.get(problem.pointer.strip("/"), "choice"): problem.detail for problem in error.errors}
        return render(
            request,
            "cases/case.html",
            _case_context(request, _viewed(request, case_id), form=form, errors=errors),
            status=422,
        )
    except (LeaseLost, StaleView) as error:
        return _kept(request, found, form, error)
    if given.answer == BLIND:
        messages.success(
            request, "Your view is recorded. This is what the model advises; confirm your answer or change it."
        )
        return redirect("cases:case", case_id=case_id)
    stands = queries.opened_by_answering(done, found.stage, request.actor)
    messages.success(request, _recorded(done), extra_tags="" if stands else _undo(case_id))
    return adjudication.take_next(request) if adjudicates else take_next(request, came_from)


def _undo(case_id: UUID) -> str:
    """Where the notice lets the answer be taken back; empty where the product is set to have no such window."""
    return reverse("cases:undo", args=[case_id]) if settings.UNDO_SECONDS else ""


@require_POST
def undo(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Take back the answer one has just given, and open the case again with it as the draft."""
    try:
        actions.undo_review(case_id=case_id, actor=request.actor, at=timezone.now())
    except (AnswerStands, KnowsSubject, TooLate) as error:
        messages.warning(request, error.detail)
    else:
        messages.success(request, "Your answer is taken back. It is in the form again, as your draft.")
    return redirect("cases:case", case_id=case_id)


@require_POST
def reopen(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Let a decided case be reviewed anew."""
    reason = request.POST.get("reason", "")
    try:
        actions.reopen_case(case_id=case_id, reason=reason, actor=request.actor, at=timezone.now())
    except (Invalid, NotDecided) as error:
        messages.warning(request, error.detail)
    else:
        messages.success(request, "The case is open again. Its label counts no more; the record keeps both.")
    return redirect("cases:case", case_id=case_id)


def _recorded(done: Case) -> str:
    if done.outcome:
        return f"Recorded: {done.external_id}, {done.queue.use_case.outcome_label(done.outcome)}."
    if done.stage == Stage.SECOND:
        return f"Recorded: {done.external_id}. Somebody else answers it, too, before it is decided."
    if done.stage == Stage.ADJUDICATION:
        return f"Recorded: {done.external_id}. The two answers differ, so a lead decides."
    return f"Recorded: {done.external_id} went to {done.queue.name}."


def _kept(request: HttpRequest, before: Case, form: AnswerForm, error: CountersignError) -> HttpResponse:
    """409: the answer was not recorded, the text is kept; says what became of the case."""
    try:
        found = _viewed(request, before.pk)
    except NotFound:
        return render(request, "cases/lease_lost.html", gone_context(before, form), status=409)
    context = _case_context(request, found)
    if isinstance(error, StaleView):
        messages.warning(request, error.detail)
        return render(request, "cases/case.html", context, status=409)
    lost = lost_context(found, request.actor, form, now=timezone.now())
    context["lease_lost"] = lost | {"take_url": context.get("take_url")}
    return render(request, "cases/case.html", context, status=409)


@require_POST
def pend(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Let the case wait until its follow-up time, and go on to the next."""
    form, now = read_pending(request.POST), timezone.now()
    found = own_work.case_to_answer(case_id, request.actor, lease=form.lease)
    if found is None:
        raise Http404
    try:
        follow_up_at = form.follow_up_at(now)
        actions.pend_case(
            case_id=case_id,
            lease=form.lease,
            follow_up_at=follow_up_at,
            awaited=form.awaited,
            actor=request.actor,
            at=now,
        )
    except (Invalid, LeaseLost) as error:
        return _not_pended(request, found, form, error)
    messages.success(request, f"Pended until {wording.clock(follow_up_at, now=now)}: {found.external_id}.")
    return take_next(request, found.queue)


def _not_pended(request: HttpRequest, before: Case, form: PendForm, error: CountersignError) -> HttpResponse:
    """The page again: with what is wrong in the form, or as the case is now that the lease is lost."""
    try:
        found = _viewed(request, before.pk)
    except NotFound:
        context = gone_undone_context(before, undone="It was not pended; below is what you wrote.", typed=form.awaited)
        return render(request, "cases/lease_lost.html", context, status=409)
    context = _case_context(request, found)
    if isinstance(error, LeaseLost):
        messages.warning(request, "Your lease on this case had ended already. It was not pended.")
    elif "pend" in context:
        errors = {problem.pointer.strip("/"): problem.detail for problem in error.errors}
        context["pend"] = pending_panel.pend_context(found, now=timezone.now(), form=form, errors=errors)
    return render(request, "cases/case.html", context, status=error.status)


@require_POST
def release(request: HttpRequest, case_id: UUID) -> HttpResponse:
    lease = read_answer(request.POST).lease
    try:
        done = actions.release(case_id=case_id, lease=lease, actor=request.actor, at=timezone.now())
    except LeaseLost:
        messages.warning(request, "Your lease on this case had ended already.")
        return redirect("cases:my-work")
    messages.success(request, f"{done.external_id} is back in {done.queue.name}.")
    return redirect("cases:my-work")


@require_POST
def recuse(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Step back from the case for good, as one knows the person."""
    lease = read_answer(request.POST).lease
    try:
        done = actions.recuse(case_id=case_id, lease=lease, actor=request.actor, at=timezone.now())
    except LeaseLost:
        messages.warning(
            request, "Your lease on this case had ended already. Take it again to say that you know the person."
        )
        return redirect("cases:my-work")
    messages.success(request, f"Somebody else decides {done.external_id}. You get no case of this person any more.")
    return redirect("cases:my-work")


@require_POST
def heartbeat(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Answers {expires_at}, or 409 with the notice that the lease is lost."""
    form = read_answer(request.POST)
    try:
        kept = actions.heartbeat(case_id=case_id, lease=form.lease, actor=request.actor, at=timezone.now())
    except LeaseLost:
        context = _lost_at_heartbeat(request, case_id, form)
        return render(request, "cases/_lease_lost.html", context, status=409)
    return JsonResponse({"expires_at": kept.lease_until})


def _lost_at_heartbeat(request: HttpRequest, case_id: UUID, form: AnswerForm) -> dict[str, Any]:
    """What was typed stands in the form itself, so only a case that is out of sight is told of here; the page of any other tells more."""
    found = queries.visible_cases(request.actor).only("external_id").filter(pk=case_id).first()
    if found is None and (gone := own_work.passed_on(case_id, request.actor, lease=form.lease)):
        return gone_context(gone, form)
    return named_context(case_id, found.external_id if found else "")


@require_POST
def draft(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Keep what was typed; needs no lease. Answers {saved_at}."""
    form = read_answer(request.POST)
    values = {"choice": form.choice, "reason_codes": form.reason, "note": form.note}
    kept = actions.save_draft(case_id=case_id, actor=request.actor, at=timezone.now(), **values)
    return JsonResponse({"saved_at": wording.clock(kept.saved_at, now=kept.saved_at)})


@require_POST
def discard(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Throw one's own draft away."""
    actions.discard_draft(case_id=case_id, actor=request.actor, at=timezone.now())
    return redirect("cases:my-work")
