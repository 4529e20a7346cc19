"""Stepping back from a case: whoever knows the person it is about does not decide it."""

from datetime import datetime
from typing import cast
from uuid import UUID

from django.db.models.functions import Coalesce

from reviewapp.access.idempotency import durable
from reviewapp.audit import actions as audit
from reviewapp.cases.actions.leasing import lock_leased, reopen
from reviewapp.cases.models import Case, Recusal
from reviewapp.lib.actor import Actor
from reviewapp.predictions.models import Subject


def mac_of(case_id: UUID) -> bytes | None:
    """Stands for the person of the case, of a copy for that of its original; None where the prediction came without one."""
    about = Coalesce("prediction__copy_of__subject", "prediction__subject")
    macs = Subject.objects.filter(pk__in=Case.objects.filter(pk=case_id).values(person=about))
    mac = macs.values_list("reference_mac", flat=True).first()
    return bytes(mac) if mac is not None else None


@durable
def recuse(*, case_id: UUID, lease: int, actor: Actor, at: datetime) -> Case:
    """Give the case back for good, as the actor knows its person: neither it nor any other case of that person is given to them again.

    :raises LeaseLost: if they do not hold it under this lease.
    """
    case = lock_leased(case_id, lease=lease, actor=actor).case
    mac = mac_of(case.pk)
    knower = cast("UUID", actor.user_id)  # who holds a lease has an id
    Recusal.objects.get_or_create(
        user_id=knower, case=case, ended_at=None, defaults={"reference_mac": mac, "made_at": at}
    )
    reopen(case)
    audit.record("case.recused", subject=case, actor=actor, at=at, queue_id=case.queue_id, data={"lease": lease})
    return case
