"""Whether the database is what this release expects."""

import time

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

_LOOK_AGAIN_SECONDS = 0.3


def is_migrated() -> bool:
    try:
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return False


def await_migrations() -> None:
    """Returns once the database is migrated, however long that takes; leaves no connection behind, so that the process may fork."""
    while not is_migrated():
        connection.close()
        time.sleep(_LOOK_AGAIN_SECONDS)
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's own
