"""Finds Celery workers that live but no longer work, as has been seen after a reset of Redis.

A worker is stuck if it does not answer, or if it says that it has nothing to do while messages wait in its queue, in every round of a minute.
What it does is asked over Redis; while Redis itself does not answer nobody is blamed.
"""

import logging
import threading
import time
from collections.abc import Iterable

import redis
from celery import Celery
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)
PATIENCE_SECONDS = 60.0
_ROUND_SECONDS = 10.0
_ANSWER_SECONDS = 4.0


class Watchdog(threading.Thread):
    """Asks all the time, in a thread that ends with the process. Queues and workers share their names."""

    def __init__(self, broker_url: str, queues: Iterable[str]) -> None:
        super().__init__(daemon=True, name="watchdog")
        self._celery = Celery(broker=broker_url)
        self._redis = redis.Redis.from_url(broker_url, socket_timeout=_ANSWER_SECONDS)
        self._last_well = dict.fromkeys(queues, time.monotonic())

    def is_stuck(self, queue: str, *, age: float) -> bool:
        """Whether the worker of `queue`, started `age` seconds ago, has shown no sign of work for the length of our patience."""
        return min(age, time.monotonic() - self._last_well[queue]) > PATIENCE_SECONDS

    def run(self) -> None:
        while True:
            try:
                self.look()
            except (OSError, OperationalError, redis.RedisError):
                self._note(self._last_well)
            time.sleep(_ROUND_SECONDS)

    def look(self) -> None:
        """One round of questions."""
        question = self._celery.control.broadcast
        replies = question("active", reply=True, timeout=_ANSWER_SECONDS, limit=len(self._last_well)) or []
        tasks = {node.partition("@")[0]: active for reply in replies for node, active in reply.items()}
        self._note(
            [
                queue
                for queue, active in tasks.items()
                if queue in self._last_well and (active or not self._redis.llen(queue))
            ]
        )

    def _note(self, queues: Iterable[str]) -> None:
        self._last_well |= dict.fromkeys(queues, time.monotonic())
