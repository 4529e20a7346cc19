"""Publishes a policy from a JSON file."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from reviewapp.catalog.models import UseCase
from reviewapp.lib.actor import system
from reviewapp.lib.errors import CountersignError
from reviewapp.policies.actions import publish
from reviewapp.policies.queries import labels_of
from reviewapp.policies.rules import in_words


class Command(BaseCommand):
    help = "Publish a policy of a use case; it routes from that moment on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("use_case", help="slug of the use case")
        parser.add_argument(
            "file", type=Path, help="the policy as JSON; its form is described in reviewapp.policies.rules"
        )
        parser.add_argument("--reason", required=True, help="why the policy changes; kept with the version")

    def handle(self, *args: Any, **options: Any) -> None:
        use_case = UseCase.objects.filter(slug=options["use_case"]).first()
        if use_case is None:
            raise CommandError(f"There is no use case “{options['use_case']}”.")
        body = _read(options["file"])
        actor = system("publish_policy")
        try:
            version = publish(use_case=use_case, body=body, reason=options["reason"], actor=actor, at=timezone.now())
        except CountersignError as error:
            lines = [error.detail, *(f"  {problem.pointer or '/'}: {problem.detail}" for problem in error.errors)]
            raise CommandError("\n".join(lines)) from error
        self.stdout.write(f"{use_case.name}, policy {version.number}:")
        for sentence in in_words(version.body, labels_of(use_case)):
            self.stdout.write(f"  {sentence}")


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise CommandError(f"{path} is not JSON.") from error
