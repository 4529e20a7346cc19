"""`Prefer: wait`: a client waits for the score, unless so many wait that pages would stand still."""

import threading
import time

import pytest

from reviewapp.intake import api as door
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def send(office, registered, api):
    """Sends what is to be scored here, and waits for it; returns the status and the seconds it took."""
    client = api(office.sender)

    def timed(seconds):
        body = factories.prediction_body(prediction=None, explanation=None)
        begin = time.perf_counter()
        answer = client.post("/api/v1/predictions", body, Prefer=f"wait={seconds}")
        return answer.status_code, time.perf_counter() - begin

    return timed


def test_where_half_of_the_threads_wait_the_next_is_answered_at_once(send, monkeypatch):
    monkeypatch.setattr(door, "_waiting", threading.BoundedSemaphore(1))
    status, took = send(1)
    assert (status, took >= 1) == (202, True)
    with door._waiting:
        status, took = send(5)
    assert (status, took < 5) == (202, True)
    status, took = send(1)
    assert (status, took >= 1) == (202, True)
