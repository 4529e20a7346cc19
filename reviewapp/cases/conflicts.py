"""Who is linked to the person of which case, as leads read it. Nothing here names or hints at the person a case is about."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from reviewapp.access.models import User
from reviewapp.access.rules import LEAD_QUEUE
from reviewapp.cases.models import Case, Recusal
from reviewapp.cases.queries import queues_of, visible_cases, workers_of
from reviewapp.lib.actor import Actor

ORDER = ("-made_at", "-id")  # newest first


def leads_use_case_of(case: Case, actor: Actor) -> bool:
    """`case` comes with its queue."""
    return queues_of(actor, LEAD_QUEUE).filter(use_case=case.queue.use_case_id).exists()


def linkable(case: Case, actor: Actor, *, username: str = "") -> list[User]:
    """Who works on a queue of the case's use case that the actor may see, by name; `username` asks for one. `case` comes with its queue."""
    queues = queues_of(actor).filter(use_case=case.queue.use_case_id)
    return [person for person, _ in workers_of(queues, username=username)]


def conflicts_for(actor: Actor) -> QuerySet[Recusal]:
    """What is on record about cases that the actor may see, of the use cases in which they lead a queue; listed in ORDER."""
    led = queues_of(actor, LEAD_QUEUE).values("use_case")
    rows = Recusal.objects.filter(case__queue__use_case__in=led, case__in=visible_cases(actor).values("pk"))
    return rows.select_related("user", "recorded_by", "ended_by", "case__queue")


def conflict_line(conflict: Recusal) -> dict[str, Any]:
    """As the API has it."""
    return {
        "id": str(conflict.pk),
        "person": _person(conflict.user),
        "case": str(conflict.case_id),
        "external_id": conflict.case.external_id,
        "recorded_by": _person(conflict.recorded_by),
        "recorded_at": conflict.made_at,
        "reason": conflict.reason,
        "ended_by": _person(conflict.ended_by),
        "ended_at": conflict.ended_at,
        "end_reason": conflict.end_reason,
    }


def _person(user: User | None) -> dict[str, str] | None:
    return {"id": str(user.pk), "username": user.username, "name": user.display_name} if user else None


def conflict_row(conflict: Recusal) -> dict[str, Any]:
    """As the page shows it. What people said of themselves has no end."""
    ends = conflict.recorded_by_id is not None and conflict.ended_at is None
    return {
        "name": conflict.user.display_name,
        "external_id": conflict.case.external_id,
        "case_url": reverse("cases:case", args=[conflict.case_id]),
        "queue_name": conflict.case.queue.name,
        "by": conflict.recorded_by.display_name if conflict.recorded_by else "",
        "at": conflict.made_at,
        "reason": conflict.reason,
        "ended_at": conflict.ended_at,
        "ended_by": conflict.ended_by.display_name if conflict.ended_by else "",
        "end_reason": conflict.end_reason,
        "end_url": reverse("cases:conflict-end", args=[conflict.pk]) if ends else None,
        "field": f"reason-{conflict.pk}",
    }
