"""Registers a model version from the folder it was trained into."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from reviewapp.catalog.models import Model, UseCase
from reviewapp.catalog.registering import create_model, promote, register_version
from reviewapp.lib.actor import system
from reviewapp.lib.errors import CountersignError


class Command(BaseCommand):
    help = "Register a version of a model from its artifact folder. The folder is copied into the artifact store and may then be deleted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("use_case", help="slug of the use case")
        parser.add_argument("name", help="name of the model; made when there is none of this name")
        parser.add_argument("version")
        parser.add_argument("folder", type=Path, help="the artifact: manifest.json and the files it names")
        parser.add_argument(
            "--live", action="store_true", help="let it serve at once, in place of the one that is live"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        use_case = UseCase.objects.filter(slug=options["use_case"]).first()
        if use_case is None:
            raise CommandError(f"There is no use case “{options['use_case']}”.")
        by = {"actor": system("register_model"), "at": timezone.now()}
        try:
            model = Model.objects.filter(use_case=use_case, name=options["name"]).first()
            model = model or create_model(use_case=use_case, name=options["name"], **by)
            version = register_version(model=model, version=options["version"], folder=options["folder"], **by)
            if options["live"]:
                version = promote(version=version, **by)
        except CountersignError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"{model.name} {version.version} is {version.stage}, artifact {version.artifact_digest}.")
