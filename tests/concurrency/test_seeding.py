"""Two workers that mix in at once: each arrival gets one seeded case."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from reviewapp.cases.models import Case
from reviewapp.quality import queries
from reviewapp.quality.actions import mix_in
from reviewapp.quality.models import SeededCase
from tests import factories
from tests.quality.answering import take_and_answer

pytestmark = pytest.mark.django_db(transaction=True)
WORKERS, ARRIVALS = 6, 8


def test_workers_at_once_mix_in_one_case_for_each_arrival(office, alice, bob, carol, api, monkeypatch):
    office.queue.review_policy = {"always": True}
    office.queue.seeded_share = 0.02
    office.queue.save()
    sources = [office.send() for _ in range(ARRIVALS)]
    for source in sources:
        for client, outcome in ((api(alice), "approve"), (api(bob), "deny"), (api(carol), "approve")):
            take_and_answer(client, source, outcome, note="I called.")
    known = {source.pk for source in sources}
    monkeypatch.setattr(queries, "_draw", lambda _, pk: 1.0 if pk in known else 0.0)
    arrivals = [office.send().pk for _ in range(ARRIVALS)]
    at, start = factories.now(), threading.Barrier(WORKERS)

    def work(_: int) -> int:
        start.wait()
        try:
            return mix_in(at=at)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(WORKERS) as pool:
        made = sum(pool.map(work, range(WORKERS)))
    made += mix_in(at=at)  # those that another worker was at
    assert (made, SeededCase.objects.count()) == (ARRIVALS, ARRIVALS)
    assert set(SeededCase.objects.values_list("drawn_for", flat=True)) == set(arrivals)
    assert Case.objects.filter(prediction__copy_of__isnull=False).count() == ARRIVALS
