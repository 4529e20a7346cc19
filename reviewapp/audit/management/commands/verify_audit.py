"""Holds every event against its MAC, and the table against its triggers."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from reviewapp.audit import queries
from reviewapp.audit.actions import check
from reviewapp.audit.models import AuditEvent
from reviewapp.audit.rules import Check, missing_triggers

MOST_SHOWN = 20


class Command(BaseCommand):
    help = "Check every audit event. Exit code 1 if a row was forged or changed, or a trigger that keeps the table append-only is gone."

    def handle(self, *args: Any, **options: Any) -> None:
        count = faults = 0
        for event in queries.every_event():
            count += 1
            result = check(event)
            if not result.is_authentic:
                faults += 1
                if faults <= MOST_SHOWN:
                    self.stdout.write(_told(event, result))
        gone = missing_triggers(queries.enabled_triggers())
        for trigger in gone:
            self.stdout.write(f"trigger {trigger} is missing or switched off: rows can be changed or deleted")
        self.stdout.write(f"{count} events checked, {faults} do not match")
        if faults or gone:
            sys.exit(1)


def _told(event: AuditEvent, result: Check) -> str:
    why = (
        f"columns differ from the authenticated bytes: {', '.join(result.differing)}"
        if result.mac_holds
        else "the MAC was not made with the key"
    )
    return f"event {event.pk} ({event.event_uuid}) does not match: {why}"
