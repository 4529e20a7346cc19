"""An input of a case in hand is wrong: whoever holds it corrects it with a source, and the model scores the case anew."""

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from reviewapp.access.models import IdempotencyRecord
from reviewapp.audit.models import AuditEvent
from reviewapp.audit.queries import Filters, events
from reviewapp.cases import feedback
from reviewapp.cases.models import Case, Correction, Queue, Recusal, Review, Skill
from reviewapp.cases.withholding import withheld_events
from reviewapp.intake import scoring
from reviewapp.intake.scoring import score_pending
from reviewapp.predictions import correcting
from reviewapp.predictions.actions import copy
from reviewapp.predictions.models import Label, ModelWork, Prediction
from tests.factories import FEATURES, actor_of, grant, make_auditor, make_office, make_reviewer, prediction_body

pytestmark = pytest.mark.django_db
CHANGE = {"changes": {"income": 2900}, "sources": {"income": "payslip of May"}}


@pytest.fixture
def worker(monkeypatch):
    """Whoever waits for the model worker lets it work."""
    away = SimpleNamespace(monotonic=correcting.time.monotonic, sleep=lambda _: score_pending(at=timezone.now()))
    monkeypatch.setattr(correcting, "time", away)


@pytest.fixture
def away(monkeypatch):
    """The model worker does not answer, and nobody waits long."""
    monkeypatch.setattr(correcting.wait_until_scored, "__kwdefaults__", {"seconds": 0})


@pytest.fixture
def in_hand(case, alice, api):
    """A case of a registered model that alice holds under lease 1."""
    assert api(alice).post("/api/v1/queues/loans/claim").status_code == 200
    case.refresh_from_db()
    return case


def correct(client, case, *, lease=1, headers=None, **changes):
    return client.post(f"/api/v1/cases/{case.pk}/corrections", {"lease": lease, **CHANGE, **changes}, **(headers or {}))


def read(client, case):
    answer = client.get(f"/api/v1/cases/{case.pk}")
    assert answer.status_code == 200
    return answer.json()


def answer(client, case, *, lease=1, **given):
    return client.post(f"/api/v1/cases/{case.pk}/review", {"lease": lease, "answer": "agree", **given})


def comment(client, case, text):
    assert client.post(f"/api/v1/cases/{case.pk}/comments", {"text": text}).status_code == 201


def comments(client, case):
    return [line["text"] for line in client.get(f"/api/v1/cases/{case.pk}/comments").json()["results"]]


def page(browser, case):
    """Without the choice of whom to tell, which is the same on every case of the queue."""
    return re.sub(
        r'<select id="comment-person".*?</select>',
        "",
        browser.get(f"/cases/{case.pk}/").content.decode(),
        flags=re.DOTALL,
    )


def test_a_corrected_income_is_scored_anew_and_the_case_goes_on_with_it(in_hand, alice, api, office):
    before = read(api(alice), in_hand)
    sent = correct(api(alice), in_hand)
    assert (sent.status_code, sent.json()["state"]) == (202, "waiting"), sent.json()
    assert score_pending(at=timezone.now()) == 1
    after = read(api(alice), in_hand)
    assert after["features"] == before["features"] | {"income": 2900}
    assert (before["advised"], after["advised"]) == ("deny", after["prediction"]["outcome"])
    assert after["explanation"]["additive"] is True
    (made,) = after["corrections"]
    assert made["state"] == "applied"
    assert made["changes"] == {"income": {"from": FEATURES["income"], "to": 2900, "source": "payslip of May"}}
    assert made["outcome_before"] == "deny"
    original = api(office.sender).get(f"/api/v1/predictions/{made['corrects']}").json()
    assert (original["prediction"]["outcome"], original["corrected_by"]) == ("deny", made["prediction"])
    assert original["case"]["id"] == str(in_hand.pk), "the sender still finds the case by what it sent"
    corrected = api(office.sender).get(f"/api/v1/predictions/{made['prediction']}").json()
    assert (corrected["corrects"], corrected["routing"]) == (made["corrects"], original["routing"])


def test_what_was_received_stays_as_it_was(in_hand, alice, api):
    original = Prediction.objects.values().get()
    correct(api(alice), in_hand)
    score_pending(at=timezone.now())
    assert Prediction.objects.values().get(pk=original["id"]) == original


def test_corrections_are_the_last_of_a_batch_as_people_wait_for_their_cases(in_hand, alice, api, office):
    correct(api(alice), in_hand)
    arrived = prediction_body(model="credit-risk", model_version="1")
    del arrived["prediction"], arrived["explanation"]
    assert api(office.sender).post("/api/v1/predictions", arrived).status_code in {201, 202}
    assert score_pending(at=timezone.now()) == 2
    done = AuditEvent.objects.filter(action__in=["prediction.scored", "case.corrected"]).order_by("pk")
    assert [event.action for event in done] == ["prediction.scored", "case.corrected"]


def test_an_answer_given_on_the_old_inputs_is_stale(in_hand, alice, api):
    shown = read(api(alice), in_hand)["shown"]
    correct(api(alice), in_hand)
    assert answer(api(alice), in_hand, shown=shown).json()["code"] == "stale-view"
    waiting = read(api(alice), in_hand)["shown"]
    score_pending(at=timezone.now())
    assert answer(api(alice), in_hand, shown=waiting).json()["code"] == "stale-view"
    now_shown = read(api(alice), in_hand)["shown"]
    assert answer(api(alice), in_hand, shown=now_shown).status_code == 200


def test_the_label_carries_the_corrected_inputs(in_hand, alice, api, settings):
    settings.UNDO_SECONDS = 0
    correct(api(alice), in_hand)
    score_pending(at=timezone.now())
    assert answer(api(alice), in_hand).status_code == 200
    assert feedback.label_decisions(at=timezone.now() + timedelta(minutes=1)) == 1
    label = Label.objects.get()
    assert label.features["income"] == 2900
    assert label.prediction == Correction.objects.get().after
    assert label.outcome == label.predicted_outcome == label.prediction.outcome


def test_the_case_stays_with_a_person_however_sure_the_model_is_now(in_hand, alice, api):
    routing = Prediction.objects.get().routing
    correct(api(alice), in_hand)
    score_pending(at=timezone.now())
    in_hand.refresh_from_db()
    kept = in_hand.prediction.routing
    assert (in_hand.state, in_hand.lease, kept.rule) == ("leased", 1, routing.rule)
    assert (kept.selection_probability, kept.stratum) == (routing.selection_probability, routing.stratum)
    assert Case.objects.count() == 1


def test_with_the_worker_away_alice_is_told_and_may_answer_on_what_is_there(in_hand, alice, sign_in, api, away):
    form = {"lease": "1", "input-income": "2900", "source-income": "payslip of May"}
    sent = sign_in(alice).post(f"/cases/{in_hand.pk}/correct/", form, follow=True)
    assert "The model has not answered yet" in sent.content.decode()
    assert "The model has not scored it yet" in page(sign_in(alice), in_hand)
    shown = read(api(alice), in_hand)["shown"]
    assert answer(api(alice), in_hand, shown=shown).status_code == 200
    score_pending(at=timezone.now())
    assert Correction.objects.get().state == "lapsed"
    in_hand.refresh_from_db()
    assert (in_hand.prediction.features["income"], in_hand.is_correcting) == (FEATURES["income"], False)
    assert "the correction counts no more" in page(sign_in(alice), in_hand)


def test_a_case_passed_on_meanwhile_is_corrected_where_it_is(in_hand, alice, api):
    correct(api(alice), in_hand)
    assert answer(api(alice), in_hand, answer="refer").status_code == 200
    score_pending(at=timezone.now())
    in_hand.refresh_from_db()
    assert (in_hand.queue.slug, in_hand.prediction.features["income"], in_hand.round) == ("loans-lead", 2900, 2)


def test_a_model_that_cannot_be_run_leaves_the_case_as_it_was(in_hand, alice, sign_in, api, monkeypatch):
    correct(api(alice), in_hand)
    monkeypatch.setattr(scoring, "_runtime_of", lambda rows: 1 / 0)
    ModelWork.objects.update(tries=scoring.MOST_TRIES - 1)
    score_pending(at=timezone.now())
    assert Correction.objects.get().state == "failed"
    told = page(sign_in(alice), in_hand)
    assert "could not score the corrected inputs" in told
    assert correct(api(alice), in_hand).status_code == 202, "it may be tried again"


def test_a_page_says_what_was_corrected_by_whom_and_what_it_did(in_hand, alice, sign_in, worker):
    browser = sign_in(alice)
    assert f"/cases/{in_hand.pk}/correct/" in page(browser, in_hand)
    form = browser.get(f"/cases/{in_hand.pk}/correct/").content.decode()
    assert 'name="source-income"' in form
    assert "married" not in form, "what is protected is not corrected"
    sent = browser.post(
        f"/cases/{in_hand.pk}/correct/",
        {"lease": "1", "input-income": "2900", "source-income": "payslip of May", "input-debt_ratio": "41.2"},
        follow=True,
    )
    told = sent.content.decode()
    assert "The model has scored the corrected inputs" in told
    assert "payslip of May" in told
    assert f"By {alice.display_name}; the model’s advice" in told
    made = Correction.objects.get()
    earlier = browser.get(f"/cases/{in_hand.pk}/corrections/{made.pk}/").content.decode()
    assert "4,150.5" in earlier


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"changes": {"income": -1}}, "/changes/income"),
        ({"changes": {"married": True}, "sources": {"married": "he said"}}, "/changes/married"),
        ({"changes": {"shoe_size": 4}, "sources": {"shoe_size": "seen"}}, "/changes/shoe_size"),
        ({"changes": {}, "sources": {}}, "/changes"),
        ({"changes": {"income": FEATURES["income"]}}, "/changes"),
        ({"sources": {}}, "/sources/income"),
        ({"sources": {"income": "  "}}, "/sources/income"),
        ({"sources": {"income": 7}}, "/sources/income"),
        ({"sources": {"income": "x" * 201}}, "/sources/income"),
        ({"sources": {"income": "payslip", "debt_ratio": "seen"}}, "/sources/debt_ratio"),
    ],
)
def test_a_bad_correction_is_refused_with_its_pointer(in_hand, alice, api, given, pointer):
    refused = correct(api(alice), in_hand, **given)
    assert refused.status_code == 422
    assert pointer in {error["pointer"] for error in refused.json()["errors"]}
    assert not Correction.objects.exists()


def test_only_whoever_holds_the_case_corrects_it(in_hand, alice, bob, mallory, api):
    assert correct(api(bob), in_hand).json()["code"] == "lease-lost"
    assert correct(api(alice), in_hand, lease=2).json()["code"] == "lease-lost"
    assert correct(api(mallory), in_hand).status_code == 404
    assert correct(api(alice), in_hand).status_code == 202


def test_one_correction_waits_at_a_time_and_the_next_starts_from_it(in_hand, alice, api):
    correct(api(alice), in_hand)
    assert correct(api(alice), in_hand).json()["code"] == "correction-waits"
    score_pending(at=timezone.now())
    back = {"changes": {"income": FEATURES["income"]}, "sources": {"income": "I misread it"}}
    assert correct(api(alice), in_hand, **back).status_code == 202
    score_pending(at=timezone.now())
    found = read(api(alice), in_hand)
    assert found["features"]["income"] == FEATURES["income"]
    assert [made["state"] for made in found["corrections"]] == ["applied", "applied"]


def test_sent_twice_it_is_one_correction(in_hand, alice, api):
    once = {"headers": {"Idempotency-Key": "k"}}
    first, again = correct(api(alice), in_hand, **once), correct(api(alice), in_hand, **once)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert Correction.objects.count() == 1
    kept = bytes(IdempotencyRecord.objects.get(key="k").answer)
    assert kept == first.content, "and neither has the values or how they are known"
    assert first.json().keys() == {"id", "state", "made_at", "corrects", "prediction"}


def test_without_a_registered_model_nothing_is_corrected(office, alice, api, sign_in):
    case = office.send()
    api(alice).post("/api/v1/queues/loans/claim")
    assert correct(api(alice), case).json()["code"] == "model-not-registered"
    assert (
        "the model of this prediction is not registered here"
        in sign_in(alice).get(f"/cases/{case.pk}/correct/").content.decode()
    )


def test_the_trail_names_inputs_and_no_value(in_hand, alice, api):
    correct(api(alice), in_hand)
    score_pending(at=timezone.now())
    made = AuditEvent.objects.get(action="case.correction_proposed")
    assert made.data["changed_inputs"] == ["income"]
    done = AuditEvent.objects.get(action="case.corrected")
    for event in (made, done):
        assert "2900" not in str(event.data)
        assert "payslip" not in str(event.data)
        assert event.queue_id == in_hand.queue_id


def test_undoing_an_answer_leaves_the_correction(in_hand, alice, api, settings):
    settings.UNDO_SECONDS = 30
    correct(api(alice), in_hand)
    score_pending(at=timezone.now())
    answer(api(alice), in_hand)
    assert api(alice).post(f"/api/v1/cases/{in_hand.pk}/undo").status_code == 200
    found = read(api(alice), in_hand)
    assert (found["status"], found["features"]["income"]) == ("leased", 2900)


def test_a_corrected_case_needs_the_skill_that_its_inputs_ask_for(in_hand, alice, bob, api):
    high, low = ({"field": "features.income", "op": op, "value": 3000} for op in ("ge", "lt"))
    rules = [{"when": [high], "skill": "high incomes"}, {"when": [low], "skill": "low incomes"}]
    Queue.objects.filter(slug="loans").update(skill_rules=rules)
    Case.objects.filter(pk=in_hand.pk).update(skill="high incomes")
    Skill.objects.create(user=bob, use_case=in_hand.queue.use_case, name="high incomes")
    correct(api(alice), in_hand)
    score_pending(at=timezone.now())
    in_hand.refresh_from_db()
    assert (in_hand.skill, in_hand.holder) == ("low incomes", alice), "whoever holds it goes on with it"
    assert api(alice).post(f"/api/v1/cases/{in_hand.pk}/release", {"lease": 1}).status_code in {200, 204}
    assert api(bob).post(f"/api/v1/cases/{in_hand.pk}/claim").json()["code"] == "needs-skill"
    Skill.objects.create(user=bob, use_case=in_hand.queue.use_case, name="low incomes")
    assert api(bob).post(f"/api/v1/cases/{in_hand.pk}/claim").status_code == 200


@pytest.mark.parametrize("by_lead", [False, True])
def test_a_correction_by_somebody_who_turns_out_to_know_the_person_lapses(in_hand, alice, carol, sign_in, api, by_lead):
    correct(api(alice), in_hand)
    if by_lead:
        conflict = {"person": "alice", "reason": "They are neighbours."}
        assert api(carol).post(f"/api/v1/cases/{in_hand.pk}/recuse", conflict).status_code == 200
    else:
        assert api(alice).post(f"/api/v1/cases/{in_hand.pk}/recuse", {"lease": 1}).status_code in {200, 204}
    score_pending(at=timezone.now())
    assert Correction.objects.get().state == "lapsed"
    in_hand.refresh_from_db()
    assert (in_hand.prediction.features["income"], in_hand.round) == (FEATURES["income"], 1)
    assert (in_hand.is_correcting, in_hand.state) == (False, "open")
    assert "the correction counts no more" in page(sign_in(carol), in_hand)


def test_a_correction_by_somebody_whose_conflict_has_ended_is_applied(in_hand, alice, api):
    ended = {"ended_at": timezone.now(), "ended_by": alice, "end_reason": "It was a namesake."}
    about = {"user": alice, "case": in_hand, "made_at": timezone.now(), "recorded_by": alice, "reason": "Neighbours."}
    Recusal.objects.create(**about, **ended)
    correct(api(alice), in_hand)
    score_pending(at=timezone.now())
    assert Correction.objects.get().state == "applied"


@pytest.fixture
def read_once(case, alice, bob, api):
    """Alice has answered a case that needs two answers, and bob holds it now."""
    Queue.objects.filter(slug="loans").update(review_policy={"always": True})
    api(alice).post("/api/v1/queues/loans/claim")
    assert answer(api(alice), case).status_code == 200
    assert api(bob).post(f"/api/v1/cases/{case.pk}/claim").status_code == 200
    case.refresh_from_db()
    return case


def test_answers_before_a_correction_count_no_more_and_stay_hidden(read_once, alice, bob, sign_in, api, office):
    frank = make_auditor("frank", office)
    comment(api(alice), read_once, "My answer is the payslip, @bob.")
    comment(api(frank), read_once, "I have seen her answer.")
    assert correct(api(bob), read_once, lease=2).status_code == 202
    score_pending(at=timezone.now())
    read_once.refresh_from_db()
    assert (read_once.stage, read_once.round, read_once.counted_from) == ("first", 2, 2)
    assert alice.display_name not in page(sign_in(bob), read_once), "correcting is no way to peek at her answer"
    comment(api(frank), read_once, "I still see it, @bob.")
    assert (comments(api(bob), read_once), api(bob).get("/api/v1/mentions").json()["results"]) == ([], [])
    assert all(text not in page(sign_in(bob), read_once) for text in ("My answer", "her answer", "still see it"))
    assert len(comments(api(alice), read_once)) == 1, "her own, and none that may tell another answer"
    assert len(comments(api(frank), read_once)) == 3, "from whoever only reads, nothing is kept"
    assert answer(api(bob), read_once, lease=2).status_code == 200
    assert len(comments(api(bob), read_once)) == 3, "with his own answer it ends"
    read_once.refresh_from_db()
    assert (read_once.state, read_once.stage) == ("open", "second"), "hers is no first answer to his"
    refused = api(alice).post(f"/api/v1/cases/{read_once.pk}/claim")
    assert (refused.status_code, Review.objects.count()) == (409, 2)


def test_an_answer_to_corrected_inputs_stands_where_others_had_answered_those_before(
    read_once, bob, api, sign_in, settings
):
    settings.UNDO_SECONDS = 30
    assert correct(api(bob), read_once, lease=2).status_code == 202
    Queue.objects.filter(slug="loans").update(review_policy={})
    score_pending(at=timezone.now())
    browser, path = sign_in(bob), f"/cases/{read_once.pk}/"
    assert "Alice agreed" not in page(browser, read_once)
    done = browser.post(f"{path}review/", {"lease": 2, "choice": "agree", "note": "x"}, follow=True).content.decode()
    assert "Recorded: " in done
    assert f"{path}undo/" not in done
    assert "Alice agreed" in page(browser, read_once)
    refused = api(bob).post(f"/api/v1{path}undo")
    assert (refused.status_code, refused.json()["code"]) == (409, "answer-stands")


def test_who_answered_before_the_correction_sees_no_answer_after_it_until_they_answer_anew(
    read_once, alice, bob, sign_in, api
):
    Queue.objects.filter(slug="loans").update(answers_again=True)
    correct(api(bob), read_once, lease=2)
    score_pending(at=timezone.now())
    assert answer(api(bob), read_once, lease=2).status_code == 200
    comment(api(bob), read_once, "The payslip settles it.")
    assert comments(api(alice), read_once) == []
    told = page(sign_in(alice), read_once)
    assert bob.display_name not in told
    assert "settles it" not in told
    assert alice.display_name in told, "what she did herself is hers to see"
    taken = api(alice).post(f"/api/v1/cases/{read_once.pk}/claim")
    assert taken.status_code == 200, taken.content
    assert bob.display_name not in page(sign_in(alice), read_once)
    assert answer(api(alice), read_once, lease=3).status_code == 200
    assert comments(api(alice), read_once) == ["The payslip settles it."]


def test_the_second_reviewer_sees_the_corrected_inputs_and_not_who_corrected_them(in_hand, alice, bob, sign_in, api):
    Queue.objects.filter(slug="loans").update(review_policy={"always": True})
    correct(api(alice), in_hand)
    score_pending(at=timezone.now())
    answer(api(alice), in_hand)
    assert api(bob).post(f"/api/v1/cases/{in_hand.pk}/claim").status_code == 200
    told = page(sign_in(bob), in_hand)
    assert "payslip of May" in told
    assert "By a colleague" in told
    assert alice.display_name not in told
    assert alice.display_name not in str(read(api(bob), in_hand))


def test_of_a_blind_case_the_inputs_are_corrected_and_the_advice_stays_withheld(case, alice, sign_in, api, office):
    Case.objects.update(is_blind=True)
    grant(alice, "read_predictions", office.use_case)
    api(alice).post("/api/v1/queues/loans/claim")
    assert correct(api(alice), case).status_code == 202
    score_pending(at=timezone.now())
    found = read(api(alice), case)
    (made,) = found["corrections"]
    assert (found["features"]["income"], found["withheld"], found["advised"], made["outcome_before"]) == (
        2900,
        True,
        None,
        None,
    )
    browser = sign_in(alice)
    assert "model’s advice was" not in page(browser, case)
    assert "model’s advice is" not in page(browser, case)
    assert browser.get(f"/cases/{case.pk}/corrections/{made['id']}/").status_code == 409
    for side in ("corrects", "prediction"):
        assert api(alice).get(f"/api/v1/predictions/{made[side]}").json()["withheld"] is True
        assert browser.get(f"/predictions/{made[side]}/routing/").status_code == 409
    own = {"answer": "blind", "outcome": "deny", "shown": found["shown"]}
    assert answer(api(alice), case, **own).status_code == 200
    assert read(api(alice), case)["corrections"][0]["outcome_before"] == "deny"


def test_the_original_of_a_blind_case_tells_nothing_through_the_trail(case, alice, api):
    Case.objects.update(is_blind=True)
    api(alice).post("/api/v1/queues/loans/claim")
    correct(api(alice), case)
    score_pending(at=timezone.now())
    about = list(AuditEvent.objects.filter(object_type="predictions.prediction"))
    assert about
    assert withheld_events(about, actor_of(alice)) == {event.pk for event in about}


def test_a_corrected_copy_stays_a_copy_and_becomes_no_label(in_hand, alice, api, office, sign_in, settings):
    settings.UNDO_SECONDS = 0
    original = in_hand.prediction
    Case.objects.filter(pk=in_hand.pk).update(prediction=copy(original, external_id="APP-COPY", at=timezone.now()))
    assert correct(api(alice), in_hand).status_code == 202
    score_pending(at=timezone.now())
    in_hand.refresh_from_db()
    assert in_hand.prediction.copy_of == original
    assert "payslip of May" in page(sign_in(alice), in_hand)
    assert answer(api(alice), in_hand).status_code == 200
    assert feedback.label_decisions(at=timezone.now() + timedelta(minutes=1)) == 0


def test_a_list_of_predictions_has_what_arrived(in_hand, alice, api, office):
    correct(api(alice), in_hand)
    score_pending(at=timezone.now())
    listed = api(office.sender).get("/api/v1/predictions", external_id=in_hand.external_id).json()["results"]
    assert [row["corrects"] for row in listed] == [None]


def test_a_reader_of_another_office_finds_no_correction(in_hand, alice, api, sign_in, db):
    correct(api(alice), in_hand)
    score_pending(at=timezone.now())
    made = Correction.objects.get()
    stranger = sign_in(make_reviewer("nina", make_office("cards")))
    assert stranger.get(f"/cases/{in_hand.pk}/corrections/{made.pk}/").status_code == 404
    assert sign_in(alice).get(f"/cases/{in_hand.pk}/corrections/{made.pk}/").status_code == 200


def test_nobody_corrects_a_case_that_they_do_not_hold_on_its_page(in_hand, bob, sign_in):
    shown = sign_in(bob).get(f"/cases/{in_hand.pk}/correct/", follow=True)
    assert "Take the case first" in shown.content.decode()


def test_a_search_of_the_trail_finds_it(in_hand, alice, api):
    correct(api(alice), in_hand)
    assert [event.action for event in events(Filters(action="case.correction_proposed"))] == [
        "case.correction_proposed"
    ]


def test_a_lost_lease_keeps_the_text_of_an_answer_and_promises_none_to_a_correction(in_hand, alice, api):
    lost = in_hand.lease + 1
    corrected = correct(api(alice), in_hand, lease=lost)
    answered = api(alice).post(
        f"/api/v1/cases/{in_hand.pk}/review", {"lease": lost, "answer": "agree", "note": "Seen the payslip"}
    )
    assert {corrected.json()["code"], answered.json()["code"]} == {"lease-lost"}
    assert ("draft" in corrected.json()["detail"], "draft" in answered.json()["detail"]) == (False, True)
    assert in_hand.drafts.get(author=alice).note == "Seen the payslip"


def test_my_reviews_say_why_an_answer_counts_no_more(in_hand, office, alice, carol, api, sign_in, settings):
    settings.UNDO_SECONDS = 30
    office.queue.review_policy = {"always": True}
    office.queue.save()
    bob = make_reviewer("bob", office)
    browser, path = sign_in(alice), f"/api/v1/cases/{in_hand.pk}"

    def became():
        return re.findall(r"[^<>]*counts no more", browser.get("/reviews/").content.decode())

    answer(api(alice), in_hand)
    lease = api(alice).post(f"{path}/undo", {}).json()["lease"]["number"]
    assert became() == ["taken back; counts no more"]
    answer(api(alice), in_hand, lease=lease)
    assert became() == ["taken back; counts no more"], "the second one waits"
    lease = api(bob).post(f"{path}/claim").json()["lease"]["number"]
    assert correct(api(bob), in_hand, lease=lease).status_code == 202
    score_pending(at=timezone.now())
    assert became() == ["inputs corrected since; counts no more", "taken back; counts no more"]
    Queue.objects.update(review_policy={})
    answer(api(bob), in_hand, lease=lease)
    assert api(carol).post(f"{path}/reopen", {"reason": "The payslip was of another year."}).status_code == 200
    assert became()[0] == "inputs corrected since; counts no more", "what came first stays the cause"
    theirs = sign_in(bob).get("/reviews/").content.decode()
    assert "reopened since; counts no more" in theirs
    assert "corrected since" not in theirs
