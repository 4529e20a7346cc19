"""What ends by itself is started again, and what cannot be is said in a sentence."""

import os
import signal
import time
from pathlib import Path

import psycopg
import redis

from reviewapp.standalone import reaper
from reviewapp.standalone.watchdog import PATIENCE_SECONDS, Watchdog
from tests.standalone.conftest import ELSEWHERE, eventually
from tests.standalone.test_stopping import connect, socket_folder


def test_a_killed_web_comes_back(start):
    stack = start(**ELSEWHERE).wait_ready()
    before = int(stack.get())

    os.kill(before, signal.SIGKILL)

    assert eventually(lambda: int(stack.get()) != before)
    assert stack.stop() == 0
    assert "web ended by itself; starting it again." in stack.output


def test_a_killed_database_comes_back_with_its_data(start, folder):
    stack = start().wait_ready()
    with connect(folder) as connection:
        connection.execute("create table kept as select 42 as answer")
    server = int((socket_folder(folder) / ".s.PGSQL.5432.lock").read_text().splitlines()[0])

    os.kill(server, signal.SIGKILL)

    assert eventually(lambda: answer(folder) == 42)
    assert stack.stop() == 0
    assert stack.left_running() == []


def answer(folder: Path) -> object:
    try:
        with connect(folder) as connection:
            return connection.execute("select answer from kept").fetchone()[0]
    except psycopg.OperationalError:
        return None


def test_a_killed_reaper_is_replaced(start, folder):
    stack = start(**ELSEWHERE).wait_ready()
    assert kill_all(b"reaper.py", folder) == 1
    assert eventually(lambda: count(b"reaper.py", folder) == 1)
    time.sleep(0.5)  # in which the new one is told of every process

    stack.stop(signal.SIGKILL)

    assert stack.left_running() == []


def count(word: bytes, folder: Path) -> int:
    return len(pids(word, folder))


def kill_all(word: bytes, folder: Path) -> int:
    found = pids(word, folder)
    for pid in found:
        os.kill(pid, signal.SIGKILL)
    return len(found)


def pids(word: bytes, folder: Path) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            ours = os.fsencode(folder) in (entry / "environ").read_bytes() and word in (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if ours and reaper.is_alive(int(entry.name)):
            found.append(int(entry.name))
    return found


def test_a_web_that_keeps_ending_stops_the_stack_with_a_sentence(start, folder, tmp_path):
    """It serves once, so that the stack becomes ready, and fails from then on."""
    once = tmp_path / "served"
    serve = f"import pathlib, sys; p = pathlib.Path({str(once)!r}); p.exists() and sys.exit(1); p.touch()\n"
    from tests.standalone.toy_stack import WEB

    stack = start(TOY_WEB=serve + WEB, **ELSEWHERE).wait_ready()
    os.kill(int(stack.get()), signal.SIGKILL)

    assert stack.wait_end() == 1
    assert f"web ended 6 times within a minute. {folder}/log/web.log says why" in stack.output
    assert stack.left_running() == []


class Answers:
    """A broker's client and Celery's control in one: what two workers say of themselves, and what waits for them."""

    def __init__(self, active: dict[str, list[object]], waiting: int = 0) -> None:
        self.active, self.waiting = active, waiting
        self.control = self

    def broadcast(self, *_: object, **__: object) -> list[dict[str, list[object]]]:
        return [{f"{queue}@host": tasks} for queue, tasks in self.active.items()]

    def llen(self, queue: str) -> int:
        return self.waiting


def stuck_after(answers: Answers) -> set[str]:
    """The queues whose workers count as stuck once our patience is over with the same answers."""
    watchdog = Watchdog("redis://127.0.0.1:1/0", ["models", "default"])
    watchdog._celery = watchdog._redis = answers
    watchdog._last_well = dict.fromkeys(watchdog._last_well, -2 * PATIENCE_SECONDS)
    watchdog.look()
    return {queue for queue in ("models", "default") if watchdog.is_stuck(queue, age=1000)}


def test_workers_that_answer_are_left_alone():
    assert stuck_after(Answers({"models": [], "default": []})) == set()
    assert stuck_after(Answers({"models": ["task"], "default": ["task"]}, waiting=5)) == set()


def test_a_silent_worker_is_stuck():
    assert stuck_after(Answers({"default": []})) == {"models"}


def test_an_idle_worker_with_work_waiting_is_stuck():
    assert stuck_after(Answers({"models": [], "default": ["task"]}, waiting=1)) == {"models"}


def test_a_worker_that_has_just_started_has_time_to_answer():
    watchdog = Watchdog("redis://127.0.0.1:1/0", ["models"])
    watchdog._last_well = {"models": -2 * PATIENCE_SECONDS}
    assert not watchdog.is_stuck("models", age=5)
    assert watchdog.is_stuck("models", age=PATIENCE_SECONDS + 1)


def test_nobody_is_blamed_while_the_broker_is_away():
    class Away(Answers):
        def broadcast(self, *_: object, **__: object) -> list[dict[str, list[object]]]:
            raise redis.ConnectionError

    watchdog = Watchdog("redis://127.0.0.1:1/0", ["models"])
    watchdog._celery = Away({})
    watchdog._last_well = {"models": -2 * PATIENCE_SECONDS}
    watchdog.start()
    assert eventually(lambda: not watchdog.is_stuck("models", age=1000))
