"""What would the model say if some inputs were otherwise? Asked through the API; answered by the model worker and by nobody else."""

from datetime import timedelta

import pytest
from django.utils import timezone
from guardian.shortcuts import remove_perm

from inference.predictor import load_predictor
from reviewapp.access.rules import Scope
from reviewapp.audit.actions import Entry
from reviewapp.audit.models import AuditEvent
from reviewapp.audit.queries import Filters, events
from reviewapp.cases.models import Review
from reviewapp.intake import what_ifs
from reviewapp.intake.scoring import score_pending
from reviewapp.notifications.live import topics
from reviewapp.predictions import what_if
from reviewapp.predictions.models import Prediction, WhatIf
from tests.factories import FEATURES, make_office, make_reviewer, prediction_body

pytestmark = pytest.mark.django_db
OTHER = {"debt_ratio": 70.0}


@pytest.fixture
def impatient(monkeypatch):
    """The web gives up at once; nobody answers."""
    monkeypatch.setattr(what_if.wait_for_answer, "__kwdefaults__", {"seconds": 0})


def ask(client, case, changes, **headers):
    return client.post(f"/api/v1/cases/{case.pk}/what-if", {"changes": changes}, **headers)


def faults(answer):
    return {(error["pointer"], error["code"]) for error in answer.json()["errors"]}


def test_a_reviewer_sees_the_outcome_and_the_reasons_move(case, alice, api, worker, artifact):
    said = ask(api(alice), case, OTHER)
    assert said.status_code == 200, said.json()
    answer = said.json()
    model = load_predictor(artifact)
    before, after = model.predict([FEATURES, FEATURES | OTHER])
    assert (answer["before"]["outcome"], answer["prediction"]["outcome"]) == ("approve", "deny")
    assert answer["before"]["probabilities"] == pytest.approx(before.probabilities)
    assert answer["prediction"]["probabilities"] == pytest.approx(after.probabilities)
    assert answer["prediction"]["confidence"] == pytest.approx(after.confidence)
    assert answer["prediction"]["model"] == "credit-risk"
    explanation = answer["explanation"]
    assert explanation["additive"] is True
    assert explanation["background"]["name"] == "all training cases"
    assert set(explanation["contributions"]) == set(FEATURES) - {"married"}
    assert answer["changes"] == OTHER


def test_the_case_stays_as_it_is(case, alice, api, worker):
    before = Prediction.objects.values().get()
    shown = api(alice).get(f"/api/v1/cases/{case.pk}").json()
    assert ask(api(alice), case, OTHER).status_code == 200
    assert Prediction.objects.values().get() == before
    assert api(alice).get(f"/api/v1/cases/{case.pk}").json() == shown


def test_a_case_scored_here_starts_from_its_own_prediction(office, registered, alice, api, worker):
    body = {"prediction": None, "explanation": None, "external_id": "HERE-1"}
    sent = api(office.sender).post("/api/v1/predictions", prediction_body(**body))
    assert sent.status_code == 202
    score_pending(at=timezone.now())
    stored = Prediction.objects.get(external_id="HERE-1")
    answer = api(alice).post(f"/api/v1/cases/{stored.case.pk}/what-if", {"changes": OTHER}).json()
    assert answer["before"]["outcome"] == stored.outcome
    assert answer["before"]["probabilities"] == stored.probabilities


def test_who_may_not_see_the_case_learns_nothing(case, mallory, api, worker):
    assert ask(api(mallory), case, OTHER).status_code == 404
    assert not WhatIf.objects.exists()
    assert not AuditEvent.objects.filter(action="case.what_if_asked").exists()


def test_a_key_needs_the_scope_to_read_cases(case, alice, api, worker):
    refused = ask(api(alice, Scope.CASES_REVIEW), case, OTHER)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope-missing")
    assert ask(api(alice, Scope.CASES_READ), case, OTHER).status_code == 200


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"debt_ratio": -1}, ("/changes/debt_ratio", "out_of_range")),
        ({"debt_ratio": "12"}, ("/changes/debt_ratio", "wrong_type")),
        ({"late_payments": 1.5}, ("/changes/late_payments", "wrong_type")),
        ({"insured": 1}, ("/changes/insured", "wrong_type")),
        ({"income": [1]}, ("/changes/income", "wrong_type")),
        ({"income": {"a": 1}}, ("/changes/income", "wrong_type")),
        ({"shoe_size": 44}, ("/changes/shoe_size", "unknown_feature")),
        ({"married": True}, ("/changes/married", "unknown_feature")),
        ({}, ("/changes", "nothing_changed")),
        ({"debt_ratio": FEATURES["debt_ratio"]}, ("/changes", "nothing_changed")),
        ([], ("/changes", "wrong_type")),
    ],
)
def test_a_bad_change_is_refused_with_its_pointer(case, alice, api, worker, changes, expected):
    refused = ask(api(alice), case, changes)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert expected in faults(refused)
    assert not WhatIf.objects.exists()


def test_a_protected_feature_answers_as_one_that_does_not_exist(case, alice, api, worker):
    protected, absent = (ask(api(alice), case, {name: True}).json() for name in ("married", "nothing"))
    assert [error["detail"] for error in protected["errors"]] == [error["detail"] for error in absent["errors"]]


def test_a_value_may_be_not_recorded_where_the_schema_allows(case, alice, api, worker):
    answer = ask(api(alice), case, {"debt_ratio": None, "insured": False})
    assert answer.status_code == 200
    assert answer.json()["changes"] == {"debt_ratio": None, "insured": False}


def test_what_did_not_change_is_left_out(case, alice, api, worker):
    answer = ask(api(alice), case, {**OTHER, "income": FEATURES["income"]})
    assert answer.json()["changes"] == OTHER


def test_a_value_beyond_the_training_cases_is_named(case, alice, api, worker):
    answer = ask(api(alice), case, {"debt_ratio": 400, "income": 5_000, "insured": None})
    assert answer.json()["outside_training"] == ["debt_ratio"]


def test_without_a_registered_model_nobody_asks(office, alice, api, worker):
    refused = ask(api(alice), office.send(), OTHER)
    assert (refused.status_code, refused.json()["code"]) == (409, "model-not-registered")
    assert not WhatIf.objects.exists()


def test_a_silent_worker_is_a_503_and_the_same_question_finds_its_answer_later(case, alice, api, impatient):
    silent = ask(api(alice), case, OTHER)
    assert (silent.status_code, silent.json()["code"], silent["Retry-After"]) == (503, "what-if-pending", "2")
    assert what_ifs.answer_what_ifs() == 1
    assert ask(api(alice), case, OTHER).status_code == 200
    assert what_ifs.answer_what_ifs() == 0, "the same question was not put to the model twice"


def test_an_artifact_that_is_gone_is_a_503_and_spoils_no_other_question(
    case, office, alice, api, registered, impatient
):
    ask(api(alice), case, OTHER)
    broken = WhatIf.objects.get()
    WhatIf.objects.filter(pk=broken.pk).update(changes={"income": [1]})
    ask(api(alice), case, {"debt_ratio": 13})
    assert what_ifs.answer_what_ifs() == 2
    assert [bool(row.answer) for row in WhatIf.objects.order_by("id")] == [False, True]
    assert WhatIf.objects.get(pk=broken.pk).failure == "PredictionFailed"


def test_a_question_that_failed_says_so_and_may_be_put_again(case, alice, api, worker, impatient):
    ask(api(alice), case, OTHER)
    WhatIf.objects.update(failure="ArtifactTampered")
    row = WhatIf.objects.get()
    with pytest.raises(what_if.NotAnswered):
        what_if.answered(row)
    ask(api(alice), case, OTHER)
    assert WhatIf.objects.get().failure == ""


def test_asking_is_on_record_with_names_and_no_value(case, alice, api, worker):
    ask(api(alice), case, {**OTHER, "insured": False})
    event = AuditEvent.objects.get(action="case.what_if_asked")
    assert (event.actor_name, event.object_id, event.queue_id) == ("alice", str(case.pk), case.queue_id)
    assert event.data == {"changed_inputs": ["debt_ratio", "insured"]}


def test_it_is_a_look_and_changes_no_page(case, alice, api, worker):
    ask(api(alice), case, OTHER)
    entry = Entry("case.what_if_asked", "cases.case", str(case.pk), case.queue_id)
    assert topics([entry]) == set()
    assert not events(Filters(changes_only=True)).filter(action="case.what_if_asked").exists()
    assert not Review.objects.exists()


def test_one_key_asks_once(case, alice, api, worker):
    reviewer = api(alice)
    first = ask(reviewer, case, OTHER, **{"Idempotency-Key": "k"})
    again = ask(reviewer, case, OTHER, **{"Idempotency-Key": "k"})
    assert (again.status_code, again["Idempotent-Replayed"], again.json()) == (200, "true", first.json())
    assert AuditEvent.objects.filter(action="case.what_if_asked").count() == 1
    other = ask(reviewer, case, {"debt_ratio": 13}, **{"Idempotency-Key": "k"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")


def test_a_repeated_key_shows_nothing_to_who_may_no_longer_see_the_case(case, office, alice, api, worker):
    reviewer = api(alice)
    assert ask(reviewer, case, OTHER, **{"Idempotency-Key": "k"}).status_code == 200
    remove_perm("work_cases", alice, office.queue)
    assert ask(reviewer, case, OTHER, **{"Idempotency-Key": "k"}).status_code == 404


def test_after_a_day_the_values_are_gone_and_a_repeated_key_says_so(case, alice, api, worker):
    reviewer = api(alice)
    ask(reviewer, case, OTHER, **{"Idempotency-Key": "k"})
    what_ifs.sweep(at=timezone.now() + timedelta(hours=23))
    assert WhatIf.objects.exists()
    what_ifs.sweep(at=timezone.now() + timedelta(hours=25))
    assert not WhatIf.objects.exists()
    gone = ask(reviewer, case, OTHER, **{"Idempotency-Key": "k"})
    assert (gone.status_code, gone.json()["code"]) == (409, "what-if-forgotten")


def test_somebody_who_asks_waits_for_one_batch_of_scoring_at_most(case, office, alice, api, impatient):
    ask(api(alice), case, OTHER)
    score_pending(at=timezone.now())
    assert WhatIf.objects.get().answer is not None


def test_two_offices_share_no_answer(case, alice, api, worker):
    elsewhere = make_office("elsewhere")
    stranger = make_reviewer("mallory", elsewhere)
    theirs = elsewhere.send()
    assert ask(api(alice), case, OTHER).status_code == 200
    assert ask(api(stranger), theirs, OTHER).json()["code"] == "model-not-registered"
