"""kill -9 in the middle of freezing: no row is lost, none is doubled, and the digest is that of an undisturbed run."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from tests.datasets.process import LABELS

HOME = Path(__file__).resolve().parents[2]


@pytest.fixture
def spare_database(db: None) -> Iterator[str]:
    """A database of this test's own: what other processes commit cannot be rolled back."""
    given = connection.settings_dict
    name = f"{given['NAME']}_killed"
    with psycopg.connect(_url(given, "postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        yield _url(given, name)
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def _url(given: dict[str, str], name: str) -> str:
    credentials = quote(given["USER"]) + (f":{quote(given['PASSWORD'])}" if given["PASSWORD"] else "")
    port = f"&port={given['PORT']}" if given["PORT"] else ""
    return f"postgresql://{credentials}@/{name}?host={quote(given['HOST'], safe='')}{port}"


def run(url: str, *words: str) -> "subprocess.Popen[bytes]":
    environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    return subprocess.Popen([sys.executable, *words], cwd=HOME, env=environment)


def rows_done(url: str) -> int:
    with psycopg.connect(url) as database:
        return database.execute("select rows_done from datasets_datasetsnapshot where name = 'killed'").fetchone()[0]


def kill_when(url: str, reached: Callable[[int], bool]) -> None:
    """Start freezing and kill it once it has come so far."""
    process = run(url, "-m", "tests.datasets.process", "freeze")
    with psycopg.connect(url, autocommit=True) as database:
        while process.poll() is None:
            done = database.execute("select rows_done from datasets_datasetsnapshot where name = 'killed'").fetchone()[
                0
            ]
            if reached(done):
                process.kill()
                process.wait(timeout=10)
                return
            time.sleep(0.002)
    pytest.fail("freezing ended before it could be killed")


@pytest.mark.timeout(300)
def test_a_killed_freezing_goes_on_without_doubling(spare_database):
    assert run(spare_database, "-m", "tests.datasets.process", "build").wait(timeout=100) == 0
    for share in (1, 5):
        kill_when(spare_database, lambda done, share=share: done >= share * LABELS // 10)
        assert 0 < rows_done(spare_database) < LABELS
    assert run(spare_database, "-m", "tests.datasets.process", "freeze").wait(timeout=100) == 0
    with psycopg.connect(spare_database) as database:
        snapshots = database.execute(
            "select id, name, state, rows_done, digest, counts from datasets_datasetsnapshot order by name"
        ).fetchall()
        (killed, *first), (whole, *second) = ((row[0], *row[2:]) for row in snapshots)
        assert first == second
        assert first[:2] == ["frozen", LABELS]
        for pk in (killed, whole):
            rows = "select count(*), count(distinct position) from datasets_datasetrow where snapshot_id = %s"
            assert database.execute(rows, [pk]).fetchone() == (LABELS, LABELS)
            events = "select count(*) from audit_auditevent where action = 'dataset.frozen' and object_id = %s"
            assert database.execute(events, [str(pk)]).fetchone() == (1,)
