"""Telling the socket processes that something changed: one message on one Redis channel, sent once an act is committed."""

import logging
import time
from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port

from reviewapp.audit.actions import Entry
from reviewapp.audit.rules import LOOKS
from reviewapp.lib import bell
from reviewapp.notifications.rules import CASE, PERSON, QUEUE

log = logging.getLogger(__name__)
# Redis shares its channels between databases; two installations on one server must not hear each other.
CHANNEL = f"countersign:live:{urlsplit(settings.REDIS_URL).path.strip('/') or 0}"
PATH = "/live/"
_CASE_TYPE = "cases.case"
_COMMENTS = "case.comment"  # how the names begin of acts that tell nobody but those they name
_REST_SECONDS = 5.0
_silent_until = 0.0


def on_recorded(entries: Iterable[Entry], **_: object) -> None:
    """Receiver of `audit.recorded`."""
    publish(topics(entries))


def topics(entries: Iterable[Entry]) -> set[str]:
    """What changed by these acts. A batch of a thousand new cases names its queue once."""
    found = set()
    for entry in entries:
        if entry.action.endswith(LOOKS):
            continue
        if entry.action.startswith(_COMMENTS):
            found |= {f"{PERSON}:{person}" for person in entry.data.get("told", ())}
            continue
        if entry.queue_id is not None:
            found.add(f"{QUEUE}:{entry.queue_id}")
        if entry.object_type == _CASE_TYPE:
            found.add(f"{CASE}:{entry.object_id}")
        if "passed_to" in entry.data:
            found.add(f"{QUEUE}:{entry.data['passed_to']}")
    return found


def publish(changed: Collection[str]) -> None:
    """One round trip. Never raises: pages find out by themselves. While Redis is away it is asked every few seconds only."""
    global _silent_until  # noqa: PLW0603 -- one Redis per process
    if not changed or time.monotonic() < _silent_until:
        return
    try:
        bell.client().publish(CHANNEL, " ".join(changed))
    except redis.RedisError:
        _silent_until = time.monotonic() + _REST_SECONDS
        log.info("live pages not told; they will ask")


def socket_url(request: HttpRequest) -> str:
    """Where the page of this request finds its socket; on a port of its own unless a proxy serves both."""
    scheme = "wss" if request.is_secure() else "ws"
    host = request.get_host()
    if settings.SOCKET_PORT:
        host = f"{split_domain_port(host)[0]}:{settings.SOCKET_PORT}"
    return f"{scheme}://{host}{PATH}"
