"""pytest plugin (`-p tests.services`): PostgreSQL and Valkey of the tests' own, up before pytest-django reads the settings.

A conftest would be too late for that. Workers of pytest-xdist inherit the environment and start nothing; each takes a Redis database of its own.
Where DATABASE_URL and REDIS_URL are set, those are used. The cluster is kept between runs in `.countersign-test/`, one per run at a time, so
only the first pays for initdb. A reaper stops both servers when pytest is gone, also after kill -9.
"""

import atexit
import fcntl
import os
import shutil
import tempfile
from itertools import count
from pathlib import Path

from reviewapp.standalone import postgres
from reviewapp.standalone.errors import CannotStart
from reviewapp.standalone.servers import start_postgres, start_valkey
from reviewapp.standalone.supervisor import Supervisor
from tests.environment import set_keys

_HOME = Path(os.environ.get("COUNTERSIGN_TEST_HOME") or Path(__file__).parent.parent / ".countersign-test")
# Only here may a commit be less than durable: nothing in a test database outlives the run.
_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "max_wal_size": "256MB",
}
_locks: list[int] = []


def start() -> None:
    """Fill the environment: keys of this run, a data folder, the two URLs."""
    set_keys()
    if not os.environ.get("DATA_DIR"):
        folder = tempfile.mkdtemp(prefix="countersign-test-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ["DATA_DIR"] = folder
    if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        _start_servers()


def _start_servers() -> None:
    home = _free_home()
    supervisor = Supervisor(home / "log")
    atexit.register(supervisor.stop)
    if not os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = _start_postgres(supervisor, home)
    if not os.environ.get("REDIS_URL"):
        shutil.rmtree(home / "valkey", ignore_errors=True)
        os.environ["REDIS_URL"] = start_valkey(supervisor, home).url


def _start_postgres(supervisor: Supervisor, home: Path) -> str:
    settings = {**postgres.SETTINGS, **_FAST}
    try:
        return start_postgres(supervisor, home, settings=settings).url
    except CannotStart:  # without fsync a machine that lost its power may have left a damaged cluster
        postgres.delete(home)
        return start_postgres(supervisor, home, settings=settings).url


def _free_home() -> Path:
    """The first home that no other run of the tests holds now."""
    _HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
    return next(home for home in (_HOME / str(number) for number in count()) if _hold(home))


def _hold(home: Path) -> bool:
    home.mkdir(mode=0o711, exist_ok=True)
    lock = os.open(home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return False
    _locks.append(lock)  # held until this process ends
    return True


def _take_own_redis_database() -> None:
    number = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
    os.environ["REDIS_URL"] = f"{os.environ['REDIS_URL'].rpartition('/')[0]}/{number + 1}"


if os.environ.get("PYTEST_XDIST_WORKER"):
    _take_own_redis_database()
else:
    start()
