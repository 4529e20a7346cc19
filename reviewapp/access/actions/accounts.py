"""What the acts on accounts share."""

from uuid import UUID

from django.contrib.auth.models import Group
from django.db.models import F, QuerySet

from reviewapp.access.models import User
from reviewapp.access.rules import Role
from reviewapp.audit import actions as audit
from reviewapp.lib.errors import NotFound

USER = User._meta.label_lower


def locked(user_id: UUID, *, admins_too: bool = False) -> User:
    """The user, locked. With `admins_too` the Admin role is locked first, so that two admins cannot remove each other at once."""
    if admins_too:
        Group.objects.select_for_update(no_key=True).get(name=Role.ADMIN)
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if user is None:
        raise NotFound
    return user


def roles_of(user: User) -> frozenset[str]:
    return frozenset(user.groups.values_list("name", flat=True))


def end_sessions(users: QuerySet[User]) -> None:
    users.update(session_epoch=F("session_epoch") + 1)


def entry_about(action_code: str, holder: User | Group) -> audit.Entry:
    """An event about a user, by id, or about a role, by name."""
    if isinstance(holder, User):
        return audit.Entry(action_code, USER, str(holder.pk))
    return audit.Entry(action_code, "auth.group", holder.name)
