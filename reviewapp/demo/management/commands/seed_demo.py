"""`manage.py seed_demo`: the demo's use cases, models, policies, queues, people and keys. Run again it changes nothing."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from inference.errors import InferenceError
from reviewapp.demo import data, mortgage, seeding, triage
from reviewapp.demo.errors import DemoFailed
from reviewapp.lib.errors import CountersignError

SCENARIOS = (mortgage.SCENARIO, triage.SCENARIO)


class Command(BaseCommand):
    help = "Make the demo's use cases, models, policies, queues, people and keys. What is there already stays as it is."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._seed()
        except (DemoFailed, InferenceError, CountersignError) as error:
            raise CommandError(str(error)) from error

    def _seed(self) -> None:
        folder = settings.DATA_DIR / data.FOLDER
        use_cases = [(scenario, seeding.seed_use_case(scenario, at=timezone.now())) for scenario in SCENARIOS]
        seeding.seed_accounts(settings.DATA_DIR, _base_url(), at=timezone.now())
        for scenario, use_case in use_cases:
            if seeding.needs_model(scenario):
                self.stdout.write(f"Training {scenario.model} on {scenario.data_description}.")
                seeding.seed_model(scenario, use_case, data.install(folder), at=timezone.now())
        if seeding.needs_scorecard():
            seeding.seed_scorecard(*use_cases[0], data.install(folder), at=timezone.now())


def _base_url() -> str:
    """Where the stack says it is; it says so in the environment."""
    return os.environ.get("BASE_URL") or f"http://127.0.0.1:{os.environ.get('PORT') or 8000}"
