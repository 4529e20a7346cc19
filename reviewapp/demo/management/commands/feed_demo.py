"""`manage.py feed_demo`: what a client system does, over HTTP, until the held-out rows are used up."""

import logging
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from reviewapp.demo import access_file, data, feeding, mortgage, triage
from reviewapp.demo.errors import DemoFailed
from reviewapp.demo.split import arrivals


class Command(BaseCommand):
    help = "Send the demo's held-out rows to the running server: a few hundred at once, then one every few seconds."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._feed()
        except DemoFailed as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.stdout.write("Stopped sending.")

    def _feed(self) -> None:
        base_url, key = access_file.key(settings.DATA_DIR, "intake")
        folder = data.install(settings.DATA_DIR / data.FOLDER)
        feeds = [
            feeding.feed_of(scenario, arrivals(scenario, scenario.read(folder)))
            for scenario in (mortgage.SCENARIO, triage.SCENARIO)
        ]
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it would note every request
        headers = {"Authorization": f"Bearer {key}", "User-Agent": "countersign-demo-client"}
        with httpx.Client(base_url=base_url, headers=headers, timeout=feeding.TIMEOUT_SECONDS, trust_env=False) as http:
            feeding.run(feeding.Client(http, say=self._say), feeds)

    def _say(self, message: str) -> None:
        self.stdout.write(message)
        self.stdout.flush()
