"""Two model workers at once: what one has in hand, the other passes over, and takes what comes after it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import transaction

from reviewapp.intake import scoring
from reviewapp.predictions.models import EXPLAIN, ModelWork
from tests import factories
from tests.concurrency.meanwhile import elsewhere

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]


def test_a_worker_takes_what_comes_after_the_batch_of_another(office, monkeypatch):
    now = factories.now()
    for number in range(5):
        due = now - timedelta(minutes=5 - number)
        case = office.send()
        ModelWork.objects.create(prediction_id=case.prediction_id, needs=EXPLAIN, created_at=due, next_try_at=due)
    monkeypatch.setattr(scoring, "BATCH", 2)
    monkeypatch.setattr(scoring, "_explain", lambda predictions, **_: None)
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        in_hand = list(ModelWork.objects.order_by("next_try_at").select_for_update()[:2])
        assert pool.submit(elsewhere(lambda: scoring.score_pending(at=now))).result(60) == 3
        assert set(ModelWork.objects.all()) == set(in_hand)
