"""What somebody typed and has not sent: theirs alone, and no part of the record."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from reviewapp.access.idempotency import durable
from reviewapp.access.rules import WORK_QUEUE
from reviewapp.cases import rules
from reviewapp.cases.models import NOTE_LENGTH, Case, Draft
from reviewapp.cases.own_work import passed_on
from reviewapp.cases.queries import visible_cases
from reviewapp.catalog.rules import OutcomeKind
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import NotFound


@durable
def save_draft(
    *, case_id: UUID, choice: str, reason_codes: Sequence[str], note: str, actor: Actor, at: datetime
) -> Draft:
    """Keep what the actor typed. A draft is theirs alone and no part of the record, so it leaves no event.

    :raises NotFound: if the actor may not work on the case, unless it went on from their hands to where they may not.
    """
    if not visible_cases(actor, WORK_QUEUE).filter(pk=case_id).exists() and passed_on(case_id, actor) is None:
        raise NotFound
    values = {"choice": choice, "reason_codes": list(reason_codes), "note": note[:NOTE_LENGTH], "saved_at": at}
    draft, _ = Draft.objects.update_or_create(case_id=case_id, author_id=actor.user_id, defaults=values)
    return draft


def choice_again(case: Case, answer: str, outcome: str) -> str:
    """An answer as a choice of the form that `case` has now, which asks for plain outcomes where they are ordered and where a lead
    decides between two answers. Its queue's use case is loaded, and `withholding.reveal` was asked for who answered."""
    if case.is_withheld and answer == rules.Answer.AGREE:  # the outcome that it stands for is what they are not to read
        return rules.choice_of(answer, outcome)
    plain = case.stage == rules.Stage.ADJUDICATION or case.queue.use_case.outcome_kind == OutcomeKind.ORDINAL
    level = rules.said(answer, outcome=outcome, predicted=case.advised) if plain else ""
    return rules.choice_of(answer, outcome, level=level)


@durable
def discard_draft(*, case_id: UUID, actor: Actor, at: datetime) -> None:
    """Throw the actor's own draft away. As saving one, it is no part of the record and leaves no event."""
    Draft.objects.filter(case_id=case_id, author_id=actor.user_id).delete()
