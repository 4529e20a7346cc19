"""Reads of the trail."""

from collections.abc import Iterable

from django.db.models import Q

from reviewapp.audit.models import AuditEvent

MOST_EVENTS = 500


def of_objects(objects: Iterable[tuple[str, str]]) -> list[AuditEvent]:
    """The events about these (type, id) pairs, oldest first: the newest MOST_EVENTS of them, in one statement."""
    about = Q()
    for object_type, object_id in objects:
        about |= Q(object_type=object_type, object_id=object_id)
    return list(AuditEvent.objects.filter(about).order_by("-id")[:MOST_EVENTS])[::-1]
