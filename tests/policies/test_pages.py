"""The pages of policies, through the front door."""

import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reviewapp.audit.models import AuditEvent
from reviewapp.policies.models import PolicyVersion
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

LARGE = {
    "name": "Large loans are reviewed",
    "when": {"field": "features.loan_amount", "op": "gt", "value": 300_000},
    "then": {"result": "review", "queue": "loans-lead", "priority": 40},
}


def _body(office, **changes):
    return office.use_case.policy_versions.get(number=1).body | changes


def _post(browser, body, *, step="preview", after=1, previewed="", reason="Large loans need a second look"):
    text = body if isinstance(body, str) else json.dumps(body)
    given = {"body": text, "reason": reason, "after": after, "step": step, "previewed": previewed}
    return browser.post("/policies/loans/publish", given)


def test_the_policy_in_force_is_said_in_words_with_its_history(office, alice, sign_in):
    factories.make_policy(office.use_case, office.queue, rules=[LARGE], qa_share=0.05)
    browser = sign_in(alice)
    assert browser.get("/policies/")["Location"] == "/policies/loans/"
    page = browser.get("/policies/loans/").content.decode()
    assert "when Loan amount is over $300,000, a person reviews it in Loans lead with priority 40." in page
    assert "<ins>Large loans are reviewed" in page
    assert "/policies/loans/1/" in page
    assert "Write a new version" not in page
    former = browser.get("/policies/loans/1/").content.decode()
    assert "not in force" in former
    assert "Large loans" not in former


def test_who_has_no_right_there_finds_no_policy(office, mallory, alice, sign_in):
    hidden = sign_in(mallory)
    for path in ("/policies/loans/", "/policies/loans/1/", "/policies/loans/publish", "/policies/nothing/"):
        assert hidden.get(path).status_code == 404
    assert "Loans" not in hidden.get("/policies/", follow=True).content.decode()
    reader = sign_in(alice)
    assert reader.get("/policies/loans/7/").status_code == 404
    assert reader.get("/policies/loans/publish").status_code == 404
    assert _post(reader, _body(office)).status_code == 404
    assert PolicyVersion.objects.filter(use_case=office.use_case).count() == 1


def test_a_policy_is_written_then_seen_in_words_then_published(office, ada, sign_in):
    browser = sign_in(ada)
    form = browser.get("/policies/loans/publish")
    assert json.loads(form.context["form"]["body"].value()) == _body(office)
    body = _body(office, rules=[LARGE])
    preview = _post(browser, body)
    assert preview.status_code == 200
    assert "<ins>Large loans are reviewed: when" in preview.content.decode()
    assert PolicyVersion.objects.count() == 1
    previewed = preview.context["previewed"]
    published = _post(browser, body, step="publish", previewed=previewed)
    assert published.status_code == 302
    assert "Policy 2 is in force" in browser.get(published["Location"]).content.decode()
    made = PolicyVersion.objects.get(number=2)
    assert (made.body, made.published_by, made.reason) == (body, ada, "Large loans need a second look")


def test_nothing_is_published_that_was_not_seen_in_words(office, ada, sign_in):
    browser = sign_in(ada)
    previewed = _post(browser, _body(office, rules=[LARGE])).context["previewed"]
    answer = _post(browser, _body(office, qa_share=1), step="publish", previewed=previewed)
    assert answer.status_code == 200
    assert "100 %" in answer.content.decode()
    assert PolicyVersion.objects.count() == 1


def test_faults_are_told_by_where_they_are(office, ada, sign_in):
    wrong = {**LARGE, "when": {"all": [LARGE["when"], {"field": "features.height", "op": "gt", "value": 2}]}}
    answer = _post(sign_in(ada), _body(office, rules=[wrong], confidence_threshold=0.2))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert (
        "Rule 1 “Large loans are reviewed”, condition, part 2, field: Write “features.” and the name of an input"
        in page
    )
    assert "Confidence threshold: Write a number from 0.5 to 1." in page
    assert "features.height" in page  # the text is kept


@pytest.mark.parametrize(
    "text", ["{", "", "[]", '{"rules": NaN}', '{"a": 1, "a": 2}', "[" * 5_000, '"\\ud800"', "1" * 400]
)
def test_what_is_no_policy_is_refused_with_a_sentence(office, ada, sign_in, text):
    answer = _post(sign_in(ada), text, step="publish")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()


def test_a_reason_is_needed(office, ada, sign_in):
    assert _post(sign_in(ada), _body(office, qa_share=0.5), reason=" ").status_code == 422


def test_two_authors_at_once_the_second_sees_what_the_first_did(office, ada, sign_in):
    browser = sign_in(ada)
    mine = _body(office, rules=[LARGE])
    previewed = _post(browser, mine).context["previewed"]
    factories.make_policy(office.use_case, office.queue, qa_share=0.5)
    answer = _post(browser, mine, step="publish", previewed=previewed)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "another version meanwhile" in page
    assert "50 % is drawn at random" in page
    again = re.search(r'name="after" value="(\d+)"', page)
    assert again is not None
    assert _post(browser, mine, step="publish", previewed=previewed, after=int(again[1])).status_code == 302


def test_why_a_case_is_here_is_shown_with_every_step_and_on_record(office, carol, sign_in):
    never = {**LARGE, "name": "Never asked"}
    income = {"name": "No income", "when": {"field": "features.income", "op": "missing"}, "then": {"result": "review"}}
    factories.make_policy(
        office.use_case, office.queue, rules=[income, {**LARGE, "when": {"not": income["when"]}}, never]
    )
    case = office.send()
    answer = sign_in(carol).get(f"/predictions/{case.prediction_id}/routing/")
    page = answer.content.decode()
    assert [(step["rule"], step["matched"]) for step in answer.context["routing"]["steps"]] == [
        ("No income", False),
        ("Large loans are reviewed", True),
    ]
    assert "Monthly income: $4,150.5" in page
    assert "A person reviews it in Loans lead" in page
    assert "Not asked, since a rule before decided: Never asked." in page
    event = AuditEvent.objects.get(action="prediction.viewed")
    assert (event.actor_id, event.object_id, event.data) == (carol.pk, str(case.prediction_id), {"part": "routing"})


@pytest.mark.parametrize(
    ("confidence", "told"), [(0.7324513, "73 of 100"), (0.9466, "just under 95 of 100"), (0.9, "90 of 100")]
)
def test_confidence_is_told_in_whole_hundredths_as_on_the_case(confidence, told, office, carol, sign_in):
    sure = {
        "name": "Sure enough",
        "when": {"field": "confidence", "op": "lt", "value": 0.5},
        "then": {"result": "auto"},
    }
    factories.make_policy(office.use_case, office.queue, rules=[sure], always_review=[], confidence_threshold=0.95)
    scored = {"outcome": "deny", "probabilities": {"approve": 1 - confidence, "deny": confidence}}
    case = office.send(prediction=scored, explanation=None)
    steps = sign_in(carol).get(f"/predictions/{case.prediction_id}/routing/").context["routing"]["steps"]
    assert steps[0]["seen"] == [{"label": "Confidence", "value": f"{round(100 * confidence)} of 100"}]
    assert (steps[-1]["rule"], steps[-1]["detail"]) == ("Confidence below 95 %", f"confidence {told}")


def test_a_confidence_just_under_what_a_rule_names_is_said_to_be(office, carol, sign_in):
    unsure = {**LARGE, "when": {"any": [LARGE["when"], {"field": "confidence", "op": "lt", "value": 0.75}]}}
    factories.make_policy(office.use_case, office.queue, rules=[unsure])
    scored = {"outcome": "deny", "probabilities": {"approve": 0.2534, "deny": 0.7466}}
    case = office.send(prediction=scored, explanation=None)
    page = sign_in(carol).get(f"/predictions/{case.prediction_id}/routing/").content.decode()
    assert "Confidence: just under 75 of 100" in page
    assert "74.66" not in page


def test_who_may_not_see_the_case_does_not_see_its_routing(office, mallory, alice, sign_in):
    factories.make_policy(
        office.use_case, office.queue, rules=[{**LARGE, "when": {"field": "outcome", "op": "eq", "value": "deny"}}]
    )
    case = office.send()
    for user in (mallory, alice):  # alice works in another queue of the same use case
        assert sign_in(user).get(f"/predictions/{case.prediction_id}/routing/").status_code == 404
    assert not AuditEvent.objects.filter(action="prediction.viewed").exists()
    mel = sign_in(factories.make_ml("mel", office))
    assert mel.get(f"/predictions/{case.prediction_id}/routing/").status_code == 200


def test_the_history_pages_and_costs_no_more_when_long(office, alice, sign_in):
    browser = sign_in(alice)
    for _ in range(3):
        factories.make_policy(office.use_case, office.queue)

    def statements():
        with CaptureQueriesContext(connection) as asked:
            assert browser.get("/policies/loans/").status_code == 200
        return len(asked)

    few = statements()
    for _ in range(40):
        factories.make_policy(office.use_case, office.queue)
    assert statements() == few
    first = browser.get("/policies/loans/").context
    second = browser.get("/policies/loans/" + first["pager"]["next_url"]).context
    assert [row["number"] for context in (first, second) for row in context["history"]] == list(range(44, 0, -1))
    assert browser.get("/policies/loans/?cursor=forged").status_code == 400


def test_names_of_rules_show_as_text(office, alice, sign_in):
    rule = {**LARGE, "name": "<img src=x onerror=alert(1)> {{7*7}}"}
    factories.make_policy(office.use_case, office.queue, rules=[rule])
    page = sign_in(alice).get("/policies/loans/").content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page
