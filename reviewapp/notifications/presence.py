"""Who has a case's page open now: ids in Redis for half a minute at a time, kept up by the sockets that listen to `presence:<case id>`.

It is no record. Nobody decides by it, nothing is lost with it, and a page without it works as before.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection
from datetime import datetime
from uuid import UUID

import redis
import redis.asyncio
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import Error
from redis.exceptions import RedisError

from reviewapp.lib import bell
from reviewapp.notifications import queries
from reviewapp.notifications.live import CHANNEL
from reviewapp.notifications.rules import PRESENCE

log = logging.getLogger(__name__)
PRESENT_SECONDS = 30  # after the last word of a process that died
_ROUND_SECONDS, _ROUNDS_TO_REFRESH = 1.0, 10
_RING_SECONDS = 3  # at most one bell of a case in so many
Place = tuple[UUID, UUID]  # a person, and the case they look at
_quiet = database_sync_to_async(queries.answered, thread_sensitive=False)


def present(case_id: UUID, *, now: datetime) -> list[UUID]:
    """Who has the page of this case open, whatever the reader may know of them; nobody while Redis is away."""
    try:
        found: list[bytes] = bell.client().zrangebyscore(_key(case_id), now.timestamp(), "+inf")
    except redis.RedisError:
        return []
    return [UUID(member.decode()) for member in found]


def _key(case_id: UUID) -> str:
    return f"presence:{case_id}"


class Presence:
    """Where the people of this process's sockets are, told to Redis in rounds of a second: as many commands for a hundred as for one.

    Its task runs while somebody is somewhere, and until their leaving is told.
    """

    def __init__(self, *, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._here: Counter[Place] = Counter()
        self._moved: set[Place] = set()
        self._to_ring: set[UUID] = set()
        self._rounds = 0
        self._task: asyncio.Task[None] | None = None

    def come(self, user_id: UUID, case_id: UUID) -> None:
        self._here[user_id, case_id] += 1
        self._moves((user_id, case_id))

    def go(self, user_id: UUID, case_id: UUID) -> None:
        self._here -= Counter([(user_id, case_id)])
        self._moves((user_id, case_id))

    def _moves(self, place: Place) -> None:
        self._moved.add(place)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        client = redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=2)
        async with client:
            while self._here or self._moved or self._to_ring:
                await asyncio.sleep(_ROUND_SECONDS)
                await self._round(client)

    async def _round(self, client: "redis.asyncio.Redis") -> None:
        moved, self._moved = self._moved, set()
        self._rounds += 1
        is_due = self._rounds >= _ROUNDS_TO_REFRESH
        self._to_ring |= await _heard_of(moved)
        try:
            await self._write(client, moved | set(self._here) if is_due else moved)
            await self._ring(client)
        except (RedisError, OSError):
            self._rounds, self._to_ring = _ROUNDS_TO_REFRESH, set()  # all of it anew; who has left is forgotten by time
            log.info("presence not told; trying again")
        else:
            self._rounds = 0 if is_due else self._rounds

    async def _write(self, client: "redis.asyncio.Redis", places: Collection[Place]) -> None:
        if not places:
            return
        until = self._clock().timestamp() + PRESENT_SECONDS
        pipeline = client.pipeline(transaction=False)
        for user_id, case_id in places:
            if (user_id, case_id) in self._here:
                pipeline.zadd(_key(case_id), {str(user_id): until})
                pipeline.expire(_key(case_id), 2 * PRESENT_SECONDS)
            else:
                pipeline.zrem(_key(case_id), str(user_id))
        await pipeline.execute()

    async def _ring(self, client: "redis.asyncio.Redis") -> None:
        """Those that have rung just now, by whatever process, ring in a later round."""
        for case_id in list(self._to_ring):
            if await client.set(f"presence:rung:{case_id}", 1, nx=True, ex=_RING_SECONDS):
                await client.publish(CHANNEL, f"{PRESENCE}:{case_id}")
                self._to_ring.discard(case_id)


async def _heard_of(moved: Collection[Place]) -> set[UUID]:
    """The cases whose pages are told. Not of whoever has answered: a second reviewer may not even learn that there is somebody to hide."""
    if not moved:
        return set()
    try:
        return {case_id for _, case_id in set(moved) - await _quiet(moved)}
    except Error:
        return set()
