"""What a socket may say and where it may come from. Plain Python."""

import re
from collections import deque
from collections.abc import Collection, Sequence
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

QUEUE, CASE, PRESENCE, PERSON = "queue", "case", "presence", "person"
MOST_TOPICS = 100
# What an error frame says, and why a socket is closed; 1003 and 1013 are the protocol's own
MALFORMED, NOT_SIGNED_IN, FOREIGN_PAGE, NOT_FOUND, SILENT, TOO_FAST = 4400, 4401, 4403, 4404, 4408, 4429
UNREADABLE, TRY_AGAIN_LATER = 1003, 1013
_TOPIC = re.compile(rf"({QUEUE}|{CASE}|{PRESENCE}|{PERSON}):([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def split_topic(topic: str) -> tuple[str, UUID] | None:
    """Kind and id, or None for what cannot be a topic. Ids are in their canonical form only."""
    found = _TOPIC.fullmatch(topic)
    return (found[1], UUID(found[2])) if found else None


def asked_topics(message: Any) -> Sequence[str] | None:
    """The topics of `{"subscribe": [...]}`, or None for any other message."""
    if not isinstance(message, dict) or set(message) != {"subscribe"}:
        return None
    topics = message["subscribe"]
    if (
        not isinstance(topics, list)
        or not 0 < len(topics) <= MOST_TOPICS
        or not all(isinstance(item, str) for item in topics)
    ):
        return None
    return list(dict.fromkeys(topics))


def is_ours(origin: str, *, host: str, scheme: str, pages_port: int | None, trusted: Collection[str]) -> bool:
    """Whether a page of `origin` is one of our pages, to a socket that was asked for at `host`.

    :param pages_port: where the pages are if the sockets have a port of their own; None if they share one.
    """
    if origin in trusted:
        return True
    page, asked = _place(origin), _place(f"{scheme}://{host}")
    if page is None or asked is None:
        return False
    return page == (scheme, asked[1], pages_port or asked[2])


def _place(origin: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of an origin, which has nothing else."""
    try:
        parts = urlsplit(origin)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    if origin != f"{parts.scheme}://{parts.netloc}" or "@" in parts.netloc or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port


class Meter:
    """At most `limit` messages within any `seconds`."""

    def __init__(self, limit: int, *, seconds: float) -> None:
        self._seconds = seconds
        self._times: deque[float] = deque(maxlen=limit)

    def admits(self, now: float) -> bool:
        is_full = len(self._times) == self._times.maxlen and now - self._times[0] < self._seconds
        self._times.append(now)
        return not is_full
