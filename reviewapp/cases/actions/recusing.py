"""Stepping back from a case: whoever knows the person it is about does not decide it."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Coalesce

from reviewapp.access.idempotency import durable
from reviewapp.audit import actions as audit
from reviewapp.audit.actions import Entry
from reviewapp.cases.actions.leasing import lock_leased, reopen
from reviewapp.cases.models import Case, Correction, Recusal
from reviewapp.cases.models.evidence import APPLIED
from reviewapp.cases.rules import CaseState
from reviewapp.lib.actor import Actor
from reviewapp.predictions.models import Subject


def mac_of(case_id: UUID) -> bytes | None:
    """Stands for the person of the case, of a copy for that of its original; None where the prediction came without one."""
    about = Coalesce("prediction__copy_of__subject", "prediction__subject")
    macs = Subject.objects.filter(pk__in=Case.objects.filter(pk=case_id).values(person=about))
    mac = macs.values_list("reference_mac", flat=True).first()
    return bytes(mac) if mac is not None else None


def held_of(person_id: UUID, case_id: UUID, mac: bytes | None) -> list[UUID]:
    """What they hold of the case's person, maybe the case itself; copies too, which are about whom their originals are about."""
    about = Q(pk=case_id) | Q(prediction__copy_of__in=Case.objects.filter(pk=case_id).values("prediction"))
    about |= Q(prediction__copy_of__in=Correction.objects.filter(case=case_id, state=APPLIED).values("before"))
    if mac is not None:
        about |= Q(prediction__subject__reference_mac=mac) | Q(prediction__copy_of__subject__reference_mac=mac)
    held = Case.objects.filter(holder=person_id, state=CaseState.LEASED)
    return list(held.filter(about).values_list("pk", flat=True))


def locked_in_order(ids: Sequence[UUID]) -> list[Case]:
    """In the order of ids, so that who takes back at once with somebody else waits for them instead of blocking them."""
    rows = Case.objects.filter(pk__in=ids).select_related("queue").order_by("pk")
    return list(rows.select_for_update(of=("self",), no_key=True))


@durable
def recuse(*, case_id: UUID, lease: int, actor: Actor, at: datetime) -> Case:
    """Give the case back for good, as the actor knows its person, with what else they hold of that person: none of it is given to them again.

    :raises LeaseLost: if they do not hold it under this lease.
    """
    mac = mac_of(case_id)
    knower = cast("UUID", actor.user_id)  # who holds a lease has an id
    concerned = locked_in_order(held_of(knower, case_id, mac))
    case = lock_leased(case_id, lease=lease, actor=actor).case
    Recusal.objects.get_or_create(
        user_id=knower, case=case, ended_at=None, defaults={"reference_mac": mac, "made_at": at}
    )
    others = [each for each in concerned if each.pk != case_id and each.holder_id == knower]
    audit.record_many([_given_back(each) for each in (case, *others)], actor=actor, at=at)
    return case


def _given_back(case: Case) -> Entry:
    reopen(case)
    return Entry("case.recused", "cases.case", str(case.pk), case.queue_id, {"lease": case.lease})
