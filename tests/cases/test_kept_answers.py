"""An answer that was not recorded, or was taken back, stands in the form again as it was chosen, whatever the form is made of."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from reviewapp.audit.models import AuditEvent
from reviewapp.cases.models import Case, Draft, Queue
from tests import factories
from tests.cases.test_sla import age, claim, fresh, watch

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


# What became of a case whose lease was lost


def over(case):
    Case.objects.filter(pk=case.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def answered_late(browser, case, lease):
    form = {"lease": lease, "choice": "correct:approve", "note": "I called her employer."}
    refused = browser.post(f"/cases/{case.pk}/review/", form)
    assert refused.status_code == 409
    assert "I called her employer." in refused.content.decode()
    return refused.content.decode()


def test_an_answer_that_was_taken_back_does_not_stand(office, alice, carol, api, sign_in, settings):
    settings.UNDO_SECONDS = 30
    case, browser = office.send(), sign_in(alice)
    lease, path = claim(api, alice), f"/api/v1/cases/{case.pk}"
    assert api(alice).post(f"{path}/review", {"lease": lease, "answer": "agree"}).status_code == 200
    assert "You have answered" in answered_late(browser, case, lease), "as it does until it is taken back"
    lease = api(alice).post(f"{path}/undo", {}).json()["lease"]["number"]
    order = {"act": "release", "cases": [str(case.pk)], "reason": "She left early."}
    assert api(carol).post("/api/v1/cases/bulk", order).json()["results"][0]["status"] == 200
    page = answered_late(browser, case, lease)
    assert "You have answered" not in page
    assert "Nobody else has taken the case." in page


def test_alice_reads_that_bob_decided_the_case_meanwhile(office, alice, bob, api, sign_in):
    case, browser = office.send(), sign_in(alice)
    lease = claim(api, alice)
    over(case)
    answer = {"lease": claim(api, bob), "answer": "agree"}
    assert "Bob now has" in answered_late(browser, case, lease)
    assert api(bob).post(f"/api/v1/cases/{case.pk}/review", answer).status_code == 200
    page = answered_late(browser, case, lease)
    assert "Nobody else" not in page
    assert f"{case.external_id} is decided" in page


def test_alice_who_may_give_the_second_answer_is_not_told_that_there_is_a_first(office, alice, bob, api, sign_in):
    office.queue.review_policy = {"always": True}
    office.queue.save()
    case, browser = office.send(), sign_in(alice)
    lease = claim(api, alice)
    over(case)
    answer = {"lease": claim(api, bob), "answer": "agree"}
    assert api(bob).post(f"/api/v1/cases/{case.pk}/review", answer).status_code == 200
    page = answered_late(browser, case, lease)
    for told in ("Nobody else", "You have answered", "is decided", "Bob now has"):
        assert told not in page
    assert "The case waits again; your text comes with it." in page
    assert "Take it again with my text" in page


# The case went where its holder sees nothing of it


def by_the_clock(case, carol, api):
    age(case, 61)
    Case.objects.filter(pk=case.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    watch()


def by_a_lead(case, carol, api):
    for order in ({"act": "release"}, {"act": "move", "to": "loans-lead"}):
        sent = {**order, "cases": [str(case.pk)], "reason": "We need it upstairs."}
        done = api(carol).post("/api/v1/cases/bulk", sent)
        assert done.json()["results"][0]["status"] == 200, done.content


@pytest.fixture
def gone(office, alice, carol, api):
    """A case that alice had in hand and that went to the lead queue, of which she sees nothing; by what, and her lease."""

    def moved(by):
        case = office.send(external_id="APP-GONE")
        lease = claim(api, alice)
        by(case, carol, api)
        assert (fresh(case).queue, fresh(case).holder) == (office.lead_queue, None)
        assert api(alice).get(f"/api/v1/cases/{case.pk}").status_code == 404
        return case, lease

    return moved


@pytest.mark.parametrize(("by", "words"), [(by_the_clock, "It was late and"), (by_a_lead, "It")])
def test_alice_is_told_that_her_case_went_to_another_queue_and_reads_her_text_again(gone, alice, sign_in, by, words):
    case, lease = gone(by)
    looks, browser = AuditEvent.objects.filter(action="case.viewed").count(), sign_in(alice)
    form = {"lease": lease, "choice": "correct:approve", "reason": "R01", "note": "I called her employer."}
    answer = browser.post(f"/cases/{case.pk}/review/", form)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert f"{words} went to another queue after your lease ended." in page
    for own in ("I called her employer.", "<dt>Answer</dt><dd>Correct to: approve</dd>", "R01"):
        assert own in page
    for theirs in ("Loans lead", "Z•••", "monthly_income", f'href="/cases/{case.pk}/', "/claim/"):
        assert theirs not in page
    assert AuditEvent.objects.filter(action="case.viewed").count() == looks, "she looked at nothing"
    work = browser.get("/my-work/").content.decode()
    assert "I called her employer." in work
    assert "Loans lead" not in work
    assert f'href="/cases/{case.pk}/' not in work, "it leads nowhere"
    assert "You may not see this case any more" in work


def test_who_would_pend_it_or_correct_its_inputs_is_told_as_well(gone, alice, bob, sign_in):
    case, lease = gone(by_the_clock)
    pend = {"lease": lease, "follow_up": "tomorrow", "awaited": "The payslip of May"}
    for place, sent, words in (
        ("pend", pend, "It was not pended; below is what you wrote."),
        ("pend", {**pend, "follow_up": ""}, "The payslip of May"),
        ("correct", {"lease": lease}, "Its inputs were not corrected."),
    ):
        told = sign_in(alice).post(f"/cases/{case.pk}/{place}/", sent)
        page = told.content.decode()
        assert (told.status_code, "It was late and went to another queue" in page, words in page) == (409, True, True)
        assert "Loans lead" not in page
        assert 'href="/queues/">To the queues</a>' in page
        assert sign_in(bob).post(f"/cases/{case.pk}/{place}/", sent).status_code == 404
    assert sign_in(alice).get(f"/cases/{case.pk}/correct/").status_code == 409
    assert sign_in(alice).post(f"/cases/{case.pk}/pend/", {**pend, "lease": lease + 1}).status_code == 404


def test_a_program_and_an_open_page_are_told_of_the_lost_lease_and_the_draft_is_kept(gone, alice, api, sign_in):
    case, lease = gone(by_the_clock)
    path, browser = f"/api/v1/cases/{case.pk}", sign_in(alice)
    for place, body in (("review", {"answer": "agree", "note": "Seen."}), ("heartbeat", {}), ("release", {})):
        refused = api(alice).post(f"{path}/{place}", {"lease": lease, **body})
        assert (refused.status_code, refused.json()["code"]) == (409, "lease-lost"), place
    assert Draft.objects.get().note == "Seen."
    beat = browser.post(f"/cases/{case.pk}/heartbeat/", {"lease": lease})
    assert (beat.status_code, "It was late and went to another queue" in beat.content.decode()) == (409, True)
    assert browser.post(f"/cases/{case.pk}/draft/", {"lease": lease, "note": "Seen twice."}).status_code == 200
    assert Draft.objects.get().note == "Seen twice."


def test_who_never_had_it_in_hand_learns_nothing_of_a_case_that_went_on(gone, alice, bob, mallory, api, sign_in):
    case, lease = gone(by_the_clock)
    body = {"answer": "agree", "note": "n"}
    for person, number in ((bob, lease), (mallory, lease), (alice, lease + 1)):
        refused = api(person).post(f"/api/v1/cases/{case.pk}/review", {"lease": number, **body})
        assert refused.status_code == 404
        form = {"lease": number, "choice": "agree", "note": "n"}
        assert sign_in(person).post(f"/cases/{case.pk}/review/", form).status_code == 404
    for person in (bob, mallory):
        assert sign_in(person).post(f"/cases/{case.pk}/draft/", {"lease": lease, "note": "n"}).status_code == 404
    assert not Draft.objects.exists()


def test_who_may_work_on_the_queue_no_more_gets_the_404_of_a_stranger(office, alice, api):
    case = office.send()
    lease = claim(api, alice)
    office.queue.queueuserpermission_set.filter(user=alice).delete()
    refused = api(alice).post(f"/api/v1/cases/{case.pk}/review", {"lease": lease, "answer": "agree"})
    assert refused.status_code == 404
