"""An act reaches the pages it concerns, by name only; and no act waits for, or fails with, live pages."""

import json
import time

import pytest
import redis
from django.db import transaction

from reviewapp.audit import actions as audit
from reviewapp.cases.actions import Given, claim_next, release, review_case, view_case, write_comment
from reviewapp.cases.queries import case_readers, queue_readers, queues_of, visible_cases
from reviewapp.lib import bell
from reviewapp.notifications import live
from tests import factories
from tests.factories import actor_of, now, prediction_body

NOTE = "The income statement is missing; the applicant was asked for it."


@pytest.fixture
def published(transactional_db):
    """All that was published, as sets of topics."""
    channel = bell.client().pubsub(ignore_subscribe_messages=True)
    channel.subscribe(live.CHANNEL)
    channel.get_message(timeout=1)

    def read() -> list[set[str]]:
        messages = []
        while message := channel.get_message(timeout=0.2):
            messages.append(set(message["data"].decode().split()))
        return messages

    with channel:
        yield read


def take(office, user):
    return claim_next(slug=office.queue.slug, actor=actor_of(user), at=now())


def topics_of(case):
    return {f"queue:{case.queue_id}", f"case:{case.pk}"}


def test_alice_hears_that_bob_took_the_case_and_not_what_is_in_it(sockets, session_of, alice, bob, office):
    case = office.send()
    socket = sockets.open(session_of(alice)).listen_to(*topics_of(case))
    take(office, bob)
    heard = [socket.hear(), socket.hear()]
    assert {json.dumps(word) for word in heard} == {json.dumps({"changed": topic}) for topic in topics_of(case)}


def test_mallory_hears_nothing_of_it(sockets, session_of, mallory, bob, office):
    case = office.send()
    socket = sockets.open(session_of(mallory)).subscribe(*topics_of(case))
    assert [socket.hear(), socket.hear()] == [{"error": 4404}] * 2
    take(office, bob)
    assert [word for word in socket.rest_of_words(0.5) if "changed" in word] == []


def test_new_work_rings_its_queue(published, office):
    office.send()
    assert published() == [{f"queue:{office.queue.pk}"}]


def test_a_batch_of_new_work_rings_its_queue_once(published, office, api):
    items = [prediction_body(external_id=f"B-{number}") for number in range(200)]
    response = api(office.sender).post("/api/v1/predictions/batch", {"items": items})
    assert response.status_code in {200, 201, 207}, response.content
    assert published() == [{f"queue:{office.queue.pk}"}]


def test_taking_giving_back_and_answering_ring_the_case_and_its_queue(published, alice, office):
    office.send()
    case = take(office, alice)
    release(case_id=case.pk, lease=case.lease, actor=actor_of(alice), at=now())
    case = take(office, alice)
    published()
    review_case(
        case_id=case.pk, lease=case.lease, given=Given("agree", reason_codes=["R01"]), actor=actor_of(alice), at=now()
    )
    assert published() == [topics_of(case)]


def test_a_referred_case_rings_the_lead_queue_as_well(published, alice, office):
    office.send()
    case = take(office, alice)
    published()
    review_case(case_id=case.pk, lease=case.lease, given=Given("refer", note=NOTE), actor=actor_of(alice), at=now())
    assert published() == [topics_of(case) | {f"queue:{office.lead_queue.pk}"}]


def write(case, author, text):
    write_comment(case_id=case.pk, text=text, actor=actor_of(author), at=now())


def test_a_comment_rings_those_it_mentions_and_nobody_else(published, alice, bob, office):
    case = office.send()
    published()
    write(case, alice, "For nobody in particular.")
    assert published() == []
    write(case, alice, "@bob, look at this.")
    assert published() == [{f"person:{bob.pk}"}]


def test_a_comment_rings_nobody_from_whom_it_is_kept(published, alice, bob, office):
    office.queue.review_policy = {"always": True}
    office.queue.save()
    case = office.send()
    take(office, alice)
    review_case(case_id=case.pk, lease=1, given=Given("agree"), actor=actor_of(alice), at=now())
    published()
    write(case, alice, "@bob, I agreed.")
    assert published() == []


def test_bob_hears_that_he_is_mentioned_and_alice_cannot_listen_in(sockets, session_of, alice, bob, office):
    case, topic = office.send(), f"person:{bob.pk}"
    mine = sockets.open(session_of(bob)).listen_to(topic)
    theirs = sockets.open(session_of(alice)).subscribe(topic)
    assert theirs.hear() == {"error": 4404}
    write(case, alice, "@bob, look at this.")
    assert mine.hear() == {"changed": topic}
    assert [word for word in theirs.rest_of_words(0.5) if "changed" in word] == []


def test_looking_rings_nothing(published, alice, office):
    case = office.send()
    published()
    view_case(case_id=case.pk, actor=actor_of(alice), at=now())
    assert published() == []


def test_what_is_rolled_back_rings_nothing(published, alice, office):
    case = office.send()
    published()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        audit.record("case.claimed", subject=case, actor=actor_of(alice), at=now(), queue_id=case.queue_id)
        raise ZeroDivisionError
    assert published() == []


def test_redis_away_costs_the_act_nothing(monkeypatch, transactional_db, alice, office):
    """The first act finds out; those of the next seconds do not ask."""
    office.send()
    nobody = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.3, retry=None)
    monkeypatch.setattr(bell, "_client", nobody)
    monkeypatch.setattr(live, "_silent_until", 0.0)
    assert take(office, alice).holder_id == alice.pk
    asked = []
    monkeypatch.setattr(nobody, "publish", lambda *message: asked.append(message))
    live.publish(["queue:1"])
    assert asked == []


def test_a_socket_looks_once_when_the_channel_was_lost(sockets, session_of, alice, office):
    """What was said meanwhile nobody heard."""
    topic = f"queue:{office.queue.pk}"
    socket = sockets.open(session_of(alice)).listen_to(topic)
    redis = bell.client()
    own = str(redis.connection_pool.connection_kwargs["db"])  # other processes of the test run listen in theirs
    for client in redis.client_list(_type="pubsub"):
        if client["db"] == own:
            redis.client_kill_filter(_id=client["id"])
    assert socket.hear() == {"changed": topic}


def test_a_hundred_sockets_hear_within_a_moment(sockets, session_of, alice, office):
    topic, session = f"queue:{office.queue.pk}", session_of(alice)
    listening = [sockets.open(session).subscribe(topic) for _ in range(100)]
    for socket in listening:
        while socket.hear() != {"subscribed": topic}:
            pass
    time.sleep(0.3)
    start = time.monotonic()
    live.publish([topic])
    assert [socket.hear() for socket in listening] == [{"changed": topic}] * 100
    assert time.monotonic() - start < 2


def test_telling_costs_a_review_little(office):
    start = time.perf_counter()
    for _ in range(200):
        live.publish([f"queue:{office.queue.pk}", f"case:{office.queue.pk}"])
    assert (time.perf_counter() - start) / 200 < 0.002


def test_many_people_may_see_what_each_of_them_may_see(office, alice, bob, carol, mallory):
    """The one statement for all gives what the rule gives each."""
    auditor = factories.make_auditor("olga", office)
    people = {user.pk: user for user in (alice, bob, carol, mallory, auditor, office.sender)}
    case, other = office.send(), office.send()
    held = take(office, alice)
    review_case(case_id=held.pk, lease=held.lease, given=Given("refer", note=NOTE), actor=actor_of(alice), at=now())
    cases = [case.pk, other.pk]
    expected_queues = {(pk, queue.pk) for pk, user in people.items() for queue in queues_of(actor_of(user))}
    expected_cases = {
        (pk, case.pk) for pk, user in people.items() for case in visible_cases(actor_of(user)).filter(pk__in=cases)
    }
    assert queue_readers(people) == expected_queues
    assert case_readers(people, cases) == expected_cases
    assert (alice.pk, held.pk) in expected_cases
    assert (bob.pk, held.pk) not in expected_cases
