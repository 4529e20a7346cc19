"""Rights on single objects."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from guardian.shortcuts import assign_perm, remove_perm

from reviewapp.access import grantable
from reviewapp.access.actions.accounts import end_sessions, entry_about
from reviewapp.access.actions.refusals import OwnRights, refusals_recorded
from reviewapp.access.idempotency import durable
from reviewapp.access.models import User
from reviewapp.audit import actions as audit
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import Invalid


@dataclass(frozen=True, slots=True)
class Grant:
    """A right on `target` (a queue, a use case) to give or to take."""

    target: Model
    right: str
    granted: bool


def set_grant(*, holder: User | Group, target: Model, right: str, granted: bool, actor: Actor, at: datetime) -> bool:
    """Give or take one right. Returns whether anything changed."""
    return bool(set_grants(holder=holder, grants=[Grant(target, right, granted)], actor=actor, at=at))


@refusals_recorded("grant.given")
@durable
def set_grants(*, holder: User | Group, grants: Sequence[Grant], actor: Actor, at: datetime) -> list[Grant]:
    """Give and take rights of a user or of a role; one event for each that changed anything. Returns those.

    What is taken ends the sessions of those who lose it; what is given counts from their next request on.

    :raises OwnRights: for giving a right to oneself or to a role one has.
    """
    _lock(holder)
    changes = [grant for grant in grants if _is_granted(holder, grant) != grant.granted]
    if any(grant.granted for grant in changes) and _is_own(holder, actor):
        raise OwnRights
    for grant in changes:
        (assign_perm if grant.granted else remove_perm)(grant.right, holder, grant.target)
    if any(not grant.granted for grant in changes):
        end_sessions(
            User.objects.filter(pk=holder.pk) if isinstance(holder, User) else User.objects.filter(groups=holder)
        )
    audit.record_many((_grant_entry(holder, grant) for grant in changes), actor=actor, at=at)
    return changes


def _lock(holder: User | Group) -> None:
    rows: QuerySet[Any] = type(holder)._default_manager.all()
    rows.select_for_update(no_key=True).get(pk=holder.pk)


def _is_own(holder: User | Group, actor: Actor) -> bool:
    return holder.pk == actor.user_id if isinstance(holder, User) else holder.name in actor.roles


def _is_granted(holder: User | Group, grant: Grant) -> bool:
    kind = grantable.find(grant.target)
    if grant.right not in kind.rights:
        raise Invalid("There is no such right on this kind of object.", code="unknown-right")
    whose = {"user_id": holder.pk} if isinstance(holder, User) else {"group_id": holder.pk}
    rows = kind.user_grants.objects if isinstance(holder, User) else kind.role_grants.objects
    return rows.filter(**whose, content_object_id=grant.target.pk, permission__codename=grant.right).exists()


def _grant_entry(holder: User | Group, grant: Grant) -> audit.Entry:
    kind = grantable.find(grant.target)
    data = {"right": grant.right, "on": kind.label, "on_id": str(grant.target.pk)}
    queue_id = grant.target.pk if kind.is_queue else None
    return replace(entry_about("grant.given" if grant.granted else "grant.taken", holder), data=data, queue_id=queue_id)
