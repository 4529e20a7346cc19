"""Names for Celery. A message only says "look now"; losing or doubling it changes nothing."""

from celery import shared_task
from django.utils import timezone

from reviewapp.lib import bell


@shared_task(name="datasets.freeze_pending", queue="default")
def freeze_pending(**_: object) -> None:
    from reviewapp.datasets import freezing

    bell.answer("datasets.freeze_pending")
    freezing.freeze_pending(at=timezone.now())
