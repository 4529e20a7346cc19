"""Names for Celery. A message only says "look now"; losing or doubling it changes nothing."""

from celery import shared_task
from django.utils import timezone

from reviewapp.lib import bell


@shared_task(name="intake.score_pending", queue="models")
def score_pending(**_: object) -> None:
    from reviewapp.intake import scoring

    bell.answer("intake.score_pending")
    scoring.score_pending(at=timezone.now())


@shared_task(name="intake.answer_what_ifs", queue="models")
def answer_what_ifs(**_: object) -> None:
    from reviewapp.intake import what_ifs

    bell.answer("intake.answer_what_ifs")
    what_ifs.sweep(at=timezone.now())
