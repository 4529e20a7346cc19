"""The workers with a fault; it is in place once the tasks' modules can be imported."""

from typing import Any

from celery import signals

from reviewapp.config.celery import app
from tests.twins.faults import take_out


@signals.worker_process_init.connect
def _spoil(**_: Any) -> None:
    take_out()


__all__ = ["app"]
