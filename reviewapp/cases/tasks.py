"""Names for Celery. A message only says "look now"; losing or doubling it changes nothing."""

from celery import shared_task
from django.utils import timezone

from reviewapp.lib import bell


@shared_task(name="cases.label_decisions", queue="default")
def label_decisions(**_: object) -> None:
    from reviewapp.cases import feedback

    bell.answer("cases.label_decisions")
    feedback.label_decisions(at=timezone.now())


@shared_task(name="cases.return_due", queue="default")
def return_due(**_: object) -> None:
    from reviewapp.cases import actions

    actions.return_due(at=timezone.now())


@shared_task(name="cases.watch_sla", queue="default")
def watch_sla(**_: object) -> None:
    from reviewapp.cases import actions

    actions.watch_sla(at=timezone.now())
