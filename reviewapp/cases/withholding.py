"""From whom the model's part of a blind case is withheld, and finding out for many at once.

The rule: of a blind case that is not decided, the model's part is withheld from everybody who may work on a queue of its use case, until they
have given their own answer blind. What was seen stays seen: one blind answer opens the case to that person for good, also in later rounds.
Whoever only reads, as an auditor does, sees everything.

Withheld is all that the model said or that follows from it: outcome, probabilities, confidence, explanation, proposed reasons, the rule
that asked for a person, the trace, the priority as a number (a rule may have given it for the model's outcome), and what colleagues answered
or wrote, also of what a pended case waits for, after they had seen it. When such a case is due hangs on its inputs alone (`cases.sla`).
The order in which cases are taken stays, priority first: a person's urgency is not to be lost to a measurement.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection
from django.db.models import F, Q

from reviewapp.access.grants import granted_sql
from reviewapp.access.rules import WORK_QUEUE
from reviewapp.audit.models import AuditEvent
from reviewapp.cases.models import BlindAnswer, Case, Correction, Queue
from reviewapp.cases.rules import CaseState
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import Conflict
from reviewapp.lib.query import uuid

MODELS_PART = ("advised", "confidence", "why", "priority")  # of a blind case, null for whoever must answer it first
WITHHELD = "withheld"  # the word for it on pages and in the trail


class AdviceWithheld(Conflict):
    """What the model says of this case is withheld until you have recorded your own view of it."""

    code = "advice-withheld"


_REVEALED = """
select c.id from cases_case c where c.id = any(%(cases)s) and not (c.is_blind and c.state <> 'decided'
    and not exists (select from cases_blindanswer b where b.case_id = c.id and b.reviewer_id = %(grantee)s)
    and exists (select from cases_queue own join cases_queue w on w.use_case_id = own.use_case_id
        where own.id = c.queue_id and w.id in ({granted})))
"""


def revealed(case_ids: Iterable[UUID], actor: Actor) -> set[UUID]:
    """Those of the cases whose model's part `actor` may see; one statement. It need be asked only of cases that are blind and not decided."""
    granted, values = granted_sql(Queue, actor, WORK_QUEUE)
    with connection.cursor() as cursor:
        cursor.execute(_REVEALED.format(granted=granted), {**values, "cases": list(case_ids)})
        return {row[0] for row in cursor.fetchall()}


def reveal(cases: Iterable[Case], actor: Actor) -> None:
    """Open those of `cases` whose model's part `actor` may see, and what others wait for that who wrote it had not seen either.

    One statement, none where no case is blind, and one more where pended cases stay closed.
    """
    closed = {case.pk: case for case in cases if case.is_withheld}
    for pk in revealed(closed, actor) if closed else ():
        closed[pk].is_revealed = True
    pended = [case for case in closed.values() if case.is_withheld and case.state == CaseState.PENDED]
    if pended:
        pended_seeing = BlindAnswer.objects.filter(case__in=pended, reviewer=F("case__pended_by"))
        seeing = set(pended_seeing.values_list("case_id", flat=True))
        for case in pended:
            case.is_awaited_told = case.pk not in seeing


def refuse_withheld(case: Case, actor: Actor) -> None:
    """:raises AdviceWithheld: if the actor must answer the case before they see what the model says."""
    reveal([case], actor)
    if case.is_withheld:
        raise AdviceWithheld


def withheld_events(events: Iterable[AuditEvent], actor: Actor) -> set[int]:
    """Keys of those events of the trail whose data would tell `actor` what is withheld from them."""
    about = {(event.object_type, uuid(event.object_id)) for event in events}
    cases = [pk for kind, pk in about if kind == "cases.case" and pk]
    predictions = [pk for kind, pk in about if kind == "predictions.prediction" and pk]
    corrected = (
        dict(Correction.objects.filter(before__in=predictions).values_list("before", "case")) if predictions else {}
    )
    rows = Case.objects.filter(Q(pk__in=[*cases, *corrected.values()]) | Q(prediction__in=predictions), is_blind=True)
    blind = list(rows.exclude(state=CaseState.DECIDED)) if cases or predictions else []
    reveal(blind, actor)
    closed = [case for case in blind if case.is_withheld]
    named = {("cases.case", str(case.pk)) for case in closed}
    named |= {("predictions.prediction", str(case.prediction_id)) for case in closed}
    shut = {case.pk for case in closed}
    named |= {("predictions.prediction", str(pk)) for pk, case in corrected.items() if case in shut}
    return {event.pk for event in events if (event.object_type, event.object_id) in named}
