"""Accounts and their roles."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import Group

from reviewapp.access import rules
from reviewapp.access.actions.accounts import end_sessions, locked, roles_of
from reviewapp.access.actions.passwords import refuse_weak_password
from reviewapp.access.actions.refusals import LastAdmin, NameTaken, OwnRights, refusals_recorded
from reviewapp.access.idempotency import durable
from reviewapp.access.models import User
from reviewapp.access.rules import Role
from reviewapp.audit import actions as audit
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import Invalid, Problem
from reviewapp.lib.unique import refused_as

_TAKEN = "This user name is taken."


@durable
def create_user(
    *,
    username: str,
    display_name: str,
    roles: Iterable[str] = (),
    password: str | None = None,
    is_service: bool = False,
    must_change_password: bool = False,
    actor: Actor,
    at: datetime,
) -> User:
    """A person who signs in with `password`, or a service account, which has none and for which only API keys act.

    :raises NameTaken: :raises Invalid: for a bad name, an unknown role or a weak password.
    """
    user = User(
        username=username,
        display_name=display_name,
        is_service=is_service,
        must_change_password=must_change_password,
        created_at=at,
    )
    _refuse_bad_user(user, password)
    user.set_password(password)
    with refused_as(NameTaken(_TAKEN)):
        user.save(force_insert=True)
    user.groups.set(groups := _groups(roles))
    names = sorted(group.name for group in groups)
    audit.record("user.created", subject=user, actor=actor, at=at, data={"roles": names, "service": is_service})
    return user


def _refuse_bad_user(user: User, password: str | None) -> None:
    if not rules.is_user_name(user.username):
        fault = "Use up to 60 lower-case letters, digits, dot, dash and underscore, beginning with a letter or digit."
        raise Invalid(fault, errors=[Problem("/username", "bad_user_name", fault)])
    if (
        not user.display_name.strip()
        or len(user.display_name) > rules.NAME_LENGTH
        or not user.display_name.isprintable()
    ):
        fault = "Give a name of up to 60 printable characters."
        raise Invalid(fault, errors=[Problem("/display_name", "bad_name", fault)])
    if user.is_service != (password is None):
        raise Invalid("A person needs a password, and a service account has none.", code="password-mismatch")
    if User.objects.filter(username=user.username).exists():
        raise NameTaken(_TAKEN)
    if password is not None:
        refuse_weak_password(password, user)


@refusals_recorded("user.roles_changed")
@durable
def set_roles(*, user_id: UUID, roles: Iterable[str], actor: Actor, at: datetime) -> tuple[list[str], list[str]]:
    """Give a user exactly these roles; returns what was added and what was taken. Their sessions end if anything changed.

    :raises OwnRights: for adding a role to oneself. :raises LastAdmin: for taking the last Admin's role.
    """
    user = locked(user_id, admins_too=True)
    groups = _groups(roles)
    had, wanted = roles_of(user), frozenset(group.name for group in groups)
    added, taken = sorted(wanted - had), sorted(had - wanted)
    if added and user.pk == actor.user_id:
        raise OwnRights
    if Role.ADMIN in taken:
        _refuse_last_admin(user)
    if added or taken:
        user.groups.set(groups)
        end_sessions(User.objects.filter(pk=user.pk))
        audit.record("user.roles_changed", subject=user, actor=actor, at=at, data={"added": added, "taken": taken})
    return added, taken


@refusals_recorded("user.disabled")
@durable
def set_active(*, user_id: UUID, active: bool, actor: Actor, at: datetime) -> bool:
    """Open or close an account; closing ends its sessions and its keys' use at once. Returns whether anything changed.

    :raises LastAdmin: for closing the last active Admin's account.
    """
    user = locked(user_id, admins_too=True)
    if user.is_active == active:
        return False
    if not active:
        _refuse_last_admin(user)
    user.is_active = active
    user.save(update_fields=["is_active"])
    end_sessions(User.objects.filter(pk=user.pk))
    audit.record("user.enabled" if active else "user.disabled", subject=user, actor=actor, at=at)
    return True


def _refuse_last_admin(user: User) -> None:
    admins = User.objects.filter(groups__name=Role.ADMIN, is_active=True, is_service=False)
    if admins.filter(pk=user.pk).exists() and not admins.exclude(pk=user.pk).exists():
        raise LastAdmin


def _groups(roles: Iterable[str]) -> list[Group]:
    wanted = set(roles)
    groups = list(Group.objects.filter(name__in=wanted & set(Role)))
    if len(groups) != len(wanted):
        raise Invalid("There is no such role.", code="unknown-role")
    return groups
