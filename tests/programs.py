"""The product's own processes, started for a test: web, sockets, workers and beat, as standalone starts them, on the test's database."""

import fcntl
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from django.db import connection

from reviewapp.standalone import processes
from reviewapp.standalone.ports import free_port
from reviewapp.standalone.supervisor import Service, Supervisor

EVERYTHING = ("web", "sockets", "model-worker", "worker", "beat")
_READY_SECONDS = 120


class Programs:
    """Running processes by name. `url` is where the web answers."""

    def __init__(self, folder: Path, supervisor: Supervisor) -> None:
        self.supervisor = supervisor
        self.environment: dict[str, str] = {}
        self.port, self.socket_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        listed = processes.programs(host="127.0.0.1", port=self.port, socket_port=self.socket_port, data_dir=folder)
        self.services: Mapping[str, Service] = {service.name: service for service in listed}

    def spoil(self) -> None:
        """Run the broken twins of web and workers from now on; TWIN in the environment says which guard is out."""
        swaps = {
            "reviewapp.config.wsgi:application": "tests.twins.wsgi:application",
            "reviewapp.config.celery": "tests.twins.celery",
        }
        self.services = {
            name: replace(service, command=[swaps.get(part, part) for part in service.command])
            for name, service in self.services.items()
        }

    def start(self, *names: str) -> None:
        for name in names:
            self._spawn(self.services[name])

    def kill(self, name: str) -> None:
        """kill -9 of the whole process group, and a new start."""
        self._spawn(self.services[name])

    def run(self, name: str, *arguments: str) -> None:
        """A command of manage.py, to its end."""
        self._spawn(processes.manage(name, *arguments))
        self.supervisor.finish(name)

    def collect_static(self) -> None:
        """Once for all programs and all processes of this run of the tests: to compress takes longer than to start the web."""
        with _static().with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (_static() / "staticfiles.json").exists():  # it is written last
                self.run("collectstatic", "collectstatic", "--noinput", "--verbosity", "0")

    def _spawn(self, service: Service) -> None:
        """Only while it is started has this process its environment: other tests of this run must not inherit it."""
        before = dict(os.environ)
        os.environ |= self.environment
        try:
            self.supervisor.start(service)
        finally:
            os.environ.clear()
            os.environ.update(before)

    def lose(self, name: str) -> None:
        """kill -9 of the whole process group; nothing starts it again."""
        self.supervisor._kill(name)

    def wait(self, *, path: str = "/healthz", seconds: float = _READY_SECONDS) -> None:
        self.supervisor.wait_ready("web", lambda: self.answers(path), seconds=seconds)

    def answers(self, path: str) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=5) as response:
                return bool(response.status == 200)
        except urllib.error.HTTPError:
            return False


@contextmanager
def running(folder: Path, *names: str, path: str | None = None, **environment: str) -> Iterator[Programs]:
    """The named programs (all by default) on the test's database, ready; stopped at the end.

    :param path: what must answer 200 before the test goes on: /readyz where workers run, else /healthz.
    """
    names = names or EVERYTHING
    supervisor = Supervisor(folder / "log")
    programs = Programs(folder, supervisor)
    programs.environment = {
        "DATABASE_URL": environment.get("DATABASE_URL") or database_url(),
        "DATA_DIR": str(folder),
        "STATIC_ROOT": str(_static()),
        "PORT": str(programs.port),
        "SOCKET_PORT": str(programs.socket_port),
        "BASE_URL": programs.url,
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "DJANGO_SETTINGS_MODULE": "reviewapp.config.settings",
        "UNDO_SECONDS": "0",
        **environment,
    }
    if "TWIN" in environment:
        programs.spoil()
    try:
        programs.collect_static()
        programs.start(*names)
        programs.wait(path=path or ("/readyz" if {"worker", "model-worker"} <= set(names) else "/healthz"))
        yield programs
    finally:
        supervisor.stop()


def _static() -> Path:
    return Path(os.environ["DATA_DIR"], "collected")  # of the run; services.start made it


def database_url() -> str:
    """DATABASE_URL with the name of the database that pytest-django made."""
    head, _, query = os.environ["DATABASE_URL"].partition("?")
    server, _, _ = head.rpartition("/")
    return f"{server}/{connection.settings_dict['NAME']}{'?' if query else ''}{query}"
