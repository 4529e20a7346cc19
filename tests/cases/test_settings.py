"""The settings of a queue: who may change them, what is refused, and two people who save at once. By page and by API."""

import pytest

from reviewapp.access.rules import Scope
from reviewapp.audit.models import AuditEvent
from reviewapp.cases.models import Queue

pytestmark = pytest.mark.django_db

PAGE, API = "/queues/loans/settings/", "/api/v1/queues/loans"
GOOD = {"sla_minutes": "90", "lease_minutes": "20", "most_held": "3"}


@pytest.fixture
def lead(carol, sign_in):
    return sign_in(carol)


def seen(answer, section="basics"):
    (found,) = [part for part in answer.context["sections"] if part["name"] == section]
    return found["seen"]


def save(browser, section="basics", **fields):
    """What the page's form sends, of the page as it is now."""
    return browser.post(f"{PAGE}{section}/", {"seen": seen(browser.get(PAGE), section), **fields})


def events():
    return list(AuditEvent.objects.filter(action="queue.settings_changed").order_by("pk"))


def test_a_lead_changes_the_times_of_a_queue_and_it_is_on_record(office, carol, lead):
    answer = save(lead, **GOOD)
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}#basics")
    office.queue.refresh_from_db()
    assert (office.queue.sla_minutes, office.queue.lease_minutes, office.queue.most_held) == (90, 20, 3)
    (event,) = events()
    assert (event.actor_id, event.queue_id, event.object_id) == (carol.pk, office.queue.pk, str(office.queue.pk))
    assert event.data == {
        "before": {"sla_minutes": 60, "lease_minutes": 15, "most_held": 5},
        "after": {"sla_minutes": 90, "lease_minutes": 20, "most_held": 3},
    }
    assert "Saved: Basics of Loans" in lead.get(PAGE).content.decode()


def test_what_is_already_so_leaves_no_event(office, lead):
    assert save(lead, sla_minutes="60", lease_minutes="15", most_held="5").status_code == 302
    assert events() == []


def test_a_reviewer_reads_the_settings_but_finds_no_page_and_changes_nothing(office, alice, api, sign_in):
    browser = sign_in(alice)
    assert browser.get(PAGE).status_code == 404
    assert browser.post(f"{PAGE}basics/", GOOD).status_code == 404
    assert api(alice).get(API).json()["sla_minutes"] == 60
    refused = api(alice).patch(API, {"sla_minutes": 90})
    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
    office.queue.refresh_from_db()
    assert (office.queue.sla_minutes, events()) == (60, [])


def test_to_somebody_of_another_office_the_queue_is_not_there(office, mallory, api, sign_in):
    assert sign_in(mallory).get(PAGE).status_code == 404
    assert api(mallory).get(API).status_code == 404
    assert api(mallory).patch(API, {"sla_minutes": 90}).status_code == 404


def test_a_key_without_the_scope_changes_nothing(office, carol, api):
    assert api(carol, Scope.CASES_READ).get(API).status_code == 200
    assert api(carol, Scope.CASES_READ, Scope.CASES_REVIEW).patch(API, {"sla_minutes": 90}).status_code == 403


@pytest.mark.parametrize("typed", ["0", "", "many", "-5", "1.5", "525601", "9" * 30])
def test_a_bad_number_is_named_beside_its_field_and_nothing_typed_is_lost(office, lead, typed):
    answer = save(lead, **{**GOOD, "sla_minutes": typed})
    assert answer.status_code == 422
    (part,) = [part for part in answer.context["sections"] if part["name"] == "basics"]
    assert list(part["form"].errors) == ["sla_minutes"]
    page = answer.content.decode()
    assert 'href="#basics-sla_minutes"' in page
    assert 'value="20"' in page, "the other fields are as they were typed"
    assert events() == []


def test_the_later_of_two_who_save_is_told_and_sees_both_values(office, carol, lead, api):
    shown = seen(lead.get(PAGE))
    assert api(carol).patch(API, {"sla_minutes": 45}).status_code == 200
    answer = lead.post(f"{PAGE}basics/", {**GOOD, "seen": shown})
    assert answer.status_code == 409
    page = " ".join(answer.content.decode().split())
    assert "now 45, you wrote 90" in page
    assert "Lease, in minutes</a>: now 15, you wrote 20" in page
    office.queue.refresh_from_db()
    assert (office.queue.sla_minutes, office.queue.lease_minutes) == (45, 15)
    again = lead.post(f"{PAGE}basics/", {**GOOD, "seen": seen(answer)})
    assert again.status_code == 302
    office.queue.refresh_from_db()
    assert office.queue.sla_minutes == 90


def test_the_api_changes_only_what_is_sent_and_refuses_a_stale_view(office, carol, api):
    lead = api(carol)
    read = lead.get(API).json()
    changed = lead.patch(API, {"lease_minutes": 30, "seen": read["seen"]})
    assert changed.status_code == 200
    assert changed.json() == {**read, "lease_minutes": 30, "seen": changed.json()["seen"]}
    stale = lead.patch(API, {"lease_minutes": 5, "seen": read["seen"]})
    assert (stale.status_code, stale.json()["code"]) == (409, "settings-moved")
    assert lead.get(API).json()["lease_minutes"] == 30


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"sla_minutes": 0}, "/sla_minutes"),
        ({"sla_minutes": "60"}, "/sla_minutes"),
        ({"sla_minutes": True}, "/sla_minutes"),
        ({"sla_minutes": None}, "/sla_minutes"),
        ({"lease_minutes": 1.5}, "/lease_minutes"),
        ({"most_held": 2**40}, "/most_held"),
        ({"most_held": [1]}, "/most_held"),
        ({"slug": "other"}, ""),
        ({"review_policy": {"outcomes": ["maybe"]}}, "/review_policy/outcomes"),
        ({"review_policy": {"share": 2}}, "/review_policy/share"),
        ({"review_policy": {"amounts": [{"feature": "married", "least": 1}]}}, "/review_policy/amounts/0"),
        ({"review_policy": {"sometimes": True}}, "/review_policy"),
        ({"review_policy": ["always"]}, "/review_policy"),
        ({}, ""),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_pointer(office, carol, api, body, pointer):
    refused = api(carol).patch(API, {"lease_minutes": 20, **body} if body else body)
    assert refused.status_code == 422, refused.content
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert events() == []


def test_a_setting_beyond_todays_bounds_may_stay_while_another_is_changed(office, carol, api):
    Queue.objects.filter(pk=office.queue.pk).update(most_held=10_000)
    assert api(carol).patch(API, {"sla_minutes": 90}).status_code == 200
    assert api(carol).patch(API, {"sla_minutes": 91, "most_held": 10_001}).status_code == 422


RULE = {"when": [{"field": "outcome", "op": "eq", "value": "deny"}], "minutes": 30}
OFFICE_HOURS = {"zone": "Europe/London", "hours": {"monday": ["09:00-17:00"]}, "holidays": ["2026-12-28"]}


def test_the_api_sets_rules_hours_and_what_becomes_of_late_cases(office, carol, alice, api):
    lead = api(carol)
    wanted = {
        "sla_rules": [RULE],
        "risk_percent": 50,
        "opening_hours": OFFICE_HOURS,
        "late_act": "person",
        "late_queue": "loans-lead",
        "late_person": "alice",
    }
    answer = lead.patch(API, wanted)
    assert answer.status_code == 200, answer.json()
    assert {name: answer.json()[name] for name in wanted} == wanted
    (event,) = events()
    assert event.data["after"]["late_person"] == str(alice.pk), "a person by id, not by name"
    assert "alice" not in str(event.data)
    back = {"opening_hours": None, "sla_rules": [], "late_act": "escalate", "late_queue": None, "late_person": None}
    assert lead.patch(API, back).json()["late_person"] is None


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"sla_rules": [{**RULE, "minutes": 0}]}, "/sla_rules/0/minutes"),
        (
            {"sla_rules": [{"when": [{"field": "features.shoe", "op": "eq", "value": 1}], "minutes": 1}]},
            "/sla_rules/0/when/0/field",
        ),
        ({"sla_rules": None}, "/sla_rules"),
        ({"risk_percent": 100}, "/risk_percent"),
        ({"opening_hours": {"zone": "Moon", "hours": {"monday": ["09:00-17:00"]}}}, "/opening_hours/zone"),
        ({"opening_hours": []}, "/opening_hours"),
        ({"late_act": "decide"}, "/late_act"),
        ({"late_act": ["stay"]}, "/late_act"),
        ({"late_act": "person"}, "/late_person"),
        ({"late_queue": "loans"}, "/late_queue"),
        ({"late_queue": "elsewhere"}, "/late_queue"),
        ({"late_queue": 7}, "/late_queue"),
        ({"late_person": "mallory"}, "/late_person"),
        ({"late_person": "loans-system"}, "/late_person"),
        ({"opening_hours": OFFICE_HOURS, "sla_minutes": 525_600}, "/sla_minutes"),
        ({"opening_hours": OFFICE_HOURS, "sla_minutes": "60", "sla_rules": {}}, "/sla_rules"),
        ({"opening_hours": OFFICE_HOURS, "sla_rules": [{**RULE, "minutes": 525_600}]}, "/sla_rules"),
    ],
)
def test_rules_hours_and_targets_that_cannot_be_are_refused(office, carol, mallory, api, body, pointer):
    refused = api(carol).patch(API, body)
    assert refused.status_code == 422, refused.content
    assert pointer in [error["pointer"] for error in refused.json()["errors"]]
    assert events() == []


def test_a_repeated_call_changes_nothing_twice(office, carol, api):
    lead = api(carol)
    first = lead.patch(API, {"sla_minutes": 90}, **{"Idempotency-Key": "once"})
    assert lead.patch(API, {"sla_minutes": 30}).status_code == 200
    again = lead.patch(API, {"sla_minutes": 90}, **{"Idempotency-Key": "once"})
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert lead.get(API).json()["sla_minutes"] == 30


def test_leads_find_the_page_from_the_queue_and_from_the_board(office, alice, lead, sign_in):
    for path in ("/queues/loans/", "/board/"):
        assert f'href="{PAGE}"' in lead.get(path).content.decode()
    assert PAGE not in sign_in(alice).get("/queues/loans/").content.decode()


POLICY = {
    "override": "on",
    "outcomes": ["deny"],
    "confidence_below": "62.5",
    "feature_1": "loan_amount",
    "least_1": "250000",
    "share": "10",
}


def test_a_lead_says_which_answers_need_a_second(office, lead):
    assert save(lead, "second-review", **POLICY).status_code == 302
    office.queue.refresh_from_db()
    assert office.queue.review_policy == {
        "override": True,
        "outcomes": ["deny"],
        "confidence_below": 0.625,
        "amounts": [{"feature": "loan_amount", "least": 250_000.0}],
        "share": 0.1,
    }
    shown = lead.get(PAGE).content.decode()
    assert 'value="62.5"' in shown
    assert 'value="loan_amount" selected' in shown
    assert save(lead, "second-review").status_code == 302
    office.queue.refresh_from_db()
    assert office.queue.review_policy == {}


def test_every_amount_that_the_api_may_set_outlives_a_save_of_the_page(office, carol, lead, api):
    names = ["loan_amount", "income", "debt_ratio", "late_payments", "loan_amount"]
    amounts = [{"feature": name, "least": float(row)} for row, name in enumerate(names, start=1)]
    assert api(carol).patch(API, {"review_policy": {"amounts": amounts}}).status_code == 200
    page = lead.get(PAGE)
    (part,) = [part for part in page.context["sections"] if part["name"] == "second-review"]
    assert page.content.decode().count('value="late_payments" selected') == 1
    fields = {field.html_name: field.value() for field in part["form"] if field.value() not in (None, "", False)}
    assert {name for name in fields if f'name="{name}"' not in page.content.decode()} == set(), "all stand on the page"
    assert save(lead, "second-review", **fields, always="on").status_code == 302
    office.queue.refresh_from_db()
    assert office.queue.review_policy == {"always": True, "amounts": amounts}


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"share": "101"}, "share"), ({"feature_2": "income"}, "least_2"), ({"outcomes": ["maybe"]}, "outcomes")],
)
def test_what_cannot_be_asked_for_is_named_beside_its_field(office, lead, typed, field):
    answer = save(lead, "second-review", **(POLICY | typed))
    assert answer.status_code == 422
    (part,) = [part for part in answer.context["sections"] if part["name"] == "second-review"]
    assert list(part["form"].errors) == [field]
    assert events() == []


def test_an_unknown_section_is_not_there(office, lead):
    assert lead.post(f"{PAGE}nothing/", GOOD).status_code == 404


def test_a_lead_sets_what_share_is_answered_blind_in_percent(office, lead, carol, api):
    assert save(lead, "blind", blind_share="5").status_code == 302
    office.queue.refresh_from_db()
    assert office.queue.blind_share == 0.05
    assert 'value="5"' in lead.get(PAGE).content.decode()
    assert api(carol).patch(API, {"blind_share": 0.125}).json()["blind_share"] == 0.125


@pytest.mark.parametrize("typed", ["-1", "100.5", "half", ""])
def test_a_share_that_is_none_is_refused_on_the_page(office, lead, typed):
    assert save(lead, "blind", blind_share=typed).status_code == 422
    office.queue.refresh_from_db()
    assert office.queue.blind_share == 0


@pytest.mark.parametrize("sent", [-0.1, 1.01, "0.5", True, None])
def test_a_share_that_is_none_is_refused_by_the_api(office, carol, api, sent):
    refused = api(carol).patch(API, {"blind_share": sent})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/blind_share")
    office.queue.refresh_from_db()
    assert office.queue.blind_share == 0
