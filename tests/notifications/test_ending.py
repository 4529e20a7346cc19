"""A socket ends within five seconds of what it rests on: the session, the person, the right."""

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from guardian.shortcuts import assign_perm, remove_perm

from reviewapp.access.actions import reset_password, set_active, set_grant, set_roles
from reviewapp.access.rules import VIEW_QUEUE, WORK_QUEUE, Role
from reviewapp.notifications import hub
from reviewapp.notifications.live import publish
from tests.factories import actor_of, make_user, now

SOON = 5


def sign_out(browser, **_):
    assert browser.post("/sign-out/").status_code == 302


def disable(user, admin, **_):
    set_active(user_id=user.pk, active=False, actor=admin, at=now())


def lose_a_role(user, admin, **_):
    set_roles(user_id=user.pk, roles=[Role.AUDITOR], actor=admin, at=now())


def lose_a_grant(user, admin, office, **_):
    set_grant(holder=user, target=office.queue, right=WORK_QUEUE, granted=False, actor=admin, at=now())


def get_a_new_password(user, admin, **_):
    reset_password(user_id=user.pk, password="correct horse battery staple", actor=admin, at=now())


def lose_the_row_of_the_grant(user, office, **_):
    """By other ways than ours, which would end the session as well."""
    remove_perm(WORK_QUEUE, user, office.queue)


CAUSES = {
    sign_out: 4401,
    disable: 4401,
    lose_a_role: 4401,
    lose_a_grant: 4401,
    get_a_new_password: 4401,
    lose_the_row_of_the_grant: 4404,
}


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.__name__)
def test_a_socket_ends_within_five_seconds(cause, sockets, sign_in, session_of, alice, bob, office):
    browser, admin = sign_in(alice), actor_of(make_user("root", Role.ADMIN))
    topic = f"queue:{office.queue.pk}"
    hers = sockets.open(browser.cookies["countersign_session"].value).listen_to(topic)
    his = sockets.open(session_of(bob)).listen_to(topic)
    cause(browser=browser, user=alice, office=office, admin=admin)
    assert hers.close_code(timeout=SOON) == CAUSES[cause]
    his.rest_of_words(0.1)
    publish([topic])
    assert his.hear() == {"changed": topic}


def test_a_socket_ends_when_its_session_has_been_idle_too_long(sockets, session_of, alice, office):
    session = session_of(alice, started=3600, seen=15 * 60 - 2)
    socket = sockets.open(session).listen_to(f"queue:{office.queue.pk}")
    assert socket.close_code(timeout=2 + SOON) == 4401


def test_a_socket_of_a_role_ends_with_the_role(sockets, session_of, office):
    nurse = make_user("nurse", Role.LEAD)
    group = nurse.groups.get()
    assign_perm(VIEW_QUEUE, group, office.queue)
    socket = sockets.open(session_of(nurse)).listen_to(f"queue:{office.queue.pk}")
    nurse.groups.remove(group)
    assert socket.close_code(timeout=SOON) == 4404


def test_nothing_is_said_after_the_right_is_lost(sockets, session_of, alice, office):
    topic = f"queue:{office.queue.pk}"
    socket = sockets.open(session_of(alice)).listen_to(topic)
    remove_perm(WORK_QUEUE, alice, office.queue)
    time.sleep(SOON)
    publish([topic])
    assert socket.close_code(timeout=SOON) == 4404


class Seat:
    """What the hub knows of a socket."""

    def __init__(self, user, session, topics):
        self.user_id, self.session_key, self.topics = user.pk, session, topics


def test_a_thousand_sockets_are_checked_in_as_many_statements_as_one(office, alice, bob, session_of):
    case = office.send()
    topics = frozenset({f"queue:{office.queue.pk}", f"case:{case.pk}"})
    one = {Seat(alice, session_of(alice), topics): topics}
    many = one | {Seat(user, session_of(user), topics): topics for user in (alice, bob) for _ in range(20)}
    statements = []
    for seats in (one, many):
        with CaptureQueriesContext(connection) as asked:
            assert hub._faults(seats, now=now()) == {}
        statements.append(len(asked))
    assert statements == [6, 6]


def test_what_cannot_be_checked_is_closed(sockets, session_of, alice, office):
    """The watch of a process whose database is gone."""
    socket = sockets.open(session_of(alice)).listen_to(f"queue:{office.queue.pk}")
    with connection.cursor() as cursor:
        cursor.execute("alter table django_session rename to away")
    try:
        assert socket.close_code(timeout=SOON) == 1013
    finally:
        with connection.cursor() as cursor:
            cursor.execute("alter table away rename to django_session")
