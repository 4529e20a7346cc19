"""Ports on this machine."""

import errno
import random
import socket

from reviewapp.standalone.errors import CannotStart

# Below the range from which the kernel takes ports for outgoing connections, so that none of those can be first.
_FREE_RANGE = range(20_000, 32_000)


def free_port() -> int:
    """A TCP port of the loopback interface on which nothing listens now."""
    # Many starts at once must not try the same ports in the same order, whatever seeded this process's own generator.
    for port in random.SystemRandom().sample(_FREE_RANGE, 200):
        if _refusal("127.0.0.1", port) is None:
            return port
    raise CannotStart(
        "No free port was found between 20000 and 32000. Stop some servers on this machine and try again."
    )


def require_free(host: str, port: int, *, option: str) -> None:
    """:raises CannotStart: if nothing can listen at `host` and `port`; the sentence names `option` as the way out."""
    error = _refusal(host, port)
    if error is None:
        return
    if error.errno == errno.EADDRINUSE:
        raise CannotStart(
            f"Port {port} is in use by another program. Stop that one, or choose another port with {option}."
        )
    if error.errno == errno.EACCES:
        raise CannotStart(f"Port {port} needs more rights than this user has. Choose one above 1023 with {option}.")
    raise CannotStart(
        f"Nothing can listen at {host}: {(error.strerror or str(error)).lower()}. Choose another address with HOST."
    )


def _refusal(host: str, port: int) -> OSError | None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error
    return None
