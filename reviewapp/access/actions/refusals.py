"""What nobody may do to accounts, and keeping on record that somebody tried."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import transaction

from reviewapp.access.actions.accounts import USER, entry_about
from reviewapp.audit import actions as audit
from reviewapp.lib.errors import Conflict, CountersignError, NotAllowed

P = ParamSpec("P")


R = TypeVar("R")


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


def refusals_recorded(action_code: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
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
    about = (
        audit.Entry(action_code, USER, str(given["user_id"])) if holder is None else entry_about(action_code, holder)
    )
    with transaction.atomic(durable=True):
        audit.record_many(
            [replace(about, outcome="refused", data={"code": refusal.code})], actor=given["actor"], at=given["at"]
        )
