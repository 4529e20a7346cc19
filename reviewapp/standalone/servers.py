"""Starts the two embedded servers under a supervisor and waits until they answer. Used by the stack and by the tests."""

from collections.abc import Mapping
from pathlib import Path

from reviewapp.standalone import postgres, valkey
from reviewapp.standalone.errors import CannotStart
from reviewapp.standalone.supervisor import Supervisor

_POSTGRES_SECONDS = 120  # it may have to replay what a crash left
_VALKEY_SECONDS = 60


def start_postgres(
    supervisor: Supervisor, folder: Path, *, settings: Mapping[str, str] = postgres.SETTINGS
) -> postgres.Cluster:
    """:raises CannotStart: with PostgreSQL's own reason."""
    cluster = postgres.prepare(folder, settings=settings)
    log = supervisor.start(cluster.service)
    try:
        supervisor.wait_ready("postgres", cluster.create_database, seconds=_POSTGRES_SECONDS)
    except CannotStart:
        raise postgres.explain_failure(cluster.data, log) from None
    return cluster


def start_valkey(supervisor: Supervisor, folder: Path) -> valkey.Server:
    """Starts with empty data if the old data cannot be read: what rings a bell is not worth a failed start."""
    server = valkey.prepare(folder)
    supervisor.start(server.service)
    try:
        supervisor.wait_ready("valkey", server.answers, seconds=_VALKEY_SECONDS)
    except CannotStart:
        valkey.set_aside(server.data)
        supervisor.restart("valkey")
        supervisor.wait_ready("valkey", server.answers, seconds=_VALKEY_SECONDS)
    return server
