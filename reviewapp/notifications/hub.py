"""What all sockets of one process share: one Redis connection that listens, and one watch over who may still hear what."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

import redis.asyncio as redis
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from redis.exceptions import RedisError

from reviewapp.notifications import queries
from reviewapp.notifications.live import CHANNEL
from reviewapp.notifications.presence import Presence
from reviewapp.notifications.rules import NOT_FOUND, NOT_SIGNED_IN, PRESENCE, SILENT, TRY_AGAIN_LATER, split_topic

log = logging.getLogger(__name__)
CHECK_SECONDS, ANSWER_SECONDS = 1.5, 3.0  # together below five: that is how long a lost right may linger
SUBSCRIBE_SECONDS = 10.0
MOST_SOCKETS = 200  # of one person
_RECONNECT_SECONDS = 1.0
_LISTEN_SECONDS = 5.0
# After each round of messages the relay rests, longer after a larger one: however busy the queues, live pages take a bounded share of a core.
_REST_SECONDS, _REST_PER_SOCKET = 0.02, 0.0003


class Socket(Protocol):
    """What the hub knows of a consumer."""

    channel_name: str
    user_id: UUID
    session_key: str
    topics: set[str]
    joined_at: float

    async def end(self, code: int) -> None: ...


def group(topic: str) -> str:
    return f"live.{topic.replace(':', '.')}"


def _looked_at(topic: str) -> UUID | None:
    """The case whose page is open, of whoever listens to this topic."""
    kind, pk = split_topic(topic) or ("", None)
    return pk if kind == PRESENCE else None


class Hub:
    """Its tasks run while there is a socket."""

    def __init__(self, *, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._presence = Presence(clock=clock)
        self._sockets: set[Socket] = set()
        self._listeners: Counter[str] = Counter()
        self._changed: set[str] = set()
        self._bell = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def join(self, socket: Socket) -> bool:
        """False if its person has too many."""
        if sum(other.user_id == socket.user_id for other in self._sockets) >= MOST_SOCKETS:
            return False
        self._sockets.add(socket)
        if not self._tasks:
            self._bell = asyncio.Event()
            self._tasks = [asyncio.create_task(work()) for work in (self._listen, self._relay, self._watch)]
        return True

    async def subscribe(self, socket: Socket, topics: Collection[str]) -> None:
        for topic in set(topics) - socket.topics:
            socket.topics.add(topic)
            self._listeners[topic] += 1
            await get_channel_layer().group_add(group(topic), socket.channel_name)
            if (case_id := _looked_at(topic)) is not None:
                self._presence.come(socket.user_id, case_id)

    async def leave(self, socket: Socket) -> None:
        """As often as you like."""
        if socket not in self._sockets:
            return
        self._sockets.remove(socket)
        self._listeners -= Counter(socket.topics)
        for case_id in filter(None, map(_looked_at, socket.topics)):
            self._presence.go(socket.user_id, case_id)
        if not self._sockets:
            for task in self._tasks:
                task.cancel()
            self._tasks = []
        for topic in socket.topics:
            await get_channel_layer().group_discard(group(topic), socket.channel_name)
        socket.topics.clear()

    # Listening: Redis -> groups of the channel layer

    def _is_wanted(self) -> bool:
        """Asked beside being cancelled, since redis-py loses a cancellation that comes while it connects."""
        return asyncio.current_task() in self._tasks

    async def _listen(self) -> None:
        while self._is_wanted():
            try:
                await self._hear()
            except (RedisError, OSError):
                log.info("live channel lost; trying again")
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _hear(self) -> None:
        client = redis.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=2, socket_keepalive=True, health_check_interval=10
        )
        async with client, client.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(CHANNEL)
            self._announce(self._listeners)  # what was said while nobody listened is lost, so everybody looks once
            while self._is_wanted():
                message = await channel.get_message(timeout=_LISTEN_SECONDS)
                if message is not None:
                    self._announce(message["data"].decode(errors="replace").split())

    def _announce(self, topics: Collection[str]) -> None:
        self._changed.update(topic for topic in topics if topic in self._listeners)
        if self._changed:
            self._bell.set()

    async def _relay(self) -> None:
        layer = get_channel_layer()
        while True:
            await self._bell.wait()
            self._bell.clear()
            changed, self._changed = self._changed, set()
            sockets = sum(self._listeners[topic] for topic in changed)
            for topic in changed:
                await layer.group_send(group(topic), {"type": "live.changed", "topic": topic})
            await asyncio.sleep(_REST_SECONDS + _REST_PER_SOCKET * sockets)

    # Watching: rights and sessions

    async def _watch(self) -> None:
        endings: set[asyncio.Task[None]] = set()
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            for socket, code in (await self._to_end()).items():
                ending = asyncio.create_task(socket.end(code))
                endings.add(ending)
                ending.add_done_callback(endings.discard)

    async def _to_end(self) -> dict[Socket, int]:
        """Sockets to close, with the reason. While nothing can be checked that is all of them."""
        heard = {socket: frozenset(socket.topics) for socket in self._sockets}
        check: asyncio.Future[dict[Socket, int]] = asyncio.ensure_future(_check(heard, now=self._clock()))
        await asyncio.wait([check], timeout=ANSWER_SECONDS)
        if not check.done() or check.exception() is not None:
            check.add_done_callback(lambda late: late.cancelled() or late.exception())
            log.warning("live sockets closed: it cannot be checked who may listen")
            return dict.fromkeys(heard, TRY_AGAIN_LATER)
        late = asyncio.get_running_loop().time() - SUBSCRIBE_SECONDS
        silent = {socket: SILENT for socket, topics in heard.items() if not topics and socket.joined_at < late}
        return silent | check.result()


def _faults(heard: Mapping[Socket, Collection[str]], *, now: datetime) -> dict[Socket, int]:
    """Who may listen no longer, and why; in as many statements for a thousand sockets as for one."""
    owners = queries.signed_in({socket.session_key for socket in heard}, now=now)
    audible = queries.audible({(socket.user_id, topic) for socket, topics in heard.items() for topic in topics})
    faults = {
        socket: NOT_FOUND
        for socket, topics in heard.items()
        if any((socket.user_id, topic) not in audible for topic in topics)
    }
    return faults | {socket: NOT_SIGNED_IN for socket in heard if owners.get(socket.session_key) != socket.user_id}


# Each in a thread of its own choice: one that hangs on a lost database must not hold up the others.
_check = database_sync_to_async(_faults, thread_sensitive=False)
