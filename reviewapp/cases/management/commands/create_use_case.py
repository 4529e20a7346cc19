"""Makes a use case from one JSON file: what is decided, the inputs, the reasons and the queues."""

import json
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from reviewapp.cases.actions import create_queue
from reviewapp.catalog.actions import add_reason_code, create_use_case, publish_schema
from reviewapp.lib.actor import system
from reviewapp.lib.errors import CountersignError

HELP = """Make a use case from a JSON file:
{"slug": "car-loans", "name": "Car loans", "description": "...",
 "subject_noun": "applicant", "case_noun": "application", "case_noun_plural": "applications",
 "outcome_kind": "categorical" (or "ordinal": most severe first),
 "outcomes": [{"value": "approve", "label": "Approve", "past": "approved"}, {"value": "deny", "label": "Deny", "past": "denied", "adverse": true}],
 "summary_features": ["amount"],
 "schema": {"features": [{"name": "amount", "kind": "number", "label": "Amount", "unit": "$"}]},
 "reasons": [{"code": "R01", "text": "Amount too high", "subject_text": "The amount is too high for your income.", "features": ["amount"]}],
 "queues": [{"slug": "car-loans", "name": "Car loans", "sla_minutes": 60}, {"slug": "car-loans-lead", "name": "Car loans, lead", "is_lead": true}]}
Then grant rights on it on the people page, register a model if it is scored here, and publish a policy."""


class Command(BaseCommand):
    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            body = json.loads(options["file"].read_text(encoding="utf-8"))
            schema, reasons, queues = body.pop("schema"), body.pop("reasons", []), body.pop("queues")
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise CommandError(f"{options['file']} cannot be read as a use case: {error}") from error
        by = {"actor": system("create_use_case"), "at": timezone.now()}
        try:
            use_case = create_use_case(**body, **by)
            publish_schema(use_case=use_case, body=schema, **by)
            for position, reason in enumerate(reasons):
                add_reason_code(use_case=use_case, position=position, **reason, **by)
            for queue in queues:
                create_queue(use_case_id=use_case.pk, **queue, **by)
        except (CountersignError, ValidationError, TypeError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{use_case.name}: {len(schema['features'])} inputs, {len(reasons)} reasons, {len(queues)} queues."
        )
