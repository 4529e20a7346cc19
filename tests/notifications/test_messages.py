"""What a socket may ask for, and what becomes of one that asks badly, too much or nothing."""

import json
import time
from uuid import uuid4

import pytest

from reviewapp.cases.models import Queue
from tests.factories import make_office

TOO_LARGE = 65_537
MALFORMED = {"error": 4400}
NOT_FOUND = {"error": 4404}
BAD_MESSAGES = {
    "binary": b"\x00\x01",
    "subscribe in binary": b'{"subscribe": []}',
    "empty": "",
    "no JSON": "subscribe",
    "cut off": '{"subscribe": ["queue:',
    "a number": "1",
    "null": "null",
    "a list": "[]",
    "deep": "[" * 30_000 + "]" * 30_000,
    "deep object": '{"a":' * 5_000 + "1" + "}" * 5_000,
    "the same key twice": '{"subscribe": [], "subscribe": []}',
    "NaN": '{"subscribe": [NaN]}',
    "a long number": "9" * 5_000,
    "half a surrogate pair": '{"subscribe": ["\\ud800"]}',
    "NUL": '{"subscribe": ["\\u0000"]}',
    "unknown action": '{"publish": "queue:1"}',
    "one action too many": '{"subscribe": ["queue:1"], "publish": "x"}',
    "no topic": '{"subscribe": []}',
    "a topic that is no text": '{"subscribe": [1]}',
    "topics that are no list": '{"subscribe": "queue:1"}',
    "101 topics": json.dumps({"subscribe": [f"queue:{number}" for number in range(101)]}),
}
FORGED = [
    {"type": "live.changed", "topic": "queue:1"},
    {"type": "websocket.disconnect", "code": 1000},
    {"type": "websocket.accept"},
    {"type": "end", "code": 1000},
    {"subscribe": ["queue:1"], "type": "live.changed"},
]


@pytest.fixture
def socket(sockets, session_of, alice):
    return sockets.open(session_of(alice))


@pytest.mark.parametrize("case", BAD_MESSAGES)
def test_a_bad_message_is_answered_and_the_socket_lives(case, socket, office):
    socket.say(BAD_MESSAGES[case])
    assert socket.hear() == MALFORMED
    socket.listen_to(f"queue:{office.queue.pk}")


@pytest.mark.parametrize("message", [b"\x00", "no JSON", '{"unknown": 1}'])
def test_the_third_bad_message_closes_the_socket(message, socket):
    for _ in range(3):
        socket.say(message)
    assert [socket.hear() for _ in range(3)] == [MALFORMED] * 3
    assert socket.close_code() == 1003


def test_invalid_utf8_closes_the_socket(socket):
    socket.raw.send(b"\xff\xfe", text=True)
    assert socket.close_code() == 1007


@pytest.mark.parametrize("message", FORGED, ids=str)
def test_a_message_never_names_a_handler(message, socket, office):
    """What the hub says inside the process cannot be said from outside it."""
    socket.say(message)
    assert socket.hear() == MALFORMED
    assert socket.rest_of_words(0.3) == []
    socket.listen_to(f"queue:{office.queue.pk}")


def test_a_queue_of_others_and_no_queue_at_all_are_answered_alike(socket, office, alice):
    elsewhere = make_office("elsewhere")
    deleted = Queue.objects.create(use_case=office.use_case, slug="gone", name="Gone")
    deleted_id = deleted.pk
    deleted.delete()
    foreign = [
        f"queue:{elsewhere.queue.pk}",
        f"queue:{office.lead_queue.pk}",
        f"queue:{deleted_id}",
        f"queue:{uuid4()}",
        f"case:{uuid4()}",
        f"case:{office.queue.pk}",
        f"queue:{str(office.queue.pk).upper()}",
        f"queue:{{{office.queue.pk}}}",
        f" queue:{office.queue.pk}",
        "queue:*",
        "queue:",
        "live.changed",
    ]
    socket.subscribe(*foreign)
    assert [socket.hear() for _ in foreign] == [NOT_FOUND] * len(foreign)
    socket.listen_to(f"queue:{office.queue.pk}")


def test_a_case_of_others_and_no_case_at_all_are_answered_alike(socket, office):
    mine, others = office.send(), make_office("elsewhere").send()
    socket.subscribe(f"case:{others.pk}", f"case:{uuid4()}")
    assert [socket.hear(), socket.hear()] == [NOT_FOUND, NOT_FOUND]
    socket.listen_to(f"case:{mine.pk}")


def test_more_topics_than_a_socket_may_have_are_refused(socket, office):
    cases = [f"case:{office.send().pk}" for _ in range(3)]
    socket.listen_to(*cases[:2])
    absent = [f"case:{uuid4()}" for _ in range(98)]
    socket.subscribe(*absent)
    assert [socket.hear() for _ in absent] == [NOT_FOUND] * 98
    socket.subscribe(*absent, cases[2])
    assert socket.hear() == MALFORMED


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_a_frame_that_is_too_large_closes_the_socket(compression, sockets, session_of, alice):
    socket = sockets.open(session_of(alice), compression=compression)
    socket.say("x" * TOO_LARGE)
    assert socket.close_code() == 1009


def test_fragments_without_end_close_the_socket(socket):
    """No more are sent than it takes: what came after the end would be answered by a reset, which overtakes the reason."""
    with socket.raw.send_context():
        socket.raw.protocol.send_text(b"x", fin=False)
    for _ in range(66):
        with socket.raw.send_context():
            socket.raw.protocol.send_continuation(b"x" * 1_000, fin=False)
    assert socket.close_code() == 1009


def test_a_frame_as_large_as_allowed_is_read(socket):
    socket.say(" " * (TOO_LARGE - 2) + "1")
    assert socket.hear() == MALFORMED


def test_twenty_messages_a_second_are_fine_and_more_are_not(socket, office):
    topic = f"queue:{office.queue.pk}"
    for _ in range(20):
        socket.subscribe(topic)
    assert [word for word in socket.rest_of_words(0.5) if "subscribed" in word] == [{"subscribed": topic}] * 20
    time.sleep(0.6)
    for _ in range(21):
        socket.subscribe(topic)
    assert socket.close_code() == 4429


def test_a_flood_over_a_hundred_sockets_leaves_memory_flat(sockets, session_of, alice, office):
    session = session_of(alice)
    topic = f"queue:{office.queue.pk}"
    quiet = sockets.open(session).listen_to(topic)
    _flood(sockets, session)
    before = sockets.memory()
    for _ in range(4):
        _flood(sockets, session)
    assert sockets.memory() - before < 20_000_000
    assert quiet.subscribe(topic).hear() == {"subscribed": topic}


def _flood(sockets, session: str) -> None:
    """Twenty-five sockets say a thousand messages each, as quickly as they can, and read nothing."""
    opened = [sockets.open(session) for _ in range(25)]
    for socket in opened:
        with socket.raw.send_context():
            for _ in range(1_000):
                socket.raw.protocol.send_text(b'{"subscribe": ["queue:1"]}')
    assert {socket.close_code() for socket in opened} == {4429}
    assert all(socket.raw.protocol.close_rcvd.code == 4429 for socket in opened)
    for socket in opened:
        socket.raw.close()


def test_a_socket_that_asks_for_nothing_is_closed(socket):
    assert socket.close_code(timeout=15) == 4408


def test_a_ping_is_answered(socket):
    assert socket.raw.ping().wait(5)
