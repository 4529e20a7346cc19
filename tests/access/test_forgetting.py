"""What is kept for a time is forgotten after it, and not before."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from reviewapp.access import tasks
from reviewapp.access.actions import forgetting
from reviewapp.access.models import IdempotencyRecord, SignInBudget
from reviewapp.access.rules import Scope
from tests import factories
from tests.conftest import Api

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small_batches(monkeypatch) -> None:
    monkeypatch.setattr(forgetting, "BATCH", 2)


def swept(**later):
    """The sweep has run so much later; the clock stays there."""
    clock = time_machine.travel(timezone.now() + timedelta(**later), tick=False)
    clock.start()
    tasks.forget_old()
    return clock


@pytest.fixture
def sender(office):
    """Holds a key for a month."""
    return Api(factories.make_key(office.sender, *Scope, expires_in=timedelta(days=30)))


def send(client, key):
    answer = client.post("/api/v1/predictions", factories.prediction_body(), **{"Idempotency-Key": key})
    return answer.status_code


def test_a_key_is_remembered_for_seven_days(sender):
    assert [send(sender, f"k{number}") for number in range(5)] == [201] * 5
    clock = swept(days=6, hours=23)
    assert send(sender, "k0") == 409
    clock.stop()
    clock = swept(days=7, hours=1)
    assert not IdempotencyRecord.objects.exists()
    assert send(sender, "k0") == 201
    clock.stop()


def test_a_session_is_forgotten_once_it_has_ended(alice, bob, carol, sign_in):
    for person in (alice, bob, carol):
        sign_in(person)
    swept(hours=11).stop()
    assert Session.objects.count() == 3
    swept(hours=13).stop()
    assert not Session.objects.exists()


def test_guesses_are_forgotten_once_they_count_no_more(db):
    for number in range(3):
        Client().post("/sign-in/", {"username": f"user{number}", "password": "wrong"})
    swept(minutes=14).stop()
    assert SignInBudget.objects.count() == 4  # three names from one address
    swept(hours=2).stop()
    assert not SignInBudget.objects.exists()
