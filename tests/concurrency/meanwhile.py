"""Acts that meet: in threads with connections of their own, while the test holds rows."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction


@contextmanager
def meanwhile(*acts: Callable[[], Any]) -> Iterator[Callable[[], list[Future[Any]]]]:
    """A transaction; what it yields starts the acts and returns once each waits for a lock. At the end all are done."""
    found: list[Future[Any]] = []

    def start() -> list[Future[Any]]:
        found.extend(pool.submit(elsewhere(act)) for act in acts)
        _wait_for_waiters(len(acts))
        return found

    with ThreadPoolExecutor(len(acts)) as pool:
        with transaction.atomic():
            yield start
        for future in found:
            future.result(60)


def elsewhere(act: Callable[[], Any]) -> Callable[[], Any]:
    """The act for a thread: its connection is closed at the end."""

    def done() -> Any:
        try:
            return act()
        finally:
            connection.close()

    return done


# Of this database alone, as others of the cluster have waiters, too. Not from pg_stat_activity, which a transaction reads but once.
_WAITERS = """
select count(distinct pid) from pg_locks where not granted and pid in
    (select pid from pg_locks where database = (select oid from pg_database where datname = current_database()))
"""


def _wait_for_waiters(number: int) -> None:
    for _ in range(600):
        with connection.cursor() as cursor:
            cursor.execute(_WAITERS)
            if cursor.fetchone() == (number,):
                return
        time.sleep(0.05)
    raise AssertionError("nobody came to what is held")
