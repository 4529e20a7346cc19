"""A case in hand, one that is pended, a registered model, and a model worker that gets its turn whenever the web waits for it."""

import time
from types import SimpleNamespace

import pytest
from django.utils import timezone

from reviewapp.cases.models import Draft
from reviewapp.catalog.models import ModelVersion
from reviewapp.predictions import what_if
from tests import factories
from tests.cases.pending import body
from tests.factories import Office


@pytest.fixture
def worker(monkeypatch) -> None:
    """A model worker: whoever waits for it lets it work."""
    from reviewapp.intake.what_ifs import answer_what_ifs

    monkeypatch.setattr(what_if, "time", SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: answer_what_ifs()))


@pytest.fixture
def case(office: Office, registered: ModelVersion):
    """A case whose prediction names the registered model."""
    return office.send(**factories.NAMED)


@pytest.fixture
def held(office, alice, api):
    """A case that alice has in hand under lease 1, and half an answer of hers."""
    case = office.send(external_id="APP-7")
    assert api(alice).post("/api/v1/queues/loans/claim").status_code == 200
    Draft.objects.create(case=case, author=alice, choice="agree", note="half a thought", saved_at=timezone.now())
    return case


@pytest.fixture
def pended(held, alice, api):
    answer = api(alice).post(f"/api/v1/cases/{held.pk}/pend", body())
    assert answer.status_code == 200, answer.json()
    held.refresh_from_db()
    return held
