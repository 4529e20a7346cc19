"""The stack's own programs and how each is started. All run with this Python and read what they need from the environment."""

import sys
from dataclasses import replace
from pathlib import Path

from reviewapp.standalone.datafiles import HOME
from reviewapp.standalone.supervisor import Service

WEB, BEAT = "web", "beat"
SLOWEST = "model-worker"  # it imports for seconds what explains models, and then waits for the database by itself
WORKERS = {
    SLOWEST: "models",
    "worker": "default",
}  # process name -> its Celery queue, also the first part of its node name


# Of what a batch or an export needed for a moment the allocator keeps less: after ten exports the web holds a sixth less memory.
FRUGAL = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_TRIM_THRESHOLD_": "131072",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}


def manage(name: str, *arguments: str) -> Service:
    """A command of manage.py. It may end; that it failed shows in its status."""
    return Service(name, [sys.executable, str(HOME / "manage.py"), *arguments], may_finish=True)


def programs(*, host: str, port: int, socket_port: int, data_dir: Path) -> list[Service]:
    """Everything that runs beside the two servers."""
    return [
        *(_worker(name, queue) for name, queue in WORKERS.items()),
        _web(host, port),
        _sockets(host, socket_port),
        _beat(data_dir),
    ]


def _web(host: str, port: int) -> Service:
    """Pages and API by WSGI: under ASGI each Django request costs a millisecond of CPU more."""
    options = ["--interface", "wsgi", "--host", host, "--port", str(port), "--workers", "2", "--blocking-threads", "4"]
    endurance = ["--respawn-failed-workers", "--respawn-interval", "1", "--workers-kill-timeout", "5"]
    web = _module(WEB, "granian", *options, *endurance, "--log-level", "warning", "reviewapp.config.wsgi:application")
    return replace(web, environment=FRUGAL)


def _sockets(host: str, port: int) -> Service:
    """Live pages only. A socket carries "case 42 changed", so a message of a few kilobytes is already too long."""
    address = ["--host", host, "--port", str(port)]
    limits = [
        "--ws-max-size",
        "65536",
        "--ws-per-message-deflate",
        "false",
        "--timeout-graceful-shutdown",
        "2",
        "--lifespan",
        "off",
    ]
    return _module(
        "sockets",
        "uvicorn",
        *address,
        *limits,
        "--no-access-log",
        "--log-level",
        "warning",
        "reviewapp.config.asgi:application",
    )


def _worker(name: str, queue: str) -> Service:
    options = [
        "-Q",
        queue,
        "-n",
        f"{queue}@%h",
        "--concurrency",
        "1",
        "--without-mingle",
        "--without-gossip",
        "--loglevel",
        "WARNING",
    ]
    return _module(name, "celery", "-A", "reviewapp.config.celery", "worker", *options)


def _beat(data_dir: Path) -> Service:
    options = ["--schedule", str(data_dir / "beat"), "--pidfile", "", "--loglevel", "WARNING"]
    return _module(BEAT, "celery", "-A", "reviewapp.config.celery", "beat", *options)


def _module(name: str, module: str, *arguments: str) -> Service:
    return Service(name, [sys.executable, "-m", module, *arguments])
