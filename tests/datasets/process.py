"""A process of its own that builds labels or freezes them, for tests that kill it: `python -m tests.datasets.process build|freeze`."""

import sys

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from reviewapp.access.rules import Role  # noqa: E402
from reviewapp.datasets import freezing, queries  # noqa: E402
from reviewapp.datasets.actions import request_snapshot  # noqa: E402
from reviewapp.datasets.rules import Filters  # noqa: E402
from reviewapp.lib.actor import HUMAN, Actor  # noqa: E402
from tests import factories  # noqa: E402
from tests.datasets import world  # noqa: E402

LABELS, BATCH = 4_000, 50


def build() -> None:
    """Every table, and two requests for the same labels."""
    call_command("migrate", verbosity=0)
    alice = factories.make_user("alice", Role.ML)
    use_case = world.use_case("mortgage-underwriting")
    world.let_read(alice, use_case)
    world.make_labels(use_case, LABELS, sender=alice)
    actor = Actor(kind=HUMAN, user_id=alice.pk, name="alice", roles=frozenset({Role.ML}))
    for name in ("killed", "whole"):
        request_snapshot(use_case=use_case, name=name, filters=Filters(), actor=actor, at=timezone.now())


def freeze() -> None:
    queries.BATCH = BATCH
    queries.unfrozen_rows.__kwdefaults__["size"] = BATCH
    freezing.freeze_pending(at=timezone.now())


if __name__ == "__main__":
    {"build": build, "freeze": freeze}[sys.argv[1]]()
