"""Names for Celery. A message only says "look now"; losing or doubling it changes nothing."""

from celery import shared_task
from django.utils import timezone


@shared_task(name="monitoring.work_out", queue="default")
def work_out(**_: object) -> None:
    from reviewapp.monitoring import forecasting

    forecasting.work_out(at=timezone.now())
