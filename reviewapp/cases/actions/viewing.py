"""Looking at a case, which is on record."""

from datetime import datetime
from uuid import UUID

from reviewapp.access.idempotency import durable
from reviewapp.audit import actions as audit
from reviewapp.cases.models import Case
from reviewapp.cases.queries import visible_cases, whole_case
from reviewapp.cases.withholding import reveal
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import NotFound


@durable
def view_case(*, case_id: UUID, actor: Actor, at: datetime) -> Case:
    """The whole case, for a reader; the view is on record before a byte of it is sent. The model's part may be withheld: `Case.is_withheld`.

    :raises NotFound:
    """
    case = whole_case(visible_cases(actor), case_id)
    if case is None:
        raise NotFound
    reveal([case], actor)
    audit.record("case.viewed", subject=case, actor=actor, at=at, queue_id=case.queue_id)
    return case
