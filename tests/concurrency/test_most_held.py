"""One person in two windows: they hold no more than their queue allows, and nobody else waits for them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import transaction

from reviewapp.cases.actions import claim_next
from reviewapp.cases.models import Case, Queue
from tests import factories
from tests.concurrency.meanwhile import elsewhere, meanwhile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]
CLAIM = "/api/v1/queues/loans/claim"


@pytest.fixture
def by_alice(office, alice):
    """Takes the next of three cases for alice in the test's own transaction: another window of hers, which is not done yet."""
    Queue.objects.update(most_held=1)
    for _ in range(3):
        office.send()
    me = factories.actor_of(alice)
    return lambda: claim_next.__wrapped__(slug="loans", actor=me, at=factories.now())


def test_who_claims_twice_at_once_holds_no_more_than_the_queue_allows(alice, api, by_alice):
    client, last = api(alice), Case.objects.latest("pk")
    ways = (CLAIM, f"/api/v1/cases/{last.pk}/claim")
    with meanwhile(*(lambda way=way: client.post(way) for way in ways)) as start:
        by_alice()
        found = start()
    refused = [each.result() for each in found]
    assert [(each.status_code, each.json()["code"]) for each in refused] == [(409, "holds-too-many")] * 2
    assert Case.objects.filter(holder=alice).count() == 1


def test_somebody_else_claims_meanwhile_and_waits_for_nobody(bob, api, by_alice):
    client = api(bob)
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        by_alice()
        assert pool.submit(elsewhere(lambda: client.post(CLAIM))).result(30).status_code == 200
