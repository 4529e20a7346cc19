"""However a stack ends, nothing of it is left running."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.standalone.conftest import ELSEWHERE, HOME, eventually, processes_of


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_nothing_is_left_running(start, folder, person, how):
    folder.mkdir()
    if person.account:
        os.chown(folder, person.account.pw_uid, person.account.pw_gid)
    stack = start(person=person).wait_ready()
    assert stack.get()
    assert len(processes_of(folder)) > 6

    status = stack.stop(how)

    assert status == (-signal.SIGKILL if how == signal.SIGKILL else 0)
    assert stack.left_running() == []


def test_ctrl_c_while_it_starts_leaves_nothing(start, folder):
    stack = start(TOY_WEB="import time; time.sleep(60)", **ELSEWHERE)
    assert eventually((folder / "log/web.log").exists)

    assert stack.stop(signal.SIGINT) == 0

    assert "Countersign has stopped" in stack.output
    assert stack.left_running() == []


def test_it_stops_when_make_is_killed(start):
    """make waits for its command, so a command whose make is gone is one that nobody can stop with Ctrl-C any more."""
    as_make_does = (
        "import subprocess, sys; subprocess.run([sys.executable, '-m', 'tests.standalone.toy_stack', 'standalone'])"
    )
    stack = start(command=[sys.executable, "-c", as_make_does], MAKELEVEL="1", **ELSEWHERE).wait_ready()

    stack.process.kill()

    assert stack.left_running() == []


def test_what_was_committed_survives_kill_9(start, folder):
    stack = start().wait_ready()
    with connect(folder) as connection:
        assert connection.execute(
            "select current_setting('synchronous_commit'), current_setting('fsync')"
        ).fetchone() == ("on", "on")
        connection.execute("create table kept as select 42 as answer")
    secrets = (folder / "secrets.json").read_text()
    stack.stop(signal.SIGKILL)
    assert stack.left_running() == []

    start().wait_ready()

    with connect(folder) as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)
    assert (folder / "secrets.json").read_text() == secrets


def connect(folder: Path) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(user="countersign", dbname="countersign", host=str(socket_folder(folder)), autocommit=True)


def socket_folder(folder: Path) -> Path:
    """Where PostgreSQL listens: as root in a folder that `nobody` can reach."""
    log = (folder / "log/postgres.log").read_text()
    return Path(log.rpartition('Unix socket "')[2].partition('"')[0]).parent


def test_the_tests_own_servers_end_with_pytest(folder):
    """The plugin of the suite, in a process that is killed."""
    source = "import tests.services, os; print(os.environ['DATABASE_URL'], flush=True); import time; time.sleep(60)"
    settings = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "REDIS_URL", "PYTEST_XDIST_WORKER"}
    }
    settings |= {"COUNTERSIGN_TEST_HOME": str(folder), "PYTHONPATH": str(HOME)}
    with subprocess.Popen([sys.executable, "-c", source], env=settings, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline().startswith("postgresql://")
        assert processes_of(folder)
        process.kill()

    assert eventually(lambda: not processes_of(folder))
