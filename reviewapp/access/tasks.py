"""Names for Celery. A message only says "look now"; losing or doubling it changes nothing."""

from celery import shared_task
from django.utils import timezone


@shared_task(name="access.forget_old", queue="default")
def forget_old(**_: object) -> None:
    from reviewapp.access import actions

    actions.forget_old(at=timezone.now())
