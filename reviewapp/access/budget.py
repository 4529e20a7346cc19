"""At most so many wrong guesses per account and per address in a quarter of an hour, counted in PostgreSQL before any hash is computed.

A sliding log, not a counter per window: at no moment were more guesses evaluated within the quarter of an hour before it. A guess is spent
before it is evaluated, in a transaction of its own, so that a thousand parallel ones cannot pass; the right one is given back.
"""

import hmac
import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from reviewapp.access.rules import address_bucket, fold_name
from reviewapp.lib.errors import TooMany

WINDOW = timedelta(minutes=15)
KEPT = 4 * WINDOW  # a count nobody has added to for so long is deleted
GUESSES_PER_ACCOUNT = 10
GUESSES_PER_ADDRESS = 200  # an office may share one address
_SPEND = """
insert into access_signinbudget as b (key, tries, last_at) values (%(key)s, array[%(at)s]::timestamptz[], %(at)s)
on conflict (key) do update set last_at = %(at)s, tries = array(select t from unnest(b.tries) t where t > %(since)s) || %(at)s::timestamptz
    where %(most)s > (select count(*) from unnest(b.tries) t where t > %(since)s)
returning 1
"""
_REFUND = """
update access_signinbudget set tries = tries[: array_position(tries, %(at)s) - 1] || tries[array_position(tries, %(at)s) + 1 :]
where key = %(key)s and %(at)s = any(tries)
"""
_OLDEST = "select min(t) from access_signinbudget, unnest(tries) t where key = %(key)s and t > %(since)s"


class TooManyGuesses(TooMany):
    """Too many wrong passwords in a short time. Wait, then try again."""

    code = "too-many-guesses"


def keys_of(username: str, address: str) -> dict[str, int]:
    """The budgets a guess is taken from, with their sizes. Every spelling of a name is one account."""
    return {
        _key("account", fold_name(username)): GUESSES_PER_ACCOUNT,
        _key("address", address_bucket(address)): GUESSES_PER_ADDRESS,
    }


def spend(budgets: Mapping[str, int], *, at: datetime) -> None:
    """Take one guess from each, or none from any. :raises TooManyGuesses: with the seconds until one is free."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        for key, most in budgets.items():
            values: dict[str, Any] = {"key": key, "at": at, "since": at - WINDOW, "most": most}
            cursor.execute(_SPEND, values)
            if cursor.fetchone() is None:
                cursor.execute(_OLDEST, values)
                raise TooManyGuesses(retry_after=_seconds(cursor.fetchone()[0] + WINDOW - at))


def refund(budgets: Mapping[str, int], *, at: datetime) -> None:
    """Give back the guess spent at `at`: it was right. One after the other, as `spend` takes them: then no two wait for each other."""
    with connection.cursor() as cursor:
        for key in budgets:
            cursor.execute(_REFUND, {"at": at, "key": key})


def _seconds(wait: timedelta) -> int:
    return max(1, math.ceil(wait.total_seconds()))


def _key(kind: str, name: str) -> str:
    return f"{kind}:{hmac.digest(settings.SECRET_KEY.encode(), name.encode(), 'sha256').hex()}"
