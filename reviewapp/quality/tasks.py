"""Names for Celery. A message only says "look now"; losing or doubling it changes nothing."""

from celery import shared_task
from django.utils import timezone


@shared_task(name="quality.mix_in", queue="default")
def mix_in(**_: object) -> None:
    from reviewapp.quality import actions

    actions.mix_in(at=timezone.now())


@shared_task(name="quality.draw_samples", queue="default")
def draw_samples(**_: object) -> None:
    from reviewapp.quality import sampling

    sampling.compare(at=timezone.now())
    sampling.draw_samples(at=timezone.now())


@shared_task(name="quality.work_out", queue="default")
def work_out(**_: object) -> None:
    from reviewapp.quality import agreement, reliance, samples

    agreement.work_out(at=timezone.now())
    reliance.work_out(at=timezone.now())
    samples.work_out(at=timezone.now())
