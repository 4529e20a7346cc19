"""Many sign in from one office at once: nobody waits for the counts of other people's guesses."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client

from reviewapp.access import budget
from reviewapp.access.models import SignInBudget
from tests import factories
from tests.concurrency.meanwhile import elsewhere

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]


def test_whoever_signs_in_waits_for_nobody_elses_count(alice):
    spent = budget.keys_of("bob", "192.0.2.7")
    budget.spend(spent, at=factories.now() - timedelta(hours=2))
    form = {"username": "alice", "password": factories.PASSWORD}
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        list(SignInBudget.objects.filter(key__in=spent).select_for_update())
        assert pool.submit(elsewhere(lambda: Client().post("/sign-in/", form))).result(60).status_code == 302
