"""Every write of people and machines to data sets; freezing is in `freezing`."""

from datetime import datetime

from reviewapp.access.idempotency import durable
from reviewapp.audit import actions as audit
from reviewapp.catalog.models import UseCase
from reviewapp.datasets import queries, rules
from reviewapp.datasets.models import DatasetSnapshot
from reviewapp.datasets.rules import Filters
from reviewapp.lib import bell
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import Conflict, NotAllowed

FREEZE_TASK = "datasets.freeze_pending"


class NotFrozen(Conflict):
    """This data set is not frozen yet. Ask again when its state is frozen."""

    code = "not-frozen"


class TooManyRows(NotAllowed):
    """A data set of more than 10,000 rows is for the ML team, leads and machines."""

    code = "too-many-rows"


@durable
def request_snapshot(*, use_case: UseCase, name: str, filters: Filters, actor: Actor, at: datetime) -> DatasetSnapshot:
    """Ask for the labels of `use_case` that pass `filters` to be frozen, up to the newest one of this moment.

    :raises NotAllowed: if the actor's roles do not include exporting.
    :raises NotFound: if the actor may not read the labels.
    """
    if actor.user_id is None or not rules.may_freeze(actor.roles):
        raise NotAllowed("Freezing a data set is for the ML team and leads.")
    snapshot = DatasetSnapshot.objects.create(
        use_case=queries.readable_use_case(actor, use_case.slug),
        name=name.strip(),
        filters=filters.as_json(),
        up_to_position=queries.last_position(use_case),
        requested_by_id=actor.user_id,
        requested_at=at,
    )
    data = {"use_case": use_case.slug, "filters": snapshot.filters, "up_to_position": snapshot.up_to_position}
    audit.record("dataset.requested", subject=snapshot, actor=actor, at=at, data=data)
    bell.ring(FREEZE_TASK, queue="default")
    return snapshot


@durable
def record_download(*, snapshot: DatasetSnapshot, form: str, actor: Actor, at: datetime) -> None:
    """Say in the trail who carries what away; committed before the first byte leaves.

    :raises NotFrozen: while it is pending, and if freezing failed.
    :raises TooManyRows: if it is larger than the actor's roles allow.
    """
    if not snapshot.is_frozen:
        raise NotFrozen
    if not rules.may_download(actor.roles, rows=snapshot.rows_done):
        raise TooManyRows
    data = {"format": form, "rows": snapshot.rows_done, "digest": snapshot.digest}
    audit.record("dataset.downloaded", subject=snapshot, actor=actor, at=at, data=data)
