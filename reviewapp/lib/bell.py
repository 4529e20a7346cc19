"""The wake-up bell: tells a Celery worker to look at its rows now. Redis may lose it; a sweep finds what was missed.

A flag in Redis keeps a hundred writers from sending a hundred messages: whoever sets it sends, and the worker clears it before it looks.
It rings for rows that are due now. A message with a time of its own would wait unacknowledged in the worker's hands, and a worker whose
broker is reset at that moment may stand still for ever: what is due later is left to the sweep.
"""

import logging

import redis
from celery import current_app
from django.conf import settings
from django.db import transaction

log = logging.getLogger(__name__)
_FLAG_SECONDS = 2
_client: redis.Redis | None = None


def client() -> redis.Redis:
    """One pooled connection set per process, with short time-outs: a missing Redis must not slow a request down."""
    global _client  # noqa: PLW0603 -- one pool per process
    if _client is None:
        _client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.3, socket_timeout=0.5, retry=None)
    return _client


def ring(task: str, *, queue: str) -> None:
    """Wake the worker of `task` once the present transaction is committed. Never raises."""
    transaction.on_commit(lambda: _send(task, queue), robust=True)


def answer(task: str) -> None:
    """Called by the worker before it looks: from here on a new row rings anew."""
    try:
        client().delete(f"bell:{task}")
    except redis.RedisError:
        log.info("bell not cleared")


def _send(task: str, queue: str) -> None:
    try:
        if client().set(f"bell:{task}", 1, nx=True, ex=_FLAG_SECONDS):
            current_app.send_task(task, queue=queue, retry=False, ignore_result=True)
    except Exception:  # noqa: BLE001 -- a broker fails in many ways, and none may undo what is committed
        log.warning("bell lost; the sweep will find the rows", extra={"task": task})
