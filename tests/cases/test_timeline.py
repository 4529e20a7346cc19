"""The timeline tells every act on a case in a sentence, where it happened, and never by its code."""

import re

import pytest

from reviewapp.audit import actions as audit
from reviewapp.audit.models import AuditEvent
from reviewapp.audit.rules import ACTION_WORDS
from reviewapp.cases.timeline import SENTENCES
from tests.factories import actor_of

pytestmark = pytest.mark.django_db
CODE = re.compile(r"\b(?:case|prediction)\.[a-z_]+\b")


def told(browser, case):
    return [event["sentence"] for event in browser.get(f"/cases/{case.pk}/").context["timeline"]]


@pytest.mark.parametrize("action", sorted(name for name in ACTION_WORDS if name.startswith(("case.", "prediction."))))
def test_every_action_that_can_be_about_a_case_has_a_sentence(action):
    assert SENTENCES[action].endswith(".")
    assert not CODE.search(SENTENCES[action])


def test_a_look_at_the_routing_is_told_once_and_where_it_happened(office, alice, bob, mallory, sign_in):
    case = office.send()
    reader = sign_in(bob)
    sign_in(alice).post(f"/cases/{case.pk}/claim/")
    assert sign_in(mallory).get(f"/predictions/{case.prediction_id}/routing/").status_code == 404
    for _ in range(2):
        assert reader.get(f"/predictions/{case.prediction_id}/routing/").status_code == 200
    assert AuditEvent.objects.filter(action="prediction.viewed").count() == 2
    story = told(reader, case)
    assert story[-3:] == [
        "Alice took the case.",
        "Bob looked at why it needs a person.",
        "Bob looked at the case.",
    ]
    assert not any("Mallory" in sentence for sentence in story)


def test_reasons_that_were_worked_out_and_an_act_without_a_sentence_are_told_in_words(office, alice, sign_in):
    case = office.send()
    entries = [
        audit.Entry("prediction.explained", "predictions.prediction", str(case.prediction_id)),
        audit.Entry("case.note_added", "cases.case", str(case.pk)),
    ]
    audit.record_many(entries, actor=actor_of(alice), at=case.opened_at)
    story = told(sign_in(alice), case)
    assert "The model’s reasons were worked out." in story
    assert "Alice case note added." in story
    assert not any(CODE.search(sentence) for sentence in story)
