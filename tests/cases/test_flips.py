"""What would change this? Asked on the page and through the API; answered by the model worker and by nobody else."""

import re

import pytest

from inference.predictor import load_predictor
from reviewapp.access.rules import Scope
from reviewapp.audit.actions import Entry
from reviewapp.audit.models import AuditEvent
from reviewapp.intake import what_ifs
from reviewapp.notifications.live import topics
from reviewapp.predictions import what_if
from reviewapp.predictions.models import FLIPS, Prediction, WhatIf
from tests.factories import FEATURES

pytestmark = pytest.mark.django_db
SCRIPT = {"headers": {"X-Requested-With": "fetch"}}


@pytest.fixture
def impatient(monkeypatch):
    """The web gives up at once; nobody answers."""
    monkeypatch.setattr(what_if.wait_for_answer, "__kwdefaults__", {"seconds": 0})


def ask(client, case, body=None, **headers):
    return client.post(f"/api/v1/cases/{case.pk}/flips", body, **headers)


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_a_reviewer_learns_the_smallest_changes_that_flip_it(case, alice, api, worker, artifact):
    said = ask(api(alice), case)
    assert said.status_code == 200, said.json()
    answer = said.json()
    assert answer["before"]["outcome"] == "approve"
    assert answer["flips"]
    model = load_predictor(artifact)
    for flip in answer["flips"]:
        assert model.predict([FEATURES | flip["changes"]])[0].outcome == flip["prediction"]["outcome"] == "deny"
    assert "married" not in answer["tried"]
    first = answer["flips"][0]
    assert set(first["changes"]) == {"debt_ratio"}
    assert re.fullmatch(
        r"If debt-to-income were [\d.]+ % instead of 41\.2 %, the model would advise: Deny\.", first["sentence"]
    )


def test_asking_is_on_record_and_changes_nothing(case, alice, api, worker):
    before = Prediction.objects.values().get()
    assert ask(api(alice), case).status_code == 200
    assert Prediction.objects.values().get() == before
    event = AuditEvent.objects.get(action="case.flips_asked")
    assert (event.object_id, event.actor_id, event.data) == (str(case.pk), alice.pk, {})
    assert topics([Entry("case.flips_asked", "cases.case", str(case.pk), queue_id=case.queue_id)]) == set()


def test_the_same_question_has_one_row_and_one_answer(case, alice, bob, api, worker):
    one, other = (ask(api(person), case).json() for person in (alice, bob))
    assert one == other
    assert WhatIf.objects.get().kind == FLIPS
    api(alice).post(f"/api/v1/cases/{case.pk}/what-if", {"changes": {"debt_ratio": 70.0}})
    assert WhatIf.objects.count() == 2


def test_a_retry_under_its_key_asks_nothing_new(case, alice, api, worker):
    client, key = api(alice), {"Idempotency-Key": "once"}
    one, again = (ask(client, case, **key) for _ in range(2))
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == one.json()
    assert AuditEvent.objects.filter(action="case.flips_asked").count() == 1


def test_who_may_not_see_the_case_learns_nothing(case, mallory, alice, api, worker):
    assert ask(api(mallory), case).status_code == 404
    assert ask(api(alice, Scope.CASES_REVIEW), case).status_code == 403
    assert not WhatIf.objects.exists()


def test_a_model_that_is_not_here_cannot_be_asked(office, registered, alice, api, sign_in):
    elsewhere = office.send(external_id="ELSE-1")
    refused = ask(api(alice), elsewhere)
    assert (refused.status_code, refused.json()["code"]) == (409, "model-not-registered")
    page = sign_in(alice).post(f"/cases/{elsewhere.pk}/flips/", **SCRIPT)
    assert page.status_code == 409
    assert "cannot be asked what would change it" in text_of(page)
    assert "/flips/" not in sign_in(alice).get(f"/cases/{elsewhere.pk}/").content.decode()


def test_a_worker_that_is_busy_answers_later(case, alice, api, impatient):
    late = ask(api(alice), case)
    assert (late.status_code, late.json()["code"]) == (503, "what-if-pending")
    assert late.headers["Retry-After"] == "2"
    what_ifs.answer_what_ifs()
    assert ask(api(alice), case).status_code == 200


def test_a_field_that_nobody_asked_for_is_refused(case, alice, api, worker):
    assert ask(api(alice), case, {"outcome": "deny"}).status_code == 422
    assert not WhatIf.objects.exists()


def test_what_if_questions_go_before_searches(case, alice, api, impatient):
    ask(api(alice), case)
    api(alice).post(f"/api/v1/cases/{case.pk}/what-if", {"changes": {"debt_ratio": 70.0}})
    assert what_ifs._answer_batch() == 1
    assert [row.kind for row in WhatIf.objects.exclude(answer=None)] == ["what_if"]
    assert what_ifs._answer_batch() == 1
    assert not WhatIf.objects.filter(answer=None).exists()


def test_the_page_tells_it_in_sentences_and_says_what_it_is_not(case, alice, mallory, sign_in, worker):
    browser = sign_in(alice)
    assert "What would change this" in text_of(browser.get(f"/cases/{case.pk}/"))
    asked = browser.post(f"/cases/{case.pk}/flips/")
    row = WhatIf.objects.get()
    assert (asked.status_code, asked["Location"]) == (302, f"/cases/{case.pk}/?flips={row.pk}#flips")
    told = text_of(browser.get(asked["Location"]))
    assert "Smallest changes that would change “Approve”" in told
    assert "instead of 41.2 %, the model would advise: Deny." in told
    assert "It is not advice to the applicant" in told
    assert "Alice asked what would change the model’s advice." in told
    assert sign_in(mallory).post(f"/cases/{case.pk}/flips/").status_code == 404


def test_a_script_gets_the_panel_alone(case, alice, sign_in, worker):
    panel = sign_in(alice).post(f"/cases/{case.pk}/flips/", **SCRIPT)
    assert panel.status_code == 200
    assert "<html" not in panel.content.decode()
    assert "would advise: Deny" in text_of(panel)


def test_that_nothing_changes_it_is_told_as_an_answer(case, alice, sign_in, worker):
    browser = sign_in(alice)
    place = browser.post(f"/cases/{case.pk}/flips/")["Location"]
    row = WhatIf.objects.get()
    WhatIf.objects.update(answer=row.answer | {"flips": []})
    assert "Nothing within the allowed ranges changes “Approve”" in text_of(browser.get(place))
    WhatIf.objects.update(answer=row.answer | {"flips": [], "tried": []})
    assert "No input of this case may be changed" in text_of(browser.get(place))


def test_a_failure_and_an_answer_that_is_gone_are_told(case, alice, sign_in, worker):
    browser = sign_in(alice)
    place = browser.post(f"/cases/{case.pk}/flips/")["Location"]
    WhatIf.objects.update(answer=None, failure="ArtifactTampered")
    assert "The model could not be run on this case" in text_of(browser.get(place))
    WhatIf.objects.all().delete()
    assert "That answer was kept for a day and is gone." in text_of(browser.get(place))


def test_a_what_if_is_not_shown_as_flips(case, alice, sign_in, worker, api):
    api(alice).post(f"/api/v1/cases/{case.pk}/what-if", {"changes": {"debt_ratio": 70.0}})
    page = text_of(sign_in(alice).get(f"/cases/{case.pk}/?flips={WhatIf.objects.get().pk}"))
    assert "That answer was kept for a day and is gone." in page
