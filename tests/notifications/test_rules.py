"""The rules of sockets as tables."""

from uuid import UUID

import pytest
from django.test import RequestFactory

from reviewapp.audit.actions import Entry
from reviewapp.notifications.live import socket_url, topics
from reviewapp.notifications.rules import Meter, is_ours, split_topic

QUEUE, CASE = UUID("01900000-0000-7000-8000-000000000001"), UUID("01900000-0000-7000-8000-000000000002")


@pytest.mark.parametrize(
    ("origin", "host", "pages_port", "ours"),
    [
        ("http://desk.example", "desk.example", None, True),
        ("http://desk.example:80", "desk.example", None, True),
        ("http://desk.example:8000", "desk.example:8001", 8000, True),
        ("http://[::1]:8000", "[::1]:8001", 8000, True),
        ("http://desk.example:8001", "desk.example:8001", 8000, False),
        ("http://other.example:8000", "desk.example:8001", 8000, False),
        ("http://desk.example:8000", "desk.example", None, False),
        ("https://desk.example", "desk.example", None, False),
        ("https://trusted.example", "desk.example", None, True),
        ("https://trusted.example.evil.example", "desk.example", None, False),
        ("http://desk.example/path", "desk.example", None, False),
        ("http://desk.example?x", "desk.example", None, False),
        ("http://desk.example#x", "desk.example", None, False),
        ("http://me@desk.example", "desk.example", None, False),
        ("http://desk.example:port", "desk.example", None, False),
        ("http://[::1", "desk.example", None, False),
        ("http://", "", None, False),
        ("null", "desk.example", None, False),
        ("", "desk.example", None, False),
    ],
)
def test_a_page_is_ours_by_scheme_host_and_port(origin, host, pages_port, ours):
    found = is_ours(origin, host=host, scheme="http", pages_port=pages_port, trusted=["https://trusted.example"])
    assert found is ours


@pytest.mark.parametrize(
    ("topic", "found"),
    [
        (f"queue:{QUEUE}", ("queue", QUEUE)),
        (f"case:{CASE}", ("case", CASE)),
        (f"person:{CASE}", ("person", CASE)),
        (f"presence:{CASE}", ("presence", CASE)),
        (f"review:{CASE}", None),
        (f"queue:{QUEUE}\n", None),
        (f"QUEUE:{QUEUE}", None),
        (f"queue:{QUEUE.hex}", None),
        ("queue:" + "1" * 10_000, None),
    ],
)
def test_a_topic_has_one_form(topic, found):
    assert split_topic(topic) == found


def test_twenty_within_a_second_and_the_next_one_later():
    meter = Meter(20, seconds=1)
    assert all(meter.admits(0.01 * number) for number in range(20))
    assert not meter.admits(0.9)
    assert not meter.admits(1.0)
    assert meter.admits(2.5)


def entry(action, **changes):
    return Entry(action, changes.pop("type", "cases.case"), str(CASE), **changes)


@pytest.mark.parametrize(
    ("entries", "changed"),
    [
        ([entry("case.claimed", queue_id=QUEUE)], {f"queue:{QUEUE}", f"case:{CASE}"}),
        ([entry("case.reviewed", queue_id=QUEUE)], {f"queue:{QUEUE}", f"case:{CASE}"}),
        ([entry("case.viewed", queue_id=QUEUE)], set()),
        ([entry("trail.event_viewed", queue_id=QUEUE)], set()),
        ([entry("case.identity_revealed", queue_id=QUEUE)], set()),
        ([entry("label.created", type="predictions.label")] * 200, set()),
        ([entry("prediction.received", type="predictions.prediction", queue_id=QUEUE)] * 1000, {f"queue:{QUEUE}"}),
        ([], set()),
    ],
)
def test_acts_change_these_topics(entries, changed):
    assert topics(entries) == changed


@pytest.mark.parametrize(
    ("port", "is_secure", "host", "address"),
    [
        (8001, False, "localhost:8000", "ws://localhost:8001/live/"),
        (8001, False, "[::1]:8000", "ws://[::1]:8001/live/"),
        (0, True, "desk.example", "wss://desk.example/live/"),
        (0, True, "desk.example:8443", "wss://desk.example:8443/live/"),
    ],
)
def test_a_page_knows_where_its_socket_is(port, is_secure, host, address, settings):
    settings.SOCKET_PORT, settings.ALLOWED_HOSTS = port, ["*"]
    assert socket_url(RequestFactory().get("/", secure=is_secure, headers={"host": host})) == address
