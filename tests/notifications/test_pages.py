"""What pages are told about sockets."""

import pytest


@pytest.fixture
def page(settings, client, sign_in, alice):
    def opened(*, socket_port: int, host: str = "localhost"):
        settings.SOCKET_PORT = socket_port
        return sign_in(alice).get("/queues/", headers={"host": host})

    return opened


def test_a_page_may_talk_to_the_socket_it_is_told_of(page):
    answer = page(socket_port=8123, host="localhost:8122")
    assert 'data-socket-url="ws://localhost:8123/live/"' in answer.content.decode()
    assert "connect-src 'self' ws://localhost:8123/live/;" in answer["Content-Security-Policy"] + ";"


def test_behind_a_proxy_it_may_talk_to_its_own_origin_alone(page):
    assert "connect-src 'self';" in page(socket_port=0)["Content-Security-Policy"] + ";"


def test_a_host_that_is_not_ours_opens_nothing(page):
    answer = page(socket_port=8123, host="elsewhere.example")
    assert answer.status_code == 400
    assert "elsewhere" not in answer["Content-Security-Policy"]
