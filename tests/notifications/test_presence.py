"""Who else is at a case: told to whoever may see it, by name on the page alone, and never where it would give an answerer away."""

import json
import time

import pytest
import redis

from reviewapp.cases.actions import Given, claim_case, review_case
from reviewapp.cases.models import Case, Queue
from reviewapp.lib import bell
from reviewapp.notifications import presence
from tests.factories import actor_of, make_auditor, now

SOON = 6


def topic_of(case):
    return f"presence:{case.pk}"


def names(api, reader, case):
    return [row["name"] for row in api(reader).get(f"/api/v1/cases/{case.pk}/presence").json()["people"]]


def until(wanted, read, seconds=SOON):
    """What is read, once it is what is wanted or time is up."""
    end = time.monotonic() + seconds
    while (found := read()) != wanted and time.monotonic() < end:
        time.sleep(0.1)
    return found


@pytest.fixture
def at_case(sockets, session_of):
    """`at_case(alice, case)`: the socket of her page of it."""
    return lambda user, case: sockets.open(session_of(user)).listen_to(topic_of(case))


def let_own_bell_pass(socket, case):
    """Whoever comes rings once, within a round of a second; what is heard afterwards is somebody else's."""
    assert until(1, lambda: bell.client().exists(f"presence:rung:{case.pk}")) == 1
    socket.rest_of_words(0.5)


def test_alice_sees_that_bob_is_here_and_that_he_leaves(at_case, api, sign_in, office, alice, bob):
    case = office.send()
    at_case(alice, case)
    his = at_case(bob, case)
    assert until(["Bob"], lambda: names(api, alice, case)) == ["Bob"]
    assert names(api, bob, case) == ["Alice"], "nobody is told of themself"
    page = sign_in(alice).get(f"/cases/{case.pk}/presence/").content.decode()
    assert "Also here: <bdi>Bob</bdi>" in page
    his.raw.close()
    assert until([], lambda: names(api, alice, case)) == []
    assert sign_in(alice).get(f"/cases/{case.pk}/presence/").content.strip() == b""


def test_mallory_is_not_told_and_cannot_be_present(sockets, session_of, at_case, api, office, alice, mallory):
    case = office.send()
    at_case(alice, case)
    socket = sockets.open(session_of(mallory)).subscribe(topic_of(case))
    assert socket.hear() == {"error": 4404}
    assert api(mallory).get(f"/api/v1/cases/{case.pk}/presence").status_code == 404
    time.sleep(1.5)
    assert names(api, alice, case) == []


def test_asking_makes_nobody_present(api, office, alice, bob):
    case = office.send()
    assert names(api, alice, case) == []
    assert names(api, bob, case) == []


def test_sockets_carry_the_bell_and_redis_the_ids_and_neither_a_name(at_case, office, alice, bob):
    case = office.send()
    hers = at_case(alice, case)
    at_case(bob, case)
    assert {json.dumps(word) for word in hers.rest_of_words(4)} == {json.dumps({"changed": topic_of(case)})}
    assert set(presence.present(case.pk, now=now())) == {alice.pk, bob.pk}
    kept = bell.client().zrange(f"presence:{case.pk}", 0, -1)
    assert {member.decode() for member in kept} == {str(alice.pk), str(bob.pk)}


def test_however_many_come_and_go_a_case_rings_once_in_three_seconds(at_case, office, alice, bob, carol):
    case = office.send()
    hers = at_case(alice, case)
    let_own_bell_pass(hers, case)
    for _ in range(6):
        for person in (bob, carol):
            at_case(person, case).raw.close()
    assert 1 <= len(hers.rest_of_words(4)) <= 3, "12 came and 12 went"


def test_other_cases_hear_nothing_of_it(at_case, office, alice, bob):
    case, other = office.send(), office.send()
    hers = at_case(alice, other)
    let_own_bell_pass(hers, other)
    at_case(bob, case)
    assert hers.rest_of_words(4) == []


def test_bob_is_gone_when_he_signs_out_or_may_see_it_no_more(sockets, at_case, api, sign_in, office, alice, bob):
    case = office.send()
    browser = sign_in(bob)
    sockets.open(browser.cookies["countersign_session"].value).listen_to(topic_of(case))
    assert until(["Bob"], lambda: names(api, alice, case)) == ["Bob"]
    browser.post("/sign-out/")
    assert until([], lambda: names(api, alice, case), seconds=8) == []
    bell.client().zadd(f"presence:{case.pk}", {str(bob.pk): now().timestamp() + 30})
    assert names(api, alice, case) == ["Bob"]
    bob.queueuserpermission_set.all().delete()
    assert names(api, alice, case) == [], "whatever Redis still says"


def test_whoever_a_dead_process_leaves_behind_is_gone_after_half_a_minute(api, office, alice, bob):
    case = office.send()
    bell.client().zadd(f"presence:{case.pk}", {str(bob.pk): now().timestamp() - 1})
    assert names(api, alice, case) == []


# Independence


@pytest.fixture
def second(office, alice):
    """A case that alice has answered, and somebody else answers now without knowing it."""
    Queue.objects.update(review_policy={"always": True})
    case = office.send()
    held = claim_case(case_id=case.pk, actor=actor_of(alice), at=now())
    review_case(case_id=case.pk, lease=held.lease, given=Given("agree"), actor=actor_of(alice), at=now())
    assert Case.objects.get(pk=case.pk).stage == "second"
    return case


def test_the_second_reviewer_is_not_told_of_the_first(at_case, api, sign_in, office, second, alice, bob):
    at_case(alice, second)
    at_case(bob, second)
    assert until(["Bob"], lambda: names(api, alice, second)) == ["Bob"], "she has answered, and may know"
    assert names(api, bob, second) == []
    assert sign_in(bob).get(f"/cases/{second.pk}/presence/").content.strip() == b""
    auditor = make_auditor("frank", office)
    assert names(api, auditor, second) == ["Alice", "Bob"], "who only reads is told of both"


def test_the_socket_of_the_second_reviewer_is_silent_when_the_first_comes_and_goes(at_case, second, alice, bob):
    his = at_case(bob, second)
    let_own_bell_pass(his, second)
    hers = at_case(alice, second)
    assert his.rest_of_words(5) == [], "a bell would wait for three seconds after his own"
    hers.raw.close()
    assert his.rest_of_words(4) == []


def test_somebody_who_has_not_answered_is_shown_to_the_second_reviewer_as_to_anybody(at_case, api, second, bob, carol):
    his = at_case(bob, second)
    let_own_bell_pass(his, second)
    at_case(carol, second)
    assert his.hear(10) == {"changed": topic_of(second)}
    assert names(api, bob, second) == ["Carol"]


def test_of_a_blind_case_presence_says_names_and_nothing_of_the_model(at_case, api, sign_in, office, alice, bob):
    Queue.objects.update(blind_share=1)
    case = office.send()
    at_case(bob, case)
    assert until(["Bob"], lambda: names(api, alice, case)) == ["Bob"]
    body = api(alice).get(f"/api/v1/cases/{case.pk}/presence").json()
    assert body == {"people": [{"id": str(bob.pk), "username": "bob", "name": "Bob"}]}
    assert sign_in(alice).get(f"/cases/{case.pk}/presence/").content.strip() == b"Also here: <bdi>Bob</bdi>"


def test_without_redis_the_page_is_there_and_nobody_else_is(monkeypatch, sign_in, office, alice):
    case = office.send()
    browser = sign_in(alice)
    nobody = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.3, retry=None)
    monkeypatch.setattr(bell, "_client", nobody)
    assert browser.get(f"/cases/{case.pk}/").status_code == 200
    answer = browser.get(f"/cases/{case.pk}/presence/")
    assert (answer.status_code, answer.content.strip()) == (200, b"")
