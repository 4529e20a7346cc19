"""The sections of a queue's settings as a browser without a script sends them: rules, opening hours, what becomes of late cases."""

import pytest

from reviewapp.audit.models import AuditEvent
from reviewapp.cases.models import Queue
from tests import factories

pytestmark = pytest.mark.django_db
PAGE, API = "/queues/loans/settings/", "/api/v1/queues/loans"
DENY = {"rule-0-0-field": "outcome", "rule-0-0-op": "eq", "rule-0-0-value": "Deny", "rule-0-minutes": "30"}
RICH = {
    "rule-1-0-field": "features.loan_amount",
    "rule-1-0-op": "ge",
    "rule-1-0-value": "100000",
    "rule-1-minutes": "45",
}
NEW = {"rule-2-0-field": "", "rule-2-0-op": "eq", "rule-2-0-value": "", "rule-2-minutes": ""}
HOURS = {
    "zone": "Europe/London",
    "monday": "09:00 – 12:30, 13:30-17:00",
    "friday": "00:00-24:00",
    "holidays": "2026-12-25\r\n\r\n2026-12-28",
}


@pytest.fixture
def lead(carol, sign_in):
    return sign_in(carol)


def part(answer, section):
    (found,) = [one for one in answer.context["sections"] if one["name"] == section]
    return found


def save(browser, section, **fields):
    return browser.post(f"{PAGE}{section}/", {"seen": part(browser.get(PAGE), section)["seen"], **fields})


def rules(**fields):
    return {"risk_percent": "75", **fields}


def rule(minutes, *parts):
    return {"when": [dict(zip(("field", "op", "value"), part, strict=True)) for part in parts], "minutes": minutes}


def text(answer):
    return " ".join(answer.content.decode().split())


def stored(office):
    return Queue.objects.get(pk=office.queue.pk)


def test_a_lead_writes_rules_in_rows_and_reads_them_in_sentences(office, lead):
    assert save(lead, "service", **rules(**DENY, **RICH, **NEW)).status_code == 302
    assert stored(office).sla_rules == [
        {"when": [{"field": "outcome", "op": "eq", "value": "deny"}], "minutes": 30},
        {"when": [{"field": "features.loan_amount", "op": "ge", "value": 100_000}], "minutes": 45},
    ]
    page = text(lead.get(PAGE))
    assert "When Outcome is Deny, a case is due in 30 minutes." in page
    assert "When Loan amount is at least $100,000, a case is due in 45 minutes." in page
    assert "Any other case is due in 60 minutes" in page
    assert 'value="Deny"' in page


@pytest.mark.parametrize("field", ["outcome", "confidence", "priority"])
def test_due_times_by_what_the_model_gave_and_blind_first_do_not_go_together(office, carol, lead, api, field):
    """Everybody sees the rules and when a case is due, and so would know what it is blind to."""
    value = "deny" if field == "outcome" else 0
    telling = [
        rule(45, ("features.loan_amount", "ge", 100_000)),
        rule(5, ("features.income", "ge", 0), (field, "ne", value)),
    ]
    assert api(carol).patch(API, {"sla_rules": telling}).status_code == 200
    refused = api(carol).patch(API, {"blind_share": 0.1})
    assert [(fault["pointer"], fault["code"]) for fault in refused.json()["errors"]] == [("/blind_share", "rules_tell")]
    page = save(lead, "blind", blind_share="10")
    assert (page.status_code, "ask about inputs alone, or choose no blind first" in text(page)) == (422, True)
    assert api(carol).patch(API, {"blind_share": 0.1, "sla_rules": telling[:1]}).status_code == 200
    refused = api(carol).patch(API, {"sla_rules": telling})
    assert [(fault["pointer"], fault["code"]) for fault in refused.json()["errors"]] == [("/sla_rules/1", "rules_tell")]
    page = save(lead, "service", **rules(**{**DENY, "rule-0-0-field": field, "rule-0-0-value": str(value)}))
    assert (page.status_code, "Rule 1: A due time by the advised outcome" in text(page)) == (422, True)
    assert stored(office).sla_rules == telling[:1]
    assert api(carol).patch(API, {"sla_rules": None, "blind_share": 0.2}).status_code == 422
    assert api(carol).patch(API, {"sla_rules": telling, "blind_share": 0}).status_code == 200


def test_what_the_form_shows_saves_as_it_was(office, carol, lead, api):
    """Whatever the API has set, a save of the unchanged page changes nothing."""
    wanted = [
        rule(5, ("features.late_payments", "in", [1, 2]), ("confidence", "between", [0.5, 0.755])),
        rule(6, ("features.insured", "eq", False), ("features.income", "missing", False)),
        rule(7, ("outcome", "in", ["deny", "approve"]), ("priority", "ge", 5)),
        rule(8, ("features.married", "eq", True), ("features.debt_ratio", "gt", 41.25)),
    ]
    assert api(carol).patch(API, {"sla_rules": wanted}).status_code == 200
    form = part(lead.get(PAGE), "service")["form"]
    fields = {f"rule-{row['number']}-minutes": row["minutes"] for row in form.shown_rows}
    for row in form.shown_rows:
        for piece in row["parts"]:
            chosen = {name: next((o["value"] for o in piece[name] if o["chosen"]), "") for name in ("fields", "ops")}
            start = f"rule-{row['number']}-{piece['place']}"
            fields |= {
                f"{start}-field": chosen["fields"],
                f"{start}-op": chosen["ops"],
                f"{start}-value": piece["value"],
            }
    assert save(lead, "service", **rules(**fields)).status_code == 302
    assert stored(office).sla_rules == wanted
    assert AuditEvent.objects.filter(action="queue.settings_changed").count() == 1


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"rule-0-minutes": "soon"}, "Rule 1: minutes:"),
        ({"rule-0-0-value": "maybe"}, "Rule 1: condition 1: Outcomes of this use case"),
        ({"rule-0-0-field": "", "rule-0-0-value": ""}, "Rule 1: Write a list of 1 to 3"),
        ({"rule-0-0-field": "priority", "rule-0-0-value": "high"}, "Rule 1: condition 1: Write a number."),
        ({"rule-0-0-field": "features.shoe"}, "Rule 1: condition 1:"),
        ({"risk_percent": "99"}, "At risk from"),
    ],
)
def test_a_bad_rule_is_named_and_nothing_typed_is_lost(office, lead, fields, told):
    answer = save(lead, "service", **{**rules(**DENY, **RICH), **fields})
    assert answer.status_code == 422
    page = text(answer)
    assert told in page
    assert 'value="100000"' in page
    assert ('href="#service-rule-0"' in page) == told.startswith("Rule 1")
    assert stored(office).sla_rules == []


def test_rules_move_and_go_without_a_script_and_only_save_saves(office, lead):
    assert save(lead, "service", **rules(**DENY, **RICH)).status_code == 302
    before = stored(office).sla_rules
    moved = save(lead, "service", **rules(**DENY, **RICH), move="up-1")
    assert moved.status_code == 200
    assert "Not saved yet" in text(moved)
    assert [row["minutes"] for row in part(moved, "service")["form"].shown_rows] == ["45", "30", ""]
    removed = save(lead, "service", **rules(**DENY, **RICH), move="remove-0")
    assert [row["minutes"] for row in part(removed, "service")["form"].shown_rows] == ["45", ""]
    for nonsense in ("up-0", "down-1", "up-99", "remove-x", "sideways-1", ""):
        answer = save(lead, "service", **rules(**DENY, **RICH), move=nonsense)
        assert [row["minutes"] for row in part(answer, "service")["form"].shown_rows] == ["30", "45", ""], nonsense
    assert stored(office).sla_rules == before


def test_a_form_that_was_refused_still_knows_what_it_had_seen(office, carol, lead, api):
    shown = part(lead.get(PAGE), "service")["seen"]
    assert api(carol).patch(API, {"risk_percent": 60}).status_code == 200
    refused = lead.post(f"{PAGE}service/", {**rules(**DENY), "risk_percent": "999", "seen": shown})
    assert (refused.status_code, part(refused, "service")["seen"]) == (422, shown)
    late = lead.post(f"{PAGE}service/", {**rules(**DENY), "seen": shown})
    assert late.status_code == 409
    assert "now 60, you wrote 75" in text(late)
    assert "Rules</a>: now none, you wrote 1 as below" in text(late)


def test_a_lead_writes_opening_hours_and_takes_them_back(office, lead):
    assert save(lead, "hours", **HOURS).status_code == 302
    assert stored(office).opening_hours == {
        "zone": "Europe/London",
        "hours": {"monday": ["09:00-12:30", "13:30-17:00"], "friday": ["00:00-24:00"]},
        "holidays": ["2026-12-25", "2026-12-28"],
    }
    assert 'value="09:00-12:30, 13:30-17:00"' in text(lead.get(PAGE))
    refused = save(lead, "hours", **{**HOURS, "zone": ""})
    assert (refused.status_code, "Choose the zone of these hours" in text(refused)) == (422, True)
    assert save(lead, "hours", zone="").status_code == 302
    assert stored(office).opening_hours is None


@pytest.mark.parametrize(
    ("fields", "field", "told"),
    [
        ({"monday": "9 to 5"}, "monday", "Write hours such as"),
        ({"monday": "17:00-09:00"}, "monday", "Hours begin before they end"),
        ({"holidays": "2026-12-25\nChristmas"}, "holidays", "Line 2: Write a date"),
        ({"monday": "", "friday": ""}, "monday", "Be open for at least"),
        ({"zone": "Moon/Base"}, "zone", "Select a valid choice"),
    ],
)
def test_bad_hours_are_named_at_their_field(office, lead, fields, field, told):
    answer = save(lead, "hours", **{**HOURS, **fields})
    assert answer.status_code == 422
    assert told in " ".join(part(answer, "hours")["form"].errors[field])


def test_a_lead_says_what_becomes_of_late_cases(office, bob, lead):
    other = factories.make_queue(office.use_case, "night")
    assert save(lead, "late", late_act="person", late_queue="night", late_person="bob").status_code == 302
    queue = stored(office)
    assert (queue.late_act, queue.late_queue, queue.late_person) == ("person", other, bob)
    refused = save(lead, "late", late_act="person", late_queue="", late_person="")
    assert (refused.status_code, "Choose who gets late cases." in text(refused)) == (422, True)
    for fields in ({"late_queue": "elsewhere"}, {"late_person": "loans-system"}, {"late_act": "decide"}):
        answer = save(lead, "late", **{"late_act": "stay", "late_queue": "", "late_person": "", **fields})
        assert answer.status_code == 422, fields


def test_a_person_who_has_left_is_still_shown_so_that_nothing_changes_by_itself(office, bob, lead):
    Queue.objects.filter(pk=office.queue.pk).update(late_act="person", late_person=bob)
    office.queue.queueuserpermission_set.filter(user=bob).delete()
    assert "bob, who may not work here any more" in text(lead.get(PAGE))
    refused = save(lead, "late", late_act="person", late_queue="", late_person="bob")
    assert (refused.status_code, "Choose a person who works on this queue." in text(refused)) == (422, True)


def test_protected_inputs_are_not_offered(office, lead):
    form = part(lead.get(PAGE), "service")["form"]
    offered = [option["label"] for option in form.shown_rows[0]["parts"][0]["fields"]]
    assert "Loan amount" in offered
    assert "Married" not in offered


@pytest.mark.parametrize("typed", ["a\0b", "x" * 201])
def test_what_no_form_of_ours_sends_is_refused(office, lead, typed):
    assert save(lead, "service", **{**rules(**DENY), "rule-0-0-value": typed}).status_code == 400
