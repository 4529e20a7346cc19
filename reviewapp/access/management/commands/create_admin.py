"""The first administrator, who makes everyone else on the people page."""

import getpass
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from reviewapp.access import rules
from reviewapp.access.actions import create_user
from reviewapp.lib.actor import system
from reviewapp.lib.errors import CountersignError


class Command(BaseCommand):
    help = "Make an administrator. Asks for the password, or makes one that must be changed at the first sign-in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", help="the person's name as colleagues know them (default: the user name)")
        parser.add_argument("--generate", action="store_true", help="make a password and print it once")

    def handle(self, *args: Any, **options: Any) -> None:
        password = rules.new_password() if options["generate"] else _asked_password()
        try:
            create_user(
                username=options["username"],
                display_name=options["name"] or options["username"],
                roles=[rules.Role.ADMIN],
                password=password,
                must_change_password=options["generate"],
                actor=system("create_admin"),
                at=timezone.now(),
            )
        except CountersignError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"{options['username']} can sign in as an administrator.")
        if options["generate"]:
            self.stdout.write(f"Password, shown only now, to be changed at the first sign-in: {password}")


def _asked_password() -> str:
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to ask for a password. Use --generate.")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Again: "):
        raise CommandError("The two passwords differ. Nobody was made.")
    return password
