"""Every write to people, their rights and keys. Doors have asked whether the actor may manage people or keys; what nobody may, is refused here."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from django.contrib.auth import authenticate, password_validation
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Model, QuerySet
from guardian.shortcuts import assign_perm, remove_perm

from reviewapp.access import budget, grantable, rules
from reviewapp.access.idempotency import durable
from reviewapp.access.models import ApiKey, User
from reviewapp.access.rules import Role
from reviewapp.audit import actions as audit
from reviewapp.lib.actor import HUMAN, SYSTEM, Actor, system
from reviewapp.lib.errors import Conflict, CountersignError, Invalid, NotAllowed, NotFound, Problem

P = ParamSpec("P")
R = TypeVar("R")
_USER = User._meta.label_lower


class SignInRefused(NotAllowed):
    """The user name or the password is wrong."""

    code = "sign-in-refused"
    status = 401


class WrongPassword(NotAllowed):
    """The present password is wrong."""

    code = "wrong-password"


class LastAdmin(Conflict):
    """This is the last active administrator. Make another one first."""

    code = "last-admin"


class OwnRights(NotAllowed):
    """Nobody gives rights to themselves. Ask another administrator."""

    code = "own-rights"


class NameTaken(Conflict):
    """This name is taken."""

    code = "name-taken"


def _refusals_recorded(action_code: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A refused change of rights is on record as well, in a transaction of its own, since the refused one is undone."""

    def decorate(action: Callable[P, R]) -> Callable[P, R]:
        @wraps(action)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return action(*args, **kwargs)
            except (LastAdmin, OwnRights) as refusal:
                _record_refusal(action_code, dict(kwargs), refusal)
                raise

        return wrapper

    return decorate


def _record_refusal(action_code: str, given: Mapping[str, Any], refusal: CountersignError) -> None:
    holder = given.get("holder")
    about = audit.Entry(action_code, _USER, str(given["user_id"])) if holder is None else _entry(action_code, holder)
    with transaction.atomic(durable=True):
        audit.record_many(
            [replace(about, outcome="refused", data={"code": refusal.code})], actor=given["actor"], at=given["at"]
        )


# Signing in


def sign_in(*, username: str, password: str, address: str, request_id: str, at: datetime) -> User:
    """The person whose name and password these are. The caller begins their session.

    Unknown names, service accounts and disabled accounts cost the same hash and get the same answer as a wrong password.

    :raises SignInRefused: also on record. :raises TooManyGuesses: before anything is hashed.
    """
    budgets = budget.keys_of(username, address)
    budget.spend(budgets, at=at)
    name = rules.fold_name(username)
    user = authenticate(None, username=name, password=password)
    if not isinstance(user, User):
        _refuse_sign_in(name, request_id=request_id, at=at)
    return _signed_in(user=user, budgets=budgets, request_id=request_id, at=at)


def _refuse_sign_in(name: str, *, request_id: str, at: datetime) -> None:
    """On record with the account's id; what was typed for an account that does not exist is not kept."""
    account = User.objects.filter(username=name).values_list("pk", flat=True).first()
    entry = audit.Entry("user.sign_in_refused", _USER, str(account or "unknown"), outcome="refused")
    with transaction.atomic(durable=True):
        audit.record_many([entry], actor=replace(system("sign-in"), request_id=request_id), at=at)
    raise SignInRefused


@durable
def _signed_in(*, user: User, budgets: dict[str, int], request_id: str, at: datetime) -> User:
    budget.refund(budgets, at=at)
    User.objects.filter(pk=user.pk).update(last_login=at)
    actor = Actor(kind=HUMAN, user_id=user.pk, name=user.username, roles=_roles_of(user), request_id=request_id)
    audit.record("user.signed_in", subject=user, actor=actor, at=at)
    return user


@durable
def sign_out(*, user_id: UUID, actor: Actor, at: datetime) -> None:
    """On record that the person left; the caller ends the session."""
    audit.record("user.signed_out", subject=User(pk=user_id), actor=actor, at=at)


# Passwords and preferences


def change_password(*, user_id: UUID, current: str, new: str, address: str, actor: Actor, at: datetime) -> User:
    """Give oneself a new password; every session of before ends.

    :raises WrongPassword, TooManyGuesses: a wrong present password is a guess like any other.
    :raises Invalid: if the new one is weak, with a problem for each reason.
    """
    user = User.objects.get(pk=user_id)
    budgets = budget.keys_of(user.username, address)
    budget.spend(budgets, at=at)
    if not user.check_password(current):
        _record_wrong_password(user_id=user.pk, actor=actor, at=at)
        raise WrongPassword
    return _set_password(
        user_id=user_id,
        password=new,
        must_change=False,
        action_code="user.password_changed",
        budgets=budgets,
        actor=actor,
        at=at,
    )


@durable
def _record_wrong_password(*, user_id: UUID, actor: Actor, at: datetime) -> None:
    audit.record("user.password_changed", subject=User(pk=user_id), actor=actor, at=at, outcome="refused")


def reset_password(*, user_id: UUID, password: str, actor: Actor, at: datetime) -> User:
    """Give somebody else a password, which they must change when they sign in; their sessions end.

    :raises NotAllowed: for oneself and for service accounts.
    """
    if user_id == actor.user_id:
        raise NotAllowed(
            "Change your own password under your name; there you give the present one.", code="own-password"
        )
    return _set_password(
        user_id=user_id,
        password=password,
        must_change=True,
        action_code="user.password_reset",
        budgets={},
        actor=actor,
        at=at,
    )


@durable
def _set_password(
    *,
    user_id: UUID,
    password: str,
    must_change: bool,
    action_code: str,
    budgets: dict[str, int],
    actor: Actor,
    at: datetime,
) -> User:
    user = _locked(user_id)
    if user.is_service:
        raise NotAllowed("Nobody signs in as a service account; it has keys.", code="service-account")
    refuse_weak_password(password, user)
    user.set_password(password)
    user.must_change_password = must_change
    user.session_epoch += 1
    user.save(update_fields=["password", "must_change_password", "session_epoch"])
    budget.refund(budgets, at=at)
    audit.record(action_code, subject=user, actor=actor, at=at)
    return user


def refuse_weak_password(password: str, user: User) -> None:
    """:raises Invalid: with the reasons, none of which repeats the password."""
    try:
        if "\0" in password or len(password.encode()) > rules.PASSWORD_BYTES:
            raise ValidationError(
                f"Use at most {rules.PASSWORD_BYTES} bytes and no NUL character.", code="bad-password"
            )
        password_validation.validate_password(password, user)
    except ValidationError as weak:
        problems = [
            Problem("/password", str(fault.code).replace("_", "-"), fault.messages[0]) for fault in weak.error_list
        ]
        raise Invalid(" ".join(weak.messages), code="weak-password", errors=problems) from None


@durable
def set_theme(*, user_id: UUID, theme: str, actor: Actor, at: datetime) -> None:
    """Light, dark or as the device; the one preference that follows the person."""
    if User.objects.filter(pk=user_id).exclude(theme=theme).update(theme=theme):
        audit.record("user.theme_changed", subject=User(pk=user_id), actor=actor, at=at, data={"theme": theme})


@durable
def set_own_keys(*, user_id: UUID, own: Mapping[str, str], actor: Actor, at: datetime) -> None:
    """What this person presses for the keys of the product; an empty mapping gives all of them back.

    :raises Invalid: with a pointer for each key that cannot be.
    """
    changed = {key: pressed for key, pressed in own.items() if key in rules.KEY_WORDS and pressed != key}
    if faults := rules.own_key_faults(changed):
        problems = [Problem(f"/{key}", "bad-key", detail) for key, detail in faults.items()]
        raise Invalid("These keys are not saved: " + " ".join(faults.values()), errors=problems)
    if User.objects.filter(pk=user_id).exclude(own_keys=changed).update(own_keys=changed):
        audit.record("user.keys_changed", subject=User(pk=user_id), actor=actor, at=at, data={"own_keys": changed})


LONGEST_AWAY = timedelta(days=366)


@durable
def set_away(*, user_id: UUID, until: datetime | None, actor: Actor, at: datetime) -> None:
    """The person is out of office until then, or back where it is None. They may still take cases; nobody gives them one.

    :raises Invalid: for a time that is over, or more than a year ahead.
    """
    if until is not None and not at < until <= at + LONGEST_AWAY:
        fault = Problem("/until", "out_of_range", "Choose a time to come, within a year.")
        raise Invalid(fault.detail, errors=[fault])
    if User.objects.filter(pk=user_id).update(away_until=until):
        data = {"until": until.isoformat() if until else None}
        audit.record("user.absence_changed", subject=User(pk=user_id), actor=actor, at=at, data=data)


# People


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
    user.save(force_insert=True)
    user.groups.set(groups := _groups(roles))
    names = sorted(group.name for group in groups)
    audit.record("user.created", subject=user, actor=actor, at=at, data={"roles": names, "service": is_service})
    return user


def _refuse_bad_user(user: User, password: str | None) -> None:
    if not rules.is_user_name(user.username):
        fault = "Use up to 60 lower-case letters, digits, dot, dash and underscore, beginning with a letter or digit."
        raise Invalid(fault, errors=[Problem("/username", "bad-user-name", fault)])
    if (
        not user.display_name.strip()
        or len(user.display_name) > rules.NAME_LENGTH
        or not user.display_name.isprintable()
    ):
        fault = "Give a name of up to 60 printable characters."
        raise Invalid(fault, errors=[Problem("/display_name", "bad-name", fault)])
    if user.is_service != (password is None):
        raise Invalid("A person needs a password, and a service account has none.", code="password-mismatch")
    if User.objects.filter(username=user.username).exists():
        raise NameTaken("This user name is taken.")
    if password is not None:
        refuse_weak_password(password, user)


@_refusals_recorded("user.roles_changed")
@durable
def set_roles(*, user_id: UUID, roles: Iterable[str], actor: Actor, at: datetime) -> tuple[list[str], list[str]]:
    """Give a user exactly these roles; returns what was added and what was taken. Their sessions end if anything changed.

    :raises OwnRights: for adding a role to oneself. :raises LastAdmin: for taking the last Admin's role.
    """
    user = _locked(user_id, admins_too=True)
    groups = _groups(roles)
    had, wanted = _roles_of(user), frozenset(group.name for group in groups)
    added, taken = sorted(wanted - had), sorted(had - wanted)
    if added and user.pk == actor.user_id:
        raise OwnRights
    if Role.ADMIN in taken:
        _refuse_last_admin(user)
    if added or taken:
        user.groups.set(groups)
        _end_sessions(User.objects.filter(pk=user.pk))
        audit.record("user.roles_changed", subject=user, actor=actor, at=at, data={"added": added, "taken": taken})
    return added, taken


@_refusals_recorded("user.disabled")
@durable
def set_active(*, user_id: UUID, active: bool, actor: Actor, at: datetime) -> bool:
    """Open or close an account; closing ends its sessions and its keys' use at once. Returns whether anything changed.

    :raises LastAdmin: for closing the last active Admin's account.
    """
    user = _locked(user_id, admins_too=True)
    if user.is_active == active:
        return False
    if not active:
        _refuse_last_admin(user)
    user.is_active = active
    user.save(update_fields=["is_active"])
    _end_sessions(User.objects.filter(pk=user.pk))
    audit.record("user.enabled" if active else "user.disabled", subject=user, actor=actor, at=at)
    return True


def _locked(user_id: UUID, *, admins_too: bool = False) -> User:
    """The user, locked. With `admins_too` the Admin role is locked first, so that two admins cannot remove each other at once."""
    if admins_too:
        Group.objects.select_for_update(no_key=True).get(name=Role.ADMIN)
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if user is None:
        raise NotFound
    return user


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


def _roles_of(user: User) -> frozenset[str]:
    return frozenset(user.groups.values_list("name", flat=True))


def _end_sessions(users: QuerySet[User]) -> None:
    users.update(session_epoch=F("session_epoch") + 1)


# Rights on one queue or use case


@dataclass(frozen=True, slots=True)
class Grant:
    """A right on `target` (a queue, a use case) to give or to take."""

    target: Model
    right: str
    granted: bool


def set_grant(*, holder: User | Group, target: Model, right: str, granted: bool, actor: Actor, at: datetime) -> bool:
    """Give or take one right. Returns whether anything changed."""
    return bool(set_grants(holder=holder, grants=[Grant(target, right, granted)], actor=actor, at=at))


@_refusals_recorded("grant.given")
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
        _end_sessions(
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
    return replace(_entry("grant.given" if grant.granted else "grant.taken", holder), data=data, queue_id=queue_id)


def _entry(action_code: str, holder: User | Group) -> audit.Entry:
    """An event about a user, by id, or about a role, by name."""
    if isinstance(holder, User):
        return audit.Entry(action_code, _USER, str(holder.pk))
    return audit.Entry(action_code, "auth.group", holder.name)


# API keys


@durable
def create_api_key(
    *, owner_id: UUID, name: str, scopes: Iterable[str], expires_at: datetime, actor: Actor, at: datetime
) -> tuple[ApiKey, str]:
    """A key of a service account, and its text `csk_<prefix>_<secret>`, which exists only in this answer.

    :raises Invalid: for no or unknown scopes, or an expiry that is past or over a year away.
    :raises NameTaken: if a usable key of this owner has the name; so a page sent twice makes one key.
    :raises NotAllowed: for a person's account: nobody makes a key that acts as somebody else.
    """
    owner = _locked(owner_id)
    if not owner.is_service and actor.kind != SYSTEM:
        raise NotAllowed("Keys belong to service accounts.", code="not-a-service-account")
    chosen = _known_scopes(scopes)
    if not at < expires_at <= at + timedelta(days=rules.LONGEST_KEY_DAYS):
        fault = "A key ends in the future, at most one year from now."
        raise Invalid(fault, errors=[Problem("/expires_at", "bad-expiry", fault)])
    if ApiKey.objects.filter(owner=owner, name=name, revoked_at=None, expires_at__gt=at).exists():
        raise NameTaken("This account has a key of this name. Choose another name, or revoke that key first.")
    prefix, text = rules.new_key()
    key = ApiKey.objects.create(
        owner=owner, name=name, prefix=prefix, digest=rules.key_digest(text), scopes=chosen,
        created_at=at, created_by_id=actor.user_id, expires_at=expires_at,
    )  # fmt: skip
    data = {"owner": str(owner.pk), "scopes": chosen, "expires_at": expires_at.isoformat()}
    audit.record("api_key.created", subject=key, actor=actor, at=at, data=data)
    return key, text


def _known_scopes(scopes: Iterable[str]) -> list[str]:
    chosen = sorted(set(scopes))
    if not chosen or not set(chosen) <= set(rules.Scope):
        fault = "Choose at least one scope, of those listed."
        raise Invalid(fault, errors=[Problem("/scopes", "bad-scopes", fault)])
    return chosen


@durable
def revoke_api_key(*, key_id: UUID, actor: Actor, at: datetime) -> bool:
    """End a key now, for good. Returns False if it was revoked before; :raises NotFound: if there is none."""
    key = ApiKey.objects.select_for_update(no_key=True).filter(pk=key_id).first()
    if key is None:
        raise NotFound
    if key.revoked_at is not None:
        return False
    key.revoked_at = at
    key.save(update_fields=["revoked_at"])
    audit.record("api_key.revoked", subject=key, actor=actor, at=at, data={"owner": str(key.owner_id)})
    return True
