"""How long a change takes to reach every open page: from before the act to the frame in the last browser's hands."""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress

from websockets.asyncio.client import ClientConnection, connect

SETTLE_SECONDS = 0.5


def reach(
    *,
    url: str,
    origin: str,
    cookies: list[str],
    topic: str,
    act: Callable[[], object],
    sockets: int = 100,
    events: int = 50,
) -> list[float]:
    """Milliseconds from the start of `act` to each socket's frame: `events` times `sockets` figures.

    :param cookies: `name=value` of signed-in sessions that may hear `topic`; shared out over the sockets in turn.
    :param act: makes one committed change to `topic`; called in a thread. `notifications.live.publish` leaves out the act itself.
    """
    return asyncio.run(_reach(url, origin, cookies, topic, act, sockets, events))


async def _reach(
    url: str, origin: str, cookies: list[str], topic: str, act: Callable[[], object], sockets: int, events: int
) -> list[float]:
    headers = [{"Cookie": cookies[number % len(cookies)]} for number in range(sockets)]
    opened = [await connect(url, origin=origin, additional_headers=header, compression=None) for header in headers]
    try:
        await asyncio.gather(*(_listen(socket, topic) for socket in opened))
        return [taken for _ in range(events) for taken in await _one(opened, topic, act)]
    finally:
        await asyncio.gather(*(socket.close() for socket in opened))


async def _listen(socket: ClientConnection, topic: str) -> None:
    await socket.send(json.dumps({"subscribe": [topic]}))
    while json.loads(await socket.recv()) != {"subscribed": topic}:
        pass
    with suppress(TimeoutError):  # what the first socket of a process hears
        await asyncio.wait_for(socket.recv(), SETTLE_SECONDS)


async def _one(opened: list[ClientConnection], topic: str, act: Callable[[], object]) -> list[float]:
    async with asyncio.TaskGroup() as hearing:
        heard = [hearing.create_task(_heard(socket, topic)) for socket in opened]
        await asyncio.sleep(0.05)
        start = time.perf_counter()
        await asyncio.to_thread(act)
    return [(task.result() - start) * 1000 for task in heard]


async def _heard(socket: ClientConnection, topic: str) -> float:
    while json.loads(await socket.recv()) != {"changed": topic}:
        pass
    return time.perf_counter()
