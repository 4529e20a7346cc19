"""A case in hand, and one that is pended."""

import pytest
from django.utils import timezone

from reviewapp.cases.models import Draft
from tests.cases.pending import body


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
