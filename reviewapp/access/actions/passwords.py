"""Signing in and out, and passwords."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.contrib.auth import authenticate, password_validation
from django.core.exceptions import ValidationError
from django.db import transaction

from reviewapp.access import budget, rules
from reviewapp.access.actions.accounts import USER, locked, roles_of
from reviewapp.access.actions.refusals import SignInRefused, WrongPassword
from reviewapp.access.idempotency import durable
from reviewapp.access.models import User
from reviewapp.audit import actions as audit
from reviewapp.lib.actor import HUMAN, Actor, system
from reviewapp.lib.errors import Invalid, NotAllowed, Problem


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
    entry = audit.Entry("user.sign_in_refused", USER, str(account or "unknown"), outcome="refused")
    with transaction.atomic(durable=True):
        audit.record_many([entry], actor=replace(system("sign-in"), request_id=request_id), at=at)
    raise SignInRefused


@durable
def _signed_in(*, user: User, budgets: dict[str, int], request_id: str, at: datetime) -> User:
    budget.refund(budgets, at=at)
    User.objects.filter(pk=user.pk).update(last_login=at)
    actor = Actor(kind=HUMAN, user_id=user.pk, name=user.username, roles=roles_of(user), request_id=request_id)
    audit.record("user.signed_in", subject=user, actor=actor, at=at)
    return user


@durable
def sign_out(*, user_id: UUID, actor: Actor, at: datetime) -> None:
    """On record that the person left; the caller ends the session."""
    audit.record("user.signed_out", subject=User(pk=user_id), actor=actor, at=at)


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
    budget.refund(budgets, at=at)  # first, as when somebody signs in: the counts, then the account
    user = locked(user_id)
    if user.is_service:
        raise NotAllowed("Nobody signs in as a service account; it has keys.", code="service-account")
    refuse_weak_password(password, user)
    user.set_password(password)
    user.must_change_password = must_change
    user.session_epoch += 1
    user.save(update_fields=["password", "must_change_password", "session_epoch"])
    audit.record(action_code, subject=user, actor=actor, at=at)
    return user


def refuse_weak_password(password: str, user: User) -> None:
    """:raises Invalid: with the reasons, none of which repeats the password."""
    try:
        if "\0" in password or len(password.encode()) > rules.PASSWORD_BYTES:
            raise ValidationError(
                f"Use at most {rules.PASSWORD_BYTES} bytes and no NUL character.", code="bad_password"
            )
        password_validation.validate_password(password, user)
    except ValidationError as weak:
        problems = [Problem("/password", str(fault.code), fault.messages[0]) for fault in weak.error_list]
        raise Invalid(" ".join(weak.messages), code="weak-password", errors=problems) from None
