"""What a lead records of others: that somebody is linked to the person a case is about, and that this is over."""

from datetime import datetime
from typing import cast
from uuid import UUID

from reviewapp.access.idempotency import durable
from reviewapp.access.models import User
from reviewapp.audit import actions as audit
from reviewapp.audit.actions import Entry
from reviewapp.cases.actions.leasing import reopen
from reviewapp.cases.actions.recusing import held_of, locked_in_order, mac_of
from reviewapp.cases.actions.refusals import AlreadyLinked, EndedBefore
from reviewapp.cases.conflicts import conflicts_for, leads_use_case_of, linkable
from reviewapp.cases.models import Case, Recusal
from reviewapp.cases.queries import recused, visible_cases
from reviewapp.cases.rules import REASON_LENGTH, CaseState
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import Invalid, NotAllowed, NotFound, Problem
from reviewapp.lib.fields import why_faults

_TAKEN_BECAUSE = "Its holder knows the person it is about."


@durable
def record_conflict(*, case_id: UUID, username: str, reason: str, actor: Actor, at: datetime) -> Case:
    """From now on somebody is given neither this case nor any other of its person; those of them that they hold go back to their queues.

    :raises NotFound: if the actor may not see the case. :raises NotAllowed: if they lead no queue of its use case.
    :raises Invalid: without a reason, or for a person who works on no queue of the use case that the actor sees.
    :raises AlreadyLinked: if it is on record, by whoever said it.
    """
    case = visible_cases(actor).select_related("queue").filter(pk=case_id).first()
    if case is None:
        raise NotFound
    if not leads_use_case_of(case, actor):
        raise NotAllowed("Only a lead of its use case records who is linked to its person.")
    person, mac = _named(case, username, reason, actor), mac_of(case_id)
    concerned = locked_in_order([case_id, *held_of(person.pk, case_id, mac)])
    if Case.objects.filter(recused(person.pk), pk=case_id).exists():
        raise AlreadyLinked
    Recusal.objects.create(
        user=person, case=case, reference_mac=mac, made_at=at, recorded_by_id=_lead(actor), reason=reason.strip()
    )
    entry = Entry("case.conflict_recorded", "cases.case", str(case_id), case.queue_id, {"linked": str(person.pk)})
    held = [each for each in concerned if each.state == CaseState.LEASED and each.holder_id == person.pk]
    audit.record_many([_with_reason(entry, reason), *(_taken_back(each, person) for each in held)], actor=actor, at=at)
    return next(each for each in concerned if each.pk == case_id)


def _named(case: Case, username: str, reason: str, actor: Actor) -> User:
    """:raises Invalid: with everything that is wrong."""
    faults = why_faults(reason, most=REASON_LENGTH)
    found = linkable(case, actor, username=username) if username and "\0" not in username else []
    if not found:
        faults.insert(0, Problem("/person", "unknown_value", "Choose a person who works on a queue of this use case."))
    _refuse(faults)
    return found[0]


def _refuse(faults: list[Problem]) -> None:
    if faults:
        raise Invalid(" ".join(fault.detail for fault in faults), errors=faults)


def _lead(actor: Actor) -> UUID:
    return cast("UUID", actor.user_id)  # who leads a queue has an id


def _with_reason(entry: Entry, reason: str) -> Entry:
    return Entry(entry.action, entry.object_type, entry.object_id, entry.queue_id, entry.data, reason=reason.strip())


def _taken_back(case: Case, person: User) -> Entry:
    """Back to its queue, as in any recusal: what the holder sends now is kept as a draft."""
    reopen(case)
    data = {"lease": case.lease, "holder": str(person.pk)}
    return Entry("case.taken_back", "cases.case", str(case.pk), case.queue_id, data, reason=_TAKEN_BECAUSE)


@durable
def end_conflict(*, conflict_id: UUID, reason: str, actor: Actor, at: datetime) -> Recusal:
    """Somebody may be given the cases of this person again. What was recorded stays on record, with its end.

    :raises NotFound: if the actor leads no queue of its use case, or may not see its case. :raises Invalid: without a reason.
    :raises NotAllowed: for what people said of themselves. :raises EndedBefore:
    """
    found = conflicts_for(actor).select_for_update(of=("self",), no_key=True).filter(pk=conflict_id).first()
    if found is None:
        raise NotFound
    if found.recorded_by_id is None:
        raise NotAllowed("They said so themselves, and that has no end.", code="own-word")
    if found.ended_at is not None:
        raise EndedBefore
    _refuse(why_faults(reason, most=REASON_LENGTH))
    found.ended_at, found.ended_by_id, found.end_reason = at, _lead(actor), reason.strip()
    found.save(update_fields=["ended_at", "ended_by", "end_reason"])
    audit.record(
        "case.conflict_ended",
        subject=found.case,
        actor=actor,
        at=at,
        queue_id=found.case.queue_id,
        data={"linked": str(found.user_id)},
        reason=reason.strip(),
    )
    return found
