"""Commands of manage.py beside a running stack: they need no environment of their own."""

import json
import signal
import stat
import subprocess
import sys

from tests.standalone.conftest import ELSEWHERE, HOME, environment

JOIN = """
import json, os
from reviewapp.standalone.beside import join_running
join_running()
print(json.dumps({name: os.environ.get(name) for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "COUNTERSIGN_MASTER_KEYS")}))
"""


def joined(folder, **variables):
    """What a command finds in its environment."""
    settings = environment(DATA_DIR=str(folder), **variables)
    done = subprocess.run(
        [sys.executable, "-c", JOIN], cwd=HOME, env=settings, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_a_command_joins_the_running_stack(start, folder):
    stack = start(**ELSEWHERE).wait_ready()
    keys = json.loads((folder / "secrets.json").read_text())

    assert joined(folder) == {name: keys[name] for name in ("SECRET_KEY", "COUNTERSIGN_MASTER_KEYS")} | ELSEWHERE
    assert stat.S_IMODE((folder / "environment.json").stat().st_mode) == 0o600

    stack.stop()
    assert set(joined(folder).values()) == {None}
    assert not (folder / "environment.json").exists()


def test_a_command_does_not_join_a_stack_that_was_killed(start, folder):
    stack = start(**ELSEWHERE).wait_ready()
    stack.stop(signal.SIGKILL)
    assert (folder / "environment.json").exists()
    assert set(joined(folder).values()) == {None}


def test_a_command_with_an_environment_of_its_own_keeps_it(start, folder):
    start(**ELSEWHERE).wait_ready()
    assert joined(folder, DATABASE_URL="postgresql://mine")["DATABASE_URL"] == "postgresql://mine"
    assert joined(folder, DATABASE_URL="postgresql://mine")["SECRET_KEY"] is None


def test_the_first_start_says_how_to_make_an_administrator(start):
    first = start(**ELSEWHERE).wait_ready()
    first.stop()
    second = start(**ELSEWHERE).wait_ready()
    second.stop()
    assert "manage.py create_admin NAME" in first.output
    assert "create_admin" not in second.output
