"""The what-if of the case page, as a browser without a script sends it, and as the script does."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from reviewapp.audit.models import AuditEvent
from reviewapp.cases.actions import write_comment
from reviewapp.cases.models.discussion import Mention
from reviewapp.intake import what_ifs
from reviewapp.predictions import what_if
from reviewapp.predictions.models import WhatIf
from tests.factories import FEATURES, NAMED, actor_of, make_lead

pytestmark = pytest.mark.django_db
SCRIPT = {"headers": {"X-Requested-With": "fetch"}}
# As the page shows the case: what stands in its fields
SHOWN = {
    "input-income": "4150.5",
    "input-debt_ratio": "41.2",
    "input-loan_amount": "128000",
    "input-late_payments": "1",
    "input-insured": "true",
}


def post(client, case, typed, **more):
    return client.post(f"/cases/{case.pk}/what-if/", {**SHOWN, **typed}, **more)


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def fields_of(answer):
    """What stands in the fields of the form, by name."""
    page = answer.content.decode()
    typed = re.findall(r'<input type="text"[^>]* name="(input-\w+)" value="([^"]*)"', page)
    lists = re.findall(r'<select[^>]* name="(input-\w+)".*?<option value="([^"]*)" selected', page, re.DOTALL)
    return dict(typed + lists)


def test_the_form_holds_the_inputs_of_the_model_and_no_protected_one(case, alice, sign_in):
    page = sign_in(alice).get(f"/cases/{case.pk}/")
    assert fields_of(page) == SHOWN
    assert "input-married" not in page.content.decode()
    assert re.search(r'<details class="what-if" id="what-if" data-what-if>', page.content.decode()), "closed"


def test_without_a_script_asking_leads_back_to_the_case_with_the_answer(case, alice, sign_in, worker):
    browser = sign_in(alice)
    asked = post(browser, case, {"input-debt_ratio": "70"})
    row = WhatIf.objects.get()
    assert (asked.status_code, asked["Location"]) == (302, f"/cases/{case.pk}/?what_if={row.pk}#what-if")
    assert row.changes == {"debt_ratio": 70}
    page = browser.get(asked["Location"])
    assert 'id="what-if" open' in page.content.decode()
    said = text_of(page)
    assert "The model would advise otherwise: Deny" in said
    assert re.search(r"Debt-to-income 41\.2 % 70 %", said)
    assert re.search(r"Debt-to-income changed [+−]\d\.\d\d [+−]\d\.\d\d [+−]\d\.\d\d towards Deny", said)
    assert fields_of(page) == SHOWN | {"input-debt_ratio": "70"}


def test_the_address_holds_no_value(case, alice, sign_in, worker):
    asked = post(sign_in(alice), case, {"input-income": "7777"})
    assert "7777" not in urlsplit(asked["Location"]).query


def test_the_script_gets_the_panel_alone(case, alice, sign_in, worker):
    answer = post(sign_in(alice), case, {"input-debt_ratio": "70"}, **SCRIPT)
    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()
    assert "The model would advise otherwise: Deny" in text_of(answer)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"input-debt_ratio": "501"}, "Debt-to-income: Allowed: 0 % to 500 %."),
        ({"input-debt_ratio": "much"}, "Debt-to-income: Must be a number."),
        ({"input-income": "<b>1</b>"}, "Monthly income: Must be a number."),
        ({"input-income": "1e5"}, "Monthly income: Must be a number."),
        ({"input-late_payments": "1.5"}, "Late payments: Must be a whole number."),
        ({"input-insured": "maybe"}, "Insured: Must be true or false."),
        ({}, "Change at least one input."),
    ],
)
@pytest.mark.parametrize("how", [{}, SCRIPT], ids=["page", "script"])
def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(case, alice, sign_in, worker, typed, said, how):
    refused = post(sign_in(alice), case, typed, **how)
    assert refused.status_code == 422
    assert said in text_of(refused)
    assert "<b>" not in refused.content.decode()
    for name, value in typed.items():
        assert fields_of(refused).get(name) in {value, None, value.replace("<", "&lt;").replace(">", "&gt;")}
    assert not WhatIf.objects.exists()
    assert not AuditEvent.objects.filter(action="case.what_if_asked").exists()


def test_a_protected_input_is_not_even_read(case, alice, sign_in, worker):
    refused = post(sign_in(alice), case, {"input-married": "true"}, **SCRIPT)
    assert refused.status_code == 422
    assert "Change at least one input." in text_of(refused)
    assert "arried" not in text_of(refused)


def test_a_field_left_empty_is_not_recorded(case, alice, sign_in, worker):
    page = sign_in(alice).get(post(sign_in(alice), case, {"input-debt_ratio": ""})["Location"])
    assert re.search(r"Debt-to-income 41\.2 % not recorded", text_of(page))


def test_a_value_beyond_the_training_cases_carries_a_note(case, alice, sign_in, worker):
    browser = sign_in(alice)
    near = browser.get(post(browser, case, {"input-debt_ratio": "50"})["Location"])
    far = browser.get(post(browser, case, {"input-debt_ratio": "400"})["Location"])
    note = "outside what the model has seen"
    assert (note in text_of(near), note in text_of(far)) == (False, True)


def test_a_prediction_that_was_sent_along_is_told_apart_from_what_the_model_says(case, alice, sign_in, worker):
    page = sign_in(alice).get(post(sign_in(alice), case, {"input-debt_ratio": "70"})["Location"])
    assert "The prediction of this case was sent along." in text_of(page), "it said deny, the model approve"


def test_where_the_model_is_not_registered_nothing_is_offered_and_an_attempt_is_refused(office, alice, sign_in):
    browser, case = sign_in(alice), office.send()
    assert "What if some inputs were otherwise" not in text_of(browser.get(f"/cases/{case.pk}/"))
    refused = post(browser, case, {"input-income": "1"})
    assert refused.status_code == 409
    assert "the model of this prediction is not registered here" in text_of(refused)


def test_who_may_not_see_the_case_asks_nothing_and_sees_no_answer(case, alice, mallory, sign_in, worker):
    asked = post(sign_in(alice), case, {"input-debt_ratio": "70"})
    assert post(sign_in(mallory), case, {"input-debt_ratio": "70"}).status_code == 404
    assert sign_in(mallory).get(asked["Location"]).status_code == 404


def test_an_answer_about_another_case_is_not_shown(case, office, alice, sign_in, worker):
    row = post(sign_in(alice), case, {"input-debt_ratio": "70"})["Location"].partition("?")[2]
    other = sign_in(alice).get(f"/cases/{office.send(**NAMED).pk}/?{row}")
    assert other.status_code == 200
    assert "The model would" not in text_of(other)


def test_a_worker_that_is_busy_answers_later(case, alice, sign_in, monkeypatch):
    monkeypatch.setattr(what_if.wait_for_answer, "__kwdefaults__", {"seconds": 0})
    browser = sign_in(alice)
    place = post(browser, case, {"input-debt_ratio": "70"})["Location"]
    assert "The model worker has not answered yet" in text_of(browser.get(place))
    what_ifs.answer_what_ifs()
    assert "The model would advise otherwise: Deny" in text_of(browser.get(place))


def test_a_failure_and_an_answer_that_is_gone_are_told(case, alice, sign_in, worker):
    browser = sign_in(alice)
    place = post(browser, case, {"input-debt_ratio": "70"})["Location"]
    WhatIf.objects.update(answer=None, failure="ArtifactTampered")
    assert "The model could not be run on these inputs" in text_of(browser.get(place))
    what_ifs.sweep(at=timezone.now() + timedelta(days=2))
    assert "That answer was kept for a day and is gone." in text_of(browser.get(place))


def test_the_timeline_tells_a_row_of_questions_once(case, alice, sign_in, worker):
    browser = sign_in(alice)
    for ratio in ("60", "70"):
        browser.get(post(browser, case, {"input-debt_ratio": ratio})["Location"])
    assert text_of(browser.get(f"/cases/{case.pk}/")).count("Alice asked the model what it would say") == 1


def test_a_post_that_no_form_sends_is_refused(case, alice, sign_in):
    for typed in ({"input-income": "\0"}, {"input-income": "1" * 201}):
        assert post(sign_in(alice), case, typed).status_code == 400


def test_the_numbers_shown_are_those_of_the_case(case):
    assert {name.removeprefix("input-") for name in SHOWN} == set(FEATURES) - {"married"}


@pytest.mark.parametrize("door", ["what-if", "flips"])
@pytest.mark.parametrize("more", [{}, SCRIPT])
def test_whoever_is_shown_a_case_because_a_question_was_refused_is_on_record(
    office, alice, mallory, sign_in, door, more
):
    case = office.send()  # of a model that is not registered here
    write_comment(case_id=case.pk, text="@alice look", actor=actor_of(make_lead("carol", office)), at=timezone.now())
    path = f"/cases/{case.pk}/{door}/"
    refused = sign_in(alice).post(path, **more)
    assert refused.status_code in {409, 422}
    assert bool(more) or "loan amount" in refused.content.decode().lower()
    looks = AuditEvent.objects.filter(action="case.viewed", object_id=str(case.pk))
    assert [look.actor_id for look in looks] == [alice.pk]
    assert Mention.objects.filter(person=alice, seen_at=None).exists() == bool(more)  # a script gets no comments to see
    assert sign_in(mallory).post(path, **more).status_code == 404
    assert looks.count() == 1
