"""What a page says to somebody whose lease is over: what became of the case, and what they wrote."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse

from reviewapp.audit.queries import of_object
from reviewapp.cases.answer_form import chosen_words
from reviewapp.cases.forms import AnswerForm
from reviewapp.cases.models import Case
from reviewapp.cases.own_work import passed_on
from reviewapp.cases.queries import counted_reviews
from reviewapp.cases.rules import CaseState
from reviewapp.lib.actor import Actor


def lost_context(found: Case, actor: Actor, form: AnswerForm, *, now: datetime) -> dict[str, Any]:
    """`lost` of a case that the actor may see, for cases/_lease_lost.html."""
    held = found.holder if found.state == CaseState.LEASED and found.holder_id != actor.user_id else None
    return _typed(found, form) | {
        "answered": counted_reviews(found).filter(reviewer_id=actor.user_id).exists(),
        "holder_name": held.display_name if held and found.lease_until and found.lease_until > now else None,
        "is_decided": found.state == CaseState.DECIDED,
        "is_gone": passed_on(found.pk, actor, lease=form.lease) is not None,
        "was_late": _was_late(found),
        "is_untouched": found.lease == form.lease,
    }


def gone_context(case: Case, form: AnswerForm) -> dict[str, Any]:
    """`case` and `lost` of one that was `passed_on`, for somebody who may not see it any more: no word of what is in it, nor of where it is."""
    return named_context(case.pk, case.external_id) | {
        "lost": _typed(case, form) | {"is_gone": True, "was_late": _was_late(case)}
    }


def gone_undone_context(case: Case, *, undone: str, typed: str = "") -> dict[str, Any]:
    """The same for whoever wanted something else than to answer. :param undone: what did not happen, as a sentence; `typed`: what they wrote."""
    return named_context(case.pk, case.external_id) | {
        "lost": {"is_gone": True, "was_late": _was_late(case), "undone": undone, "note": typed}
    }


def named_context(case_id: UUID, external_id: str) -> dict[str, Any]:
    """`case` as one of which nothing more than its number is told; the way on leads to the list of queues."""
    return {
        "case": {"id": case_id, "external_id": external_id, "queue": {"url": reverse("cases:queues"), "is_list": True}}
    }


def _typed(case: Case, form: AnswerForm) -> dict[str, Any]:
    return {
        "choice_text": chosen_words(form.choice, case.queue.use_case),
        "reasons_text": ", ".join(form.reason),
        "note": form.note,
    }


def _was_late(case: Case) -> bool:
    """Whether its time brought it where it is."""
    late = {"action": "case.escalated", "data__passed_to": str(case.queue_id)}
    return of_object("cases.case", [str(case.pk)]).filter(**late).exists()
