"""Who gets a socket: the signed-in person of a good session, on one of our own pages. Nobody else hears a word."""

import http.client

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings as product
from websockets.exceptions import InvalidStatus

from reviewapp.config.asgi import application
from tests.factories import make_user

HOUR = 3600
REFUSED_SESSIONS = {
    "no cookie": lambda session_of, user: None,
    "an empty cookie": lambda session_of, user: "",
    "a made-up session": lambda session_of, user: "f" * 32,
    "a cookie of 7 KB": lambda session_of, user: "f" * 7_000,
    "an anonymous session": lambda session_of, user: session_of(user, _auth_user_id=None),
    "an idle session": lambda session_of, user: session_of(user, started=HOUR, seen=16 * 60),
    "a session of yesterday": lambda session_of, user: session_of(user, started=13 * HOUR),
    "a session from before a change of rights": lambda session_of, user: session_of(user, epoch=-1),
    "a machine's session": lambda session_of, user: session_of(make_user("robot", is_service=True)),
}


def headers(session: str | None, **changes: str) -> list[tuple[bytes, bytes]]:
    values = {"host": "127.0.0.1:8001", "origin": "http://127.0.0.1:8001"} | changes
    if session is not None:
        values["cookie"] = f"{product.SESSION_COOKIE_NAME}={session}"
    return [(name.encode(), value.encode()) for name, value in values.items()]


def test_alice_gets_a_socket_on_our_page(sockets, session_of, alice, office):
    sockets.open(session_of(alice)).listen_to(f"queue:{office.queue.pk}")


@pytest.mark.parametrize("case", REFUSED_SESSIONS)
def test_nobody_else_gets_a_socket(case, sockets, session_of, alice):
    with pytest.raises(InvalidStatus) as refused:
        sockets.open(REFUSED_SESSIONS[case](session_of, alice))
    assert refused.value.response.status_code == 403
    assert refused.value.response.body == b""


def test_a_disabled_person_gets_no_socket(sockets, session_of, alice):
    session = session_of(alice)
    alice.is_active = False
    alice.save()
    with pytest.raises(InvalidStatus):
        sockets.open(session)


async def test_without_a_session_the_socket_is_closed_before_it_opens(transactional_db):
    socket = WebsocketCommunicator(application, "/live/", headers=headers(None))
    assert await socket.connect() == (False, 4401)


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "",
        "http://evil.example",
        "http://127.0.0.1",
        "http://127.0.0.1:9999",
        "https://127.0.0.1:8000",
        "http://127.0.0.1:8000.evil.example",
        "http://evil.example@127.0.0.1:8000",
        "http://127.0.0.1:8000/",
        "http://localhost:8000",
        "file://",
    ],
)
def test_a_page_that_is_not_ours_gets_no_socket(origin, sockets, session_of, alice):
    with pytest.raises(InvalidStatus) as refused:
        sockets.open(session_of(alice), origin=origin)
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    ("origin", "opens"),
    [("https://reviews.example", True), ("http://reviews.example", False), ("https://reviews.example:8443", False)],
)
async def test_behind_https_only_an_https_page_gets_a_socket(origin, opens, session, settings):
    settings.HTTPS, settings.SOCKET_PORT, settings.ALLOWED_HOSTS = True, 0, ["reviews.example"]
    socket = WebsocketCommunicator(
        application, "/live/", headers=headers(session, host="reviews.example", origin=origin)
    )
    connected, code = await socket.connect()
    assert connected is opens
    assert opens or code == 4403
    await socket.disconnect()


async def test_a_host_that_is_not_ours_gets_no_socket(session):
    socket = WebsocketCommunicator(
        application, "/live/", headers=headers(session, host="evil.example", origin="http://evil.example")
    )
    assert await socket.connect() == (False, 4403)


@pytest.fixture
def session(session_of, alice):
    return session_of(alice)


@pytest.mark.parametrize("path", ["/", "/live", "/live/x", "/live//", "/sign-in/", "/%6cive/../admin/"])
def test_there_is_no_other_socket(path, sockets, session_of, alice):
    with pytest.raises(InvalidStatus) as refused:
        sockets.open(session_of(alice), path=path)
    assert refused.value.response.status_code == 404


@pytest.mark.parametrize("path", ["/", "/live/", "/sign-in/", "/api/v1/cases"])
def test_the_socket_process_serves_no_pages(path, sockets):
    connection = http.client.HTTPConnection("127.0.0.1", sockets.port, timeout=5)
    connection.request("GET", path)
    assert connection.getresponse().status == 404


def test_one_person_cannot_open_sockets_without_end(sockets, session_of, alice):
    session = session_of(alice)
    for _ in range(200):
        sockets.open(session)
    with pytest.raises(InvalidStatus):
        sockets.open(session)
