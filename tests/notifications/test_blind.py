"""Of a blind case the sockets say that it changed, as of any other, and nothing else."""

import json

from reviewapp.cases.actions import Given, answer_blind, claim_next, review_case
from reviewapp.cases.models import Queue
from tests.factories import actor_of, now


def test_all_that_is_said_while_a_blind_case_arrives_and_is_answered_are_the_names_of_what_changed(
    sockets, session_of, office, alice, bob, carol
):
    Queue.objects.update(blind_share=1)
    first = office.send()
    topics = [f"queue:{first.queue_id}", f"case:{first.pk}"]
    heard = [sockets.open(session_of(person)).listen_to(*topics) for person in (alice, bob, carol)]
    office.send()
    held = claim_next(slug="loans", actor=actor_of(alice), at=now())
    for act, answer in ((answer_blind, "blind"), (review_case, "agree")):
        given = Given(answer=answer, outcome="deny" if answer == "blind" else "")
        act(case_id=held.pk, lease=1, given=given, actor=actor_of(alice), at=now())
    for socket in heard:
        words = [json.dumps(word) for word in socket.rest_of_words(0.5)]
        assert words
        assert set(words) <= {json.dumps({"changed": topic}) for topic in topics}
