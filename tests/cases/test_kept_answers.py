"""An answer that was not recorded, or was taken back, stands in the form again as it was chosen, whatever the form is made of."""

import re

import pytest

from reviewapp.cases.models import Case, Draft, Queue
from tests import factories

PREDICTED = {"prediction": {"outcome": "3", "probabilities": {"1": 0.1, "2": 0.2, "3": 0.5, "4": 0.1, "5": 0.1}}}


@pytest.fixture
def hospital(db):
    """An office of ordered outcomes."""
    made = factories.make_office("triage", outcomes=factories.TRIAGE_OUTCOMES, kind="ordinal")
    factories.make_policy(made.use_case, made.queue, confidence_threshold=0.99)
    return made


@pytest.fixture
def nurse(hospital):
    return factories.make_reviewer("nora", hospital)


@pytest.fixture
def urgent(hospital):
    return hospital.send(explanation=None, **PREDICTED)


def take(client, case):
    assert client.post(f"/api/v1/cases/{case.pk}/claim").status_code == 200
    case.refresh_from_db()


def chosen(page):
    """The choices that the form has checked."""
    found = re.findall(r'<input type="radio" name="choice"[^>]*>', page)
    assert found, "there is a form"
    return [re.search(r'value="([^"]*)"', one)[1] for one in found if " checked" in one]


@pytest.mark.parametrize("level", ["2", "3"])
def test_a_nurse_whose_case_changed_finds_the_level_that_she_chose(nurse, urgent, api, sign_in, level):
    take(api(nurse), urgent)
    browser = sign_in(nurse)
    form = {"lease": urgent.lease, "choice": f"outcome:{level}", "note": "She is pale.", "shown": "of yesterday"}
    refused = browser.post(f"/cases/{urgent.pk}/review/", form)
    assert refused.status_code == 409
    assert chosen(refused.content.decode()) == [f"outcome:{level}"]
    assert "She is pale." in refused.content.decode()


def test_a_nurse_who_lost_her_lease_is_told_the_level_and_finds_it_when_she_takes_the_case_again(
    nurse, urgent, api, sign_in
):
    take(api(nurse), urgent)
    Case.objects.update(state="open", holder=None, lease_until=None, leased_at=None)
    browser = sign_in(nurse)
    form = {"lease": urgent.lease, "choice": "outcome:2", "note": "She is pale."}
    lost = browser.post(f"/cases/{urgent.pk}/review/", form)
    assert lost.status_code == 409
    assert "<dt>Answer</dt><dd>2 Very urgent</dd>" in lost.content.decode()
    again = browser.post(f"/cases/{urgent.pk}/claim/", follow=True).content.decode()
    assert chosen(again) == ["outcome:2"]


def test_a_reviewer_who_lost_the_lease_is_told_the_answer_in_the_words_of_the_form(office, alice, api, sign_in):
    case = office.send()
    take(api(alice), case)
    Case.objects.update(state="open", holder=None, lease_until=None, leased_at=None)
    browser = sign_in(alice)
    told = {
        "correct:approve": "Correct to: approve",
        "agree": "Agree",
        "cannot_tell": "Cannot tell",
        "": None,
        "correct:grant": "Correct",
    }
    for choice, words in told.items():
        page = browser.post(f"/cases/{case.pk}/review/", {"lease": 1, "choice": choice, "note": "n"}).content.decode()
        assert (f"<dt>Answer</dt><dd>{words}</dd>" in page) if words else ("<dt>Answer</dt>" not in page)
    assert Draft.objects.get().choice == "correct:grant"


@pytest.mark.parametrize("changed", [{"shown": "of yesterday"}, {"lease": 99}])
@pytest.mark.parametrize("door", ["api", "page"])
def test_a_nurse_who_must_answer_blind_does_not_read_the_level_of_the_model_out_of_her_kept_answer(
    nurse, hospital, api, sign_in, door, changed
):
    Queue.objects.update(blind_share=1)
    case = hospital.send(explanation=None, **PREDICTED)
    take(api(nurse), case)
    browser = sign_in(nurse)
    if door == "api":
        given = {"lease": case.lease, "answer": "agree", **changed}
        refused = api(nurse).post(f"/api/v1/cases/{case.pk}/review", given)
    else:
        form = {"lease": case.lease, "choice": "agree", **changed}
        refused = browser.post(f"/cases/{case.pk}/review/", form)
    assert refused.status_code == 409
    assert Draft.objects.get().choice == "agree"
    assert chosen(browser.get(f"/cases/{case.pk}/").content.decode()) == []
    own = {"lease": case.lease, "answer": "correct", "outcome": "2", **changed}
    assert api(nurse).post(f"/api/v1/cases/{case.pk}/review", own).status_code == 409
    assert chosen(browser.get(f"/cases/{case.pk}/").content.decode()) == ["outcome:2"]  # what she said herself


@pytest.mark.parametrize("choice", [f"x:{'y' * 78}", f"blind:{'y' * 74}", f"correct:{'y' * 61}", "y" * 81])
def test_a_choice_that_no_form_sends_is_refused_and_not_kept(nurse, urgent, api, sign_in, choice):
    take(api(nurse), urgent)
    browser = sign_in(nurse)
    for path, lease in (("review", 99), ("review", urgent.lease), ("draft", urgent.lease)):
        refused = browser.post(f"/cases/{urgent.pk}/{path}/", {"lease": lease, "choice": choice})
        assert refused.status_code == 400
    assert not Draft.objects.exists()
    longest = {"lease": 99, "choice": f"correct:{'y' * 60}"}
    assert browser.post(f"/cases/{urgent.pk}/review/", longest).status_code == 409
    assert Draft.objects.get().choice == f"outcome:{'y' * 60}"


def test_a_lead_finds_the_outcome_again_that_she_chose_between_two_answers(office, alice, bob, carol, api, sign_in):
    case, browser = differing(office, alice, bob, api), sign_in(carol)
    assert browser.post(f"/cases/{case.pk}/claim/").status_code == 302
    case.refresh_from_db()
    form = {"lease": case.lease, "choice": "outcome:deny", "note": "I called.", "shown": "of yesterday"}
    refused = browser.post(f"/cases/{case.pk}/review/", form)
    assert (refused.status_code, chosen(refused.content.decode())) == (409, ["outcome:deny"])


@pytest.mark.parametrize("outcome", ["approve", "deny"])
def test_a_lead_who_takes_the_binding_answer_back_finds_its_outcome(
    office, alice, bob, carol, api, sign_in, settings, outcome
):
    settings.UNDO_SECONDS = 30
    case, browser = differing(office, alice, bob, api), sign_in(carol)
    browser.post(f"/cases/{case.pk}/claim/")
    case.refresh_from_db()
    form = {"lease": case.lease, "choice": f"outcome:{outcome}", "note": "I called."}
    assert browser.post(f"/cases/{case.pk}/review/", form).status_code == 302
    page = browser.post(f"/cases/{case.pk}/undo/", follow=True).content.decode()
    assert "Your answer is taken back" in page
    assert chosen(page) == [f"outcome:{outcome}"]


def differing(office, alice, bob, api):
    """A case that alice would approve and bob would not."""
    office.queue.review_policy = {"always": True}
    office.queue.save()
    case = office.send()
    for person, given in ((alice, {"answer": "correct", "outcome": "approve"}), (bob, {"answer": "agree"})):
        take(api(person), case)
        answer = {"lease": case.lease, "note": "so I see it", **given}
        assert api(person).post(f"/api/v1/cases/{case.pk}/review", answer).status_code == 200
    return case
