"""A real socket process beside the test database, and browsers that speak to it."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from reviewapp.access.middleware import EPOCH, SEEN, STARTED
from reviewapp.access.models import User
from reviewapp.standalone import processes
from reviewapp.standalone.ports import free_port

HOME = Path(__file__).resolve().parent.parent.parent
ANSWER_SECONDS = 5


@dataclass
class Socket:
    """One open socket, with the words of the page for it."""

    raw: ClientConnection

    def say(self, message: Any) -> None:
        self.raw.send(message if isinstance(message, str | bytes) else json.dumps(message))

    def hear(self, timeout: float = ANSWER_SECONDS) -> Any:
        return json.loads(self.raw.recv(timeout=timeout))

    def subscribe(self, *topics: str) -> "Socket":
        self.say({"subscribe": list(topics)})
        return self

    def listen_to(self, *topics: str) -> "Socket":
        """Subscribe, and be sure of it."""
        self.subscribe(*topics)
        assert [self.hear() for _ in topics] == [{"subscribed": topic} for topic in topics]
        self.rest_of_words(0.3)  # the first socket of a process hears that all may have changed
        return self

    def rest_of_words(self, seconds: float) -> list[Any]:
        """All that is said until nothing was said for so long."""
        words = []
        with suppress(TimeoutError):
            while True:
                words.append(self.hear(seconds))
        return words

    def close_code(self, timeout: float = ANSWER_SECONDS) -> int:
        """The code with which the server closes, whatever it says before."""
        until = time.monotonic() + timeout
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                self.raw.recv(timeout=max(0.01, until - time.monotonic()))
        return closed.value.rcvd.code if closed.value.rcvd else 1006


@dataclass
class Sockets:
    """The process and its addresses."""

    pid: int
    port: int
    pages: str  # the origin of our pages
    open_ones: ExitStack

    def open(self, session: str | None, *, origin: str | None = "ours", path: str = "/live/", **options: Any) -> Socket:
        headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}"} if session is not None else {}
        origin = self.pages if origin == "ours" else origin
        browser = connect(f"ws://127.0.0.1:{self.port}{path}", origin=origin, additional_headers=headers, **options)
        return Socket(self.open_ones.enter_context(browser))

    def memory(self) -> int:
        """Resident bytes of the process."""
        pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture(scope="module")
def socket_process(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sockets]:
    """The standalone stack's own socket process, started as it starts it."""
    port, pages_port = free_port(), 8000
    url = urlsplit(os.environ["DATABASE_URL"])
    changed = {
        "DATABASE_URL": url._replace(path=f"/{connection.settings_dict['NAME']}").geturl(),
        "DJANGO_SETTINGS_MODULE": "reviewapp.config.settings",
        "PORT": str(pages_port),
        "SOCKET_PORT": str(port),
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
    }
    folder = tmp_path_factory.mktemp("sockets")
    services = processes.programs(host="127.0.0.1", port=pages_port, socket_port=port, data_dir=folder)
    command = next(service.command for service in services if service.name == "sockets")
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env={**os.environ, **changed}, cwd=HOME, stdout=log, stderr=log)
    sockets = Sockets(process.pid, port, f"http://127.0.0.1:{pages_port}", ExitStack())
    try:
        _wait_until_it_answers(process, port, folder / "log")
        yield sockets
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(200):
        assert process.poll() is None, log.read_text()
        with suppress(OSError), create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    pytest.fail(log.read_text())


@pytest.fixture
def sockets(socket_process: Sockets, transactional_db: None) -> Iterator[Sockets]:
    with ExitStack() as socket_process.open_ones:
        yield socket_process


@pytest.fixture
def session_of(transactional_db: None) -> Callable[..., str]:
    """The session id of somebody who signed in `started` and was last seen `seen` seconds ago."""

    def make(user: User, *, started: float = 0, seen: float = 0, **changes: Any) -> str:
        now = time.time()
        session = SessionStore()
        session.update(
            {SESSION_KEY: str(user.pk), EPOCH: user.session_epoch, STARTED: now - started, SEEN: now - seen} | changes
        )
        session.create()
        return session.session_key

    return make
