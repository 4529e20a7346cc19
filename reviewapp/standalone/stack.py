"""Runs everything: the order in which things start, what is done when one of them ends, and how they stop."""

import contextlib
import os
import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reviewapp.standalone import postgres, processes
from reviewapp.standalone.beside import published
from reviewapp.standalone.datadir import DataFolder
from reviewapp.standalone.errors import CannotStart, from_os_error
from reviewapp.standalone.ports import require_free
from reviewapp.standalone.servers import start_postgres, start_valkey
from reviewapp.standalone.supervisor import Interrupted, Supervisor

ANY_ADDRESS = {"0.0.0.0", "::"}  # noqa: S104 -- compared, never bound
_READY_SECONDS = 180
_WATCH_SECONDS = 0.25


@dataclass(frozen=True)
class Options:
    """What a stack is started with. `before_web` are commands of manage.py, run in their order once the database is migrated; `companions`
    run beside the stack from the moment it is ready and may end by themselves."""

    host: str
    port: int
    socket_port: int
    data_dir: Path
    reset: bool = False
    before_web: Sequence[str] = ()
    companions: Sequence[str] = ()

    @property
    def url(self) -> str:
        host = "127.0.0.1" if self.host in ANY_ADDRESS else self.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def run(options: Options, *, on_ready: Callable[[bool], None], say: Callable[[str], None]) -> None:
    """Start everything, call `on_ready` once requests are answered, watch until someone asks to stop, and stop everything.

    `on_ready` is told whether this was the data folder's first start.

    :raises CannotStart: with a sentence for the person at the terminal. Nothing is left running then either.
    """
    # make waits for its command: a command whose make was killed is one that nobody can stop with Ctrl-C any more.
    parent = os.getppid() if "MAKELEVEL" in os.environ else None
    folder = DataFolder(options.data_dir)
    folder.open(reset=options.reset)
    require_free(options.host, options.port, option="PORT")
    require_free(options.host, options.socket_port, option="SOCKET_PORT")
    made = _environment(options, folder)
    os.environ |= made
    try:
        with _supervisor(folder, parent) as supervisor:
            stack = _Stack(options, folder, supervisor, say)
            stack.start()
            with published(folder.path, [*made, "DATABASE_URL", "REDIS_URL"]):
                on_ready(folder.is_new)
                stack.watch()
    except OSError as error:
        raise from_os_error(error, folder.path) from error


def _environment(options: Options, folder: DataFolder) -> dict[str, str]:
    """What the settings read. Except for where this stack stands, a variable that is already set wins."""
    names = dict.fromkeys(["127.0.0.1", "localhost", "[::1]", options.host])
    made = {
        **folder.secrets(),
        "DJANGO_SETTINGS_MODULE": "reviewapp.config.settings",
        "ALLOWED_HOSTS": ",".join(name for name in names if name not in ANY_ADDRESS),
        "BASE_URL": options.url,
    }
    place = {
        "DATA_DIR": str(folder.path),
        "HOST": options.host,
        "PORT": str(options.port),
        "SOCKET_PORT": str(options.socket_port),
    }
    return {name: os.environ.get(name) or value for name, value in made.items()} | place


@contextlib.contextmanager
def _supervisor(folder: DataFolder, parent: int | None) -> Iterator[Supervisor]:
    """A supervisor that a signal interrupts and that has stopped everything when the block is left."""
    supervisor = Supervisor(folder.logs, parent=parent)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup` ignores SIGHUP on purpose
            signal.signal(number, lambda *_: supervisor.interrupted.set())
    try:
        with contextlib.suppress(Interrupted):
            yield supervisor
    finally:
        supervisor.stop()


@dataclass
class _Stack:
    """One run of everything. Each step may raise `CannotStart` or be interrupted; whoever holds the supervisor then stops it."""

    options: Options
    folder: DataFolder
    supervisor: Supervisor
    say: Callable[[str], None]
    cluster: postgres.Cluster | None = None

    def start(self) -> None:
        self.say("Starting PostgreSQL and Valkey ...")
        self._start_servers()
        options = self.options
        programs = processes.programs(
            host=options.host, port=options.port, socket_port=options.socket_port, data_dir=options.data_dir
        )
        early = [service for service in programs if service.name == processes.SLOWEST]
        late = [service for service in programs if service.name == processes.BEAT]
        for service in early:
            self.supervisor.start(service)
        self.say("Preparing the database ...")
        self._prepare()
        self.say("Starting web and workers ...")
        for service in programs:
            if service not in early + late:
                self.supervisor.start(service)
        self.supervisor.wait_ready(
            processes.WEB, lambda: _is_ready(options.url), seconds=_READY_SECONDS, every=_WATCH_SECONDS
        )
        for service in late:
            self.supervisor.start(service)

    def watch(self) -> None:
        """Start again what ends by itself and replace what is stuck, until interrupted."""
        # Late: it brings Celery, which is not needed to refuse a start.
        from reviewapp.standalone.watchdog import Watchdog

        for command in self.options.companions:
            self.supervisor.start(processes.manage(command, command))
        watchdog = Watchdog(os.environ["REDIS_URL"], processes.WORKERS.values())
        watchdog.start()
        while True:
            self.supervisor.pause(_WATCH_SECONDS)
            self.supervisor.keep_reaper()
            stuck = [
                name
                for name, queue in processes.WORKERS.items()
                if watchdog.is_stuck(queue, age=self.supervisor.age(name))
            ]
            for name in self.supervisor.ended():
                self._restart(name, "ended by itself")
            for name in stuck:
                self._restart(name, "no longer works")

    def _start_servers(self) -> None:
        """Each server only where the environment names no other."""
        if not os.environ.get("REDIS_URL"):
            os.environ["REDIS_URL"] = start_valkey(self.supervisor, self.folder.path).url
        if not os.environ.get("DATABASE_URL"):
            self.cluster = start_postgres(self.supervisor, self.folder.path)
            os.environ["DATABASE_URL"] = self.cluster.url

    def _prepare(self) -> None:
        self.supervisor.start(processes.manage("prepare", "prepare", *self.options.before_web))
        log = self.supervisor.log_of("prepare")
        if self.supervisor.finish("prepare"):
            lines = log.read_text(errors="replace").strip().splitlines() or ["no reason given"]
            raise CannotStart(f"Preparing the database failed ({lines[-1].strip()}). {log} has the whole story.")

    def _restart(self, name: str, reason: str) -> None:
        self.say(f"{name} {reason}; starting it again. {self.supervisor.log_of(name)} may say why.")
        try:
            self.supervisor.restart(name)
        except CannotStart:
            if name == "postgres" and self.cluster:
                raise postgres.explain_failure(self.cluster.data, self.supervisor.log_of(name)) from None
            raise


def _is_ready(url: str) -> bool:
    """Whether requests are answered and every part behind them works. Asked as a proxy would, under a name that is allowed."""
    host = os.environ["ALLOWED_HOSTS"].split(",")[0].strip().removeprefix("*").lstrip(".") or "localhost"
    request = urllib.request.Request(f"{url}/readyz", headers={"Host": host, "X-Forwarded-Proto": "https"})  # noqa: S310 -- always http
    with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310
        return bool(response.status == 200)
