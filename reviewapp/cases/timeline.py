"""The story of a case in sentences, from its audit events."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from reviewapp.audit.models import AuditEvent
from reviewapp.audit.rules import words_of
from reviewapp.cases import withheld_words
from reviewapp.cases.models import BlindAnswer, Case, Review
from reviewapp.cases.rules import Answer
from reviewapp.cases.wording import clock, low
from reviewapp.catalog.models import UseCase

# One for every action that can be about a case or its prediction; some are told at more length by `_told`
SENTENCES = {
    "prediction.received": "The prediction was received.",
    "prediction.scored": "The model scored it.",
    "prediction.explained": "The model’s reasons were worked out.",
    "prediction.unexplained": "The model’s reasons could not be worked out.",
    "prediction.failed": "The model could not score it.",
    "case.claimed": "{who} took the case.",
    "case.released": "{who} gave the case back.",
    "case.blind_answered": "{who} recorded a view of their own.",
    "case.reviewed": "{who} answered the case.",
    "case.pended": "{who} pended the case.",
    "case.recused": "{who} knows the person and gave the case back. It is not given to them again.",
    "case.conflict_recorded": "{who} recorded that {linked} knows the person. They get none of the person’s cases.",
    "case.conflict_ended": "{who} ended what was recorded of {linked} and the person. They may get the person’s cases again.",
    "case.undone": "{who} took the answer back. It counts no more.",
    "case.reopened": "{who} reopened the case. What was decided counts no more.",
    "case.reopening_asked": "{who} asked to reopen the case.",
    "case.reopening_declined": "{who} declined to reopen the case.",
    "case.returned": "The follow-up time came: the case went back to its queue, with its priority raised by one.",
    "case.sla_threatened": "Time runs short: the case is at risk of being late.",
    "case.sla_breached": "The time is over: the case is late. Its priority became {priority}, the highest.",
    "case.comment_withdrawn": "{who} withdrew a comment.",
    "case.commented": "{who} wrote a comment.",
    "case.escalated": "The late case went to {to}.",
    "case.viewed": "{who} looked at the case.",
    "prediction.viewed": "{who} looked at why it needs a person.",
    "case.taken_back": "{who} took the case back from {holder}.",
    "case.reassigned": "{who} gave the case to {person}.",
    "case.reprioritised": "{who} changed its priority from {before} to {priority}.",
    "case.moved": "{who} moved the case to {moved_to}.",
    "case.what_if_asked": "{who} asked the model what it would say of other inputs.",
    "case.flips_asked": "{who} asked what would change the model’s advice.",
    "case.similar_viewed": "{who} looked at similar decided cases.",
    "case.document_added": "{who} attached a document.",
    "case.document_viewed": "{who} opened a document.",
    "prediction.document_added": "{who} sent a document.",
    "case.correction_proposed": "{who} corrected inputs. The model is asked to score them.",
    "case.corrected": "The model scored the corrected inputs. What was answered before counts no more.",
    "case.correction_lapsed": "The case was answered, or whoever corrected it stepped back from it, before the model had scored the corrected "
    "inputs: the correction counts no more.",
    "case.correction_failed": "The model could not score the corrected inputs: the case stands as it was.",
}
# Why somebody is linked to the person is for leads and the audit trail, not for everybody who reads the case
_REASON_KEPT = {"case.conflict_recorded", "case.conflict_ended"}
# What the system tells of what somebody did, the last time that they did it
_FOLLOWS = {"case.returned": "case.pended", "case.correction_lapsed": "case.correction_proposed"}
# What is no news from the same person directly after what
_COVERED = {
    "case.viewed": {
        "case.viewed",
        "case.claimed",
        "case.what_if_asked",
        "case.flips_asked",
        "case.similar_viewed",
        "case.commented",
        "case.comment_withdrawn",
        "case.document_viewed",
        "case.document_added",
        "case.correction_proposed",
    },
    "prediction.viewed": {"prediction.viewed"},
    "case.what_if_asked": {"case.what_if_asked"},
    "case.flips_asked": {"case.flips_asked"},
    "case.similar_viewed": {"case.similar_viewed"},
    "case.document_viewed": {"case.document_viewed"},
}


def timeline(
    case: Case, events: Sequence[AuditEvent], names: Mapping[Any, str], *, hidden: Collection[UUID] = ()
) -> list[dict[str, Any]]:
    """Sentences, newest last; one person's repeated looks, and the look of who has just taken the case, are told once.

    :param hidden: people of whose doings nothing is told, nor of what was done with regard to them or followed from what they did.
    """
    reviews = {str(review.pk): review for review in case.reviews.all()}
    pended = next((event.pk for event in reversed(events) if event.action == "case.pended"), None)
    views = {str(view.pk): view for view in case.blind_answers.all()} if case.is_blind else {}
    seen_by = {view.reviewer_id for view in views.values()} if case.is_withheld else set()
    told: list[dict[str, Any]] = []
    last: tuple[str, Any] = ("", None)
    left_out: set[str] = set()
    for event in events:
        if not people_in([event]).isdisjoint(hidden) or _FOLLOWS.get(event.action) in left_out:
            left_out.add(event.action)
            continue
        left_out.discard(event.action)
        if event.actor_id == last[1] and last[0] in _COVERED.get(event.action, ()):
            continue
        last = (event.action, event.actor_id)
        told.append(_told(case, event, reviews, views, names))
        if event.pk == pended and event.actor_id not in seen_by:
            told[-1]["quote"] = case.awaited  # a case keeps what was awaited last
    return told


def _told(
    case: Case,
    event: AuditEvent,
    reviews: Mapping[str, Review],
    views: Mapping[str, BlindAnswer],
    names: Mapping[Any, str],
) -> dict[str, Any]:
    who = names.get(event.actor_id, event.actor_name or "The system")
    review = reviews.get(event.data.get("review", ""))
    seen_by = {view.reviewer_id for view in views.values()}
    if case.is_withheld and (short := withheld_words.sentence(event, who, review, seen_by=seen_by)):
        return {"at": event.at, "sentence": short, "quote": ""}
    if view := views.get(event.data.get("blind_answer", "")):
        said = low(case.queue.use_case.outcome_label(view.outcome))
        return {"at": event.at, "sentence": f"{who} said {said}, before seeing the model’s advice.", "quote": view.note}
    if event.action == "case.reviewed" and review is not None:
        return {"at": event.at, "sentence": f"{who} {answered(review, case.queue.use_case)}.", "quote": review.note}
    if event.action == "case.pended":
        until = clock(datetime.fromisoformat(event.data["follow_up_at"]), now=event.at)
        return {"at": event.at, "sentence": f"{who} pended the case until {until}.", "quote": ""}
    if event.action in {"prediction.received", "prediction.scored"} and event.data.get("rule"):
        return {"at": event.at, "sentence": _routed(case, event), "quote": ""}
    words = {**event.data, "who": who, "person": _named(event, "assigned_to", names)}
    words["holder"], words["linked"] = (_named(event, name, names) for name in ("holder", "linked"))
    words["to"] = event.data.get("moved_to") or words["person"]
    is_kept = event.action in _REASON_KEPT or (case.is_withheld and event.actor_id in seen_by)
    return {
        "at": event.at,
        "sentence": (SENTENCES.get(event.action) or f"{{who}} {words_of(event.action)}.").format(**words),
        "quote": "" if is_kept else event.reason,
    }


def people_in(events: Iterable[AuditEvent]) -> set[UUID]:
    """Ids of everybody the sentences name: who acted, and whom a lead took a case from, gave it to or said something of."""
    named = [event.data.get(name) for event in events for name in ("assigned_to", "holder", "linked")]
    return {event.actor_id for event in events if event.actor_id} | {UUID(text) for text in named if text}


def _named(event: AuditEvent, name: str, names: Mapping[Any, str]) -> str:
    given = event.data.get(name)
    return names.get(UUID(given), "a colleague") if given else "a colleague"


def _routed(case: Case, event: AuditEvent) -> str:
    advised = low(case.queue.use_case.outcome_label(event.data.get("outcome") or case.advised))
    did = "Scored here" if event.action == "prediction.scored" else "Received"
    return f"{did}; the model advised {advised}. Policy version {event.data['policy']} asked for a person: {event.data['rule']}."


def answered(review: Review, use_case: UseCase) -> str:
    """ "agreed: deny", "corrected to approve", "referred the case"."""
    outcome = low(use_case.outcome_label(review.outcome))
    return {
        Answer.AGREE: f"agreed: {outcome}",
        Answer.CORRECT: f"corrected to {outcome}",
        Answer.REFER: "referred the case",
        Answer.CANNOT_TELL: "could not tell",
    }[Answer(review.answer)]
