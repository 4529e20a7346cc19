"""`manage.py prepare`: once per release, before its processes start."""

import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

_STAMP = "static.sources"


class Command(BaseCommand):
    help = "Bring the database and the static files to this release, then run the commands named. Running it again changes nothing."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("commands", nargs="*", help="commands of manage.py without arguments, in their order")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        _collect_static()
        for command in options["commands"]:
            call_command(command)


def _collect_static() -> None:
    """Hashing and compressing every file takes half of a start, so it is done only when one of them has changed."""
    stamp = settings.DATA_DIR / _STAMP
    if settings.STATIC_ROOT.exists() and stamp.exists() and stamp.read_text(encoding="ascii") == _sources():
        return
    call_command(
        "collectstatic", interactive=False, verbosity=0, clear=True
    )  # a file of an older date may be the newer one
    stamp.write_text(_sources(), encoding="ascii")


def _sources() -> str:
    """Names where the files go and each of them: path, size and time of change."""
    found = [str(settings.STATIC_ROOT)]
    for finder in get_finders():
        for name, storage in finder.list([]):
            about = Path(storage.path(name)).stat()
            found.append(f"{name} {about.st_size} {about.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()
