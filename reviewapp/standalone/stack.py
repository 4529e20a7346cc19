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
from reviewapp.standalone.datadir import DataFolder
from reviewapp.standalone.errors import CannotStart, from_os_error
from reviewapp.standalone.ports import require_free
from reviewapp.standalone.servers import start_postgres, start_valkey
from reviewapp.standalone.supervisor import Interrupted, Supervisor

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
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::", "localhost"} else self.host  # noqa: S104 -- compared, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def run(options: Options, *, on_ready: Callable[[], None], say: Callable[[str], None]) -> None:
    """Start everything, call `on_ready` once requests are answered, watch until someone asks to stop, and stop everything.

    :raises CannotStart: with a sentence for the person at the terminal. Nothing is left running then either.
    """
    folder = DataFolder(options.data_dir)
    folder.open(reset=options.reset)
    require_free(options.host, options.port, option="PORT")
    require_free(options.host, options.socket_port, option="SOCKET_PORT")
    try:
        with _supervisor(folder) as supervisor:
            _run(options, folder, supervisor, on_ready, say)
    except OSError as error:
        raise from_os_error(error, folder.path) from error


@contextlib.contextmanager
def _supervisor(folder: DataFolder) -> Iterator[Supervisor]:
    """A supervisor that a signal interrupts and that has stopped everything when the block is left."""
    supervisor = Supervisor(folder.logs)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if (
            signal.getsignal(number) is not signal.SIG_IGN or number == signal.SIGTERM
        ):  # `nohup` and `&` ignore some on purpose
            signal.signal(number, lambda *_: supervisor.interrupted.set())
    try:
        with contextlib.suppress(Interrupted):
            yield supervisor
    finally:
        supervisor.stop()


def _run(
    options: Options,
    folder: DataFolder,
    supervisor: Supervisor,
    on_ready: Callable[[], None],
    say: Callable[[str], None],
) -> None:
    os.environ |= _environment(options, folder)
    say("Starting PostgreSQL and Valkey ...")
    cluster = _start_servers(supervisor, folder)
    supervisor.start(processes.manage("static", "collectstatic", "--noinput", "--verbosity", "0"))
    say("Preparing the database ...")
    _manage(supervisor, "migrate", "--noinput", "--verbosity", "0")
    for command in options.before_web:
        say(f"Running {command} ...")
        _manage(supervisor, command)
    _finish(supervisor, "static")
    say("Starting web and workers ...")
    _start_programs(supervisor, options)
    on_ready()
    for command in options.companions:
        supervisor.start(processes.manage(command, command))
    _watch(supervisor, cluster)


def _environment(options: Options, folder: DataFolder) -> dict[str, str]:
    """What the settings read. A variable that is already set wins."""
    local = {"127.0.0.1": None, "localhost": None, "[::1]": None, options.host: None}
    made = {
        **folder.secrets(),
        "DJANGO_SETTINGS_MODULE": "reviewapp.config.settings",
        "ALLOWED_HOSTS": ",".join(host for host in local if host not in {"0.0.0.0", "::"}),  # noqa: S104 -- compared, not bound
        "BASE_URL": options.url,
    }
    fixed = {
        "DATA_DIR": str(folder.path),
        "HOST": options.host,
        "PORT": str(options.port),
        "SOCKET_PORT": str(options.socket_port),
    }
    return {name: value for name, value in made.items() if not os.environ.get(name)} | fixed


def _start_servers(supervisor: Supervisor, folder: DataFolder) -> postgres.Cluster | None:
    """Each server only where the environment names no other."""
    if not os.environ.get("REDIS_URL"):
        os.environ["REDIS_URL"] = start_valkey(supervisor, folder.path).url
    if os.environ.get("DATABASE_URL"):
        return None
    cluster = start_postgres(supervisor, folder.path)
    os.environ["DATABASE_URL"] = cluster.url
    return cluster


def _manage(supervisor: Supervisor, *arguments: str) -> None:
    supervisor.start(processes.manage(arguments[0], *arguments))
    _finish(supervisor, arguments[0])


def _finish(supervisor: Supervisor, name: str) -> None:
    log = supervisor.log_of(name)
    if supervisor.finish(name):
        lines = log.read_text(errors="replace").strip().splitlines() or ["no reason given"]
        raise CannotStart(f"{name} failed ({lines[-1].strip()}). {log} has the whole story.")


def _start_programs(supervisor: Supervisor, options: Options) -> None:
    services = processes.programs(
        host=options.host, port=options.port, socket_port=options.socket_port, data_dir=options.data_dir
    )
    for service in services:
        supervisor.start(service)
    supervisor.wait_ready(processes.WEB, lambda: _is_ready(options.url), seconds=_READY_SECONDS)


def _is_ready(url: str) -> bool:
    host = os.environ["ALLOWED_HOSTS"].split(",")[0].strip().removeprefix("*").lstrip(".") or "localhost"
    request = urllib.request.Request(f"{url}/readyz", headers={"Host": host, "X-Forwarded-Proto": "https"})  # noqa: S310 -- always http
    with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310
        return bool(response.status == 200)


def _watch(supervisor: Supervisor, cluster: postgres.Cluster | None) -> None:
    """Start again what ends by itself, replace what is stuck. Returns when whoever waits for us is gone; raises when it cannot go on."""
    from reviewapp.standalone.watchdog import Watchdog

    watchdog = Watchdog(os.environ["REDIS_URL"], processes.WORKERS.values())
    watchdog.start()
    parent = os.getppid()
    # Under make, a parent that changed means that make was killed, since it waits for us otherwise.
    while not ("MAKELEVEL" in os.environ and os.getppid() != parent):
        supervisor.keep_reaper()
        stuck = [
            name for name, queue in processes.WORKERS.items() if watchdog.is_stuck(queue, age=supervisor.age(name))
        ]
        for name in {*supervisor.ended(), *stuck}:
            _restart(supervisor, name, cluster)
        if supervisor.interrupted.wait(_WATCH_SECONDS):
            return


def _restart(supervisor: Supervisor, name: str, cluster: postgres.Cluster | None) -> None:
    try:
        supervisor.restart(name)
    except CannotStart:
        if name == "postgres" and cluster:
            raise postgres.explain_failure(cluster.data, supervisor.log_of(name)) from None
        raise
