"""The door for live pages: `{"subscribe": ["queue:<id>"]}` in; `{"changed": "queue:<id>"}` and `{"error": 4404}` out."""

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings
from django.db import Error
from django.http import parse_cookie
from django.http.request import split_domain_port, validate_host
from django.utils import timezone

from reviewapp.lib import strictjson
from reviewapp.lib.errors import Malformed
from reviewapp.notifications import queries, rules
from reviewapp.notifications.hub import Hub

MESSAGES_PER_SECOND = 20
MOST_FAULTS = 3
_signed_in = database_sync_to_async(queries.signed_in, thread_sensitive=False)
_audible = database_sync_to_async(queries.audible, thread_sensitive=False)


class LiveConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]  # Channels is not typed
    """One socket of one signed-in person. It carries names of what changed, never data."""

    hub: ClassVar[Hub] = Hub(clock=timezone.now)
    user_id: UUID
    session_key: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.topics: set[str] = set()
        self.joined_at = asyncio.get_running_loop().time()
        self._meter = rules.Meter(MESSAGES_PER_SECOND, seconds=1)
        self._faults = 0
        self._has_ended = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self.hub.leave(self)

    async def dispatch(self, message: dict[str, Any]) -> None:
        """As Channels does it, without its visit to a thread before each message; with a hundred sockets those cost 30 ms."""
        await getattr(self, message["type"].replace(".", "_"))(message)

    async def connect(self) -> None:
        if not _is_our_page(self.scope):
            return await self.end(rules.FOREIGN_PAGE)
        self.session_key = _session_key(self.scope)
        try:
            owners = await _signed_in([self.session_key], now=timezone.now())
        except Error:
            return await self.end(rules.TRY_AGAIN_LATER)
        if self.session_key not in owners:
            return await self.end(rules.NOT_SIGNED_IN)
        self.user_id = owners[self.session_key]
        if not self.hub.join(self):
            return await self.end(rules.TOO_FAST)
        await self.accept()
        return None

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **_: Any) -> None:
        if self._has_ended:
            return
        if not self._meter.admits(asyncio.get_running_loop().time()):
            await self.end(rules.TOO_FAST)
        elif (topics := _asked(text_data)) is None:
            await self._refuse()
        else:
            await self._subscribe(topics)

    async def _refuse(self) -> None:
        self._faults += 1
        await self.send_json({"error": rules.MALFORMED})
        if self._faults == MOST_FAULTS:
            await self.end(rules.UNREADABLE)

    async def _subscribe(self, topics: Sequence[str]) -> None:
        if len(self.topics.union(topics)) > rules.MOST_TOPICS:
            return await self._refuse()
        try:
            audible = {topic for _, topic in await _audible([(self.user_id, topic) for topic in topics])}
        except Error:
            return await self.end(rules.TRY_AGAIN_LATER)
        if self._has_ended:
            return None
        await self.hub.subscribe(self, audible)
        for topic in topics:
            await self.send_json({"subscribed": topic} if topic in audible else {"error": rules.NOT_FOUND})
        return None

    async def live_changed(self, message: dict[str, Any]) -> None:
        """From the hub alone: what a client sends never chooses a method."""
        if message["topic"] in self.topics:
            await self.send_json({"changed": message["topic"]})

    async def end(self, code: int) -> None:
        """Close once; nothing is said to this socket from here on."""
        if not self._has_ended:
            self._has_ended = True
            await self.hub.leave(self)
            await self.close(code)


def _asked(text: str | None) -> Sequence[str] | None:
    if not text:
        return None
    try:
        return rules.asked_topics(strictjson.loads(text.encode()))
    except Malformed:
        return None


def _is_our_page(scope: Any) -> bool:
    origins, hosts = _headers(scope, b"origin"), _headers(scope, b"host")
    if (
        len(origins) != 1
        or len(hosts) != 1
        or not validate_host(split_domain_port(hosts[0])[0], settings.ALLOWED_HOSTS)
    ):
        return False
    return rules.is_ours(
        origins[0],
        host=hosts[0],
        scheme="https" if settings.HTTPS else "http",
        pages_port=settings.PAGES_PORT if settings.SOCKET_PORT else None,
        trusted=settings.CSRF_TRUSTED_ORIGINS,
    )


def _session_key(scope: Any) -> str:
    return parse_cookie("; ".join(_headers(scope, b"cookie"))).get(settings.SESSION_COOKIE_NAME, "")


def _headers(scope: Any, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]
