"""Rights on one queue or one use case, as subqueries: a list filtered by them costs no statement of its own."""

from typing import TypeVar

from django.db.models import Model, QuerySet
from guardian.shortcuts import get_objects_for_user

from reviewapp.access.models import User
from reviewapp.access.rules import implied
from reviewapp.lib.actor import Actor

M = TypeVar("M", bound=Model)


def granted(rows: QuerySet[M], actor: Actor, right: str) -> QuerySet[M]:
    """The rows on which `actor` has `right`, by a grant to them or to one of their roles; never by being a superuser."""
    if actor.user_id is None:
        return rows.none()
    return get_objects_for_user(
        User(pk=actor.user_id), list(implied(right)), klass=rows, any_perm=True, accept_global_perms=False, with_superuser=False
    )
