"""The Celery application. Messages carry ids at most and only say "look now"; the rows in PostgreSQL are the work."""

import contextlib
import os
from typing import Any

import redis
from celery import Celery, signals
from celery.app.amqp import Queues

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewapp.config.settings")

app = Celery("countersign")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

KINDS = ("models", "default")
ALIVE_SECONDS = 60


def sign_of_life(kind: str) -> None:
    """What /readyz looks for."""
    from django.core.cache import cache

    cache.set(f"worker:{kind}", 1, ALIVE_SECONDS)


@app.task(name="config.sign_of_life", ignore_result=True)
def tell_life(kind: str, **_: object) -> None:
    sign_of_life(kind)


def _forget_life(queues: Queues) -> None:
    """A worker that starts or stops is not there, whatever its last sign of life said: nobody is to be told "ready" on the word of the dead."""
    from django.core.cache import cache

    with contextlib.suppress(redis.RedisError, OSError):  # without Redis there is no sign of anybody's life
        cache.delete_many([f"worker:{kind}" for kind in KINDS if _serves(queues, kind)])


def _serves(queues: Queues, kind: str) -> bool:
    return kind in queues.consume_from


@signals.worker_init.connect
def import_before_fork(sender: Any, **_: object) -> None:
    """The heavy imports happen once, in the parent; its children share the pages. Nothing is computed there: OpenMP does not survive a fork.

    They take so long that the worker may be started before the database is migrated, and waits for that afterwards.
    """
    from reviewapp.config.release import await_migrations

    _forget_life(sender.app.amqp.queues)
    if _serves(sender.app.amqp.queues, "models"):
        from reviewapp.intake import scoring  # noqa: F401
    await_migrations()


@signals.worker_process_init.connect
def open_models(**_: object) -> None:
    if _serves(app.amqp.queues, "models"):
        from reviewapp.intake import runtimes

        runtimes.warm_up()


@signals.worker_ready.connect
def ready(sender: Any, **_: object) -> None:
    for kind in KINDS:
        if _serves(sender.app.amqp.queues, kind):
            sign_of_life(kind)


@signals.worker_shutdown.connect
def gone(sender: Any, **_: object) -> None:
    _forget_life(sender.app.amqp.queues)
