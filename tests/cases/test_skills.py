"""A case that needs a skill is given to those who have it, and to nobody else."""

import pytest
from django.utils import timezone

from reviewapp.audit.models import AuditEvent
from reviewapp.cases import queries
from reviewapp.cases.models import Case, Queue, Skill
from tests import factories

pytestmark = pytest.mark.django_db
CLAIM, SKILLS = "/api/v1/queues/loans/claim", "/api/v1/queues/loans/skills"
RULES = [
    {"when": [{"field": "features.loan_amount", "op": "ge", "value": 500_000}], "skill": "large loans"},
    {"when": [{"field": "features.loan_amount", "op": "ge", "value": 100_000}], "skill": "loans"},
]
LARGE, MIDDLE, SMALL = (dict(factories.FEATURES, loan_amount=amount) for amount in (600_000, 200_000, 5_000))


@pytest.fixture
def rules(office, api, carol):
    answer = api(carol).patch("/api/v1/queues/loans", {"skill_rules": RULES})
    assert answer.status_code == 200, answer.content
    return RULES


def give(api, lead, person, *names):
    return api(lead).post(SKILLS, {"person": person.username, "skills": list(names)})


def likely(user):
    return queries.likely_next(Queue.objects.get(slug="loans"), factories.actor_of(user), now=timezone.now())


def test_the_first_rule_that_fits_says_the_skill_and_most_cases_need_none(rules, office):
    found = [office.send(features=features).skill for features in (LARGE, MIDDLE, SMALL)]
    assert found == ["large loans", "loans", ""]


def test_alice_who_has_the_skill_is_given_the_case_and_bob_is_not(rules, office, api, alice, bob, carol):
    large = office.send(features=LARGE)
    assert give(api, carol, alice, "large loans").status_code == 200
    assert (likely(bob), api(bob).post(CLAIM).status_code) == (None, 204)
    refused = api(bob).post(f"/api/v1/cases/{large.pk}/claim")
    assert (refused.status_code, refused.json()["code"]) == (409, "needs-skill")
    assert "needs the skill large loans" in refused.json()["detail"]
    assert likely(alice).pk == large.pk
    taken = api(alice).post(CLAIM).json()
    assert (taken["id"], taken["skill"]) == (str(large.pk), "large loans")


def test_bob_is_given_the_next_case_that_needs_none(rules, office, api, bob):
    office.send(features=LARGE)
    small = office.send(features=SMALL)
    assert likely(bob).pk == small.pk
    assert api(bob).post(CLAIM).json()["id"] == str(small.pk)


def test_a_skill_in_another_use_case_is_none_in_this(rules, office, api, bob):
    elsewhere = factories.make_office("elsewhere")
    Skill.objects.create(user=bob, use_case=elsewhere.use_case, name="large loans")
    case = office.send(features=LARGE)
    assert api(bob).post(CLAIM).status_code == 204
    assert api(bob).post(f"/api/v1/cases/{case.pk}/claim").status_code == 409


def test_a_lead_cannot_give_it_to_whoever_lacks_the_skill_and_reads_why(rules, office, api, alice, bob, carol):
    case = office.send(features=LARGE)
    give(api, carol, alice, "large loans")
    order = {"act": "reassign", "cases": [str(case.pk)], "to": "bob", "reason": "He has time."}
    (result,) = api(carol).post("/api/v1/cases/bulk", order).json()["results"]
    assert (result["status"], result["problem"]["code"]) == (409, "lacks-skill")
    (result,) = api(carol).post("/api/v1/cases/bulk", order | {"to": "alice"}).json()["results"]
    assert result["status"] == 200


def test_who_decides_between_two_answers_needs_no_skill(rules, office, api, carol):
    case = office.send(features=LARGE)
    Case.objects.filter(pk=case.pk).update(stage="adjudication")
    assert api(carol).post(CLAIM, {"adjudicate": True}).json()["id"] == str(case.pk)


def test_a_skill_is_given_and_taken_by_the_full_list_and_stands_in_the_trail(rules, office, api, alice, carol):
    assert give(api, carol, alice, "loans", "large loans").json()["skills"] == ["large loans", "loans"]
    assert give(api, carol, alice, "loans").json()["skills"] == ["loans"]
    assert give(api, carol, alice, "loans").status_code == 200
    events = AuditEvent.objects.filter(action="user.skills_changed").order_by("at")
    assert [(event.data["added"], event.data["taken"]) for event in events] == [
        (["large loans", "loans"], []),
        ([], ["large loans"]),
    ]
    listed = api(carol).get(SKILLS).json()
    assert listed["skills"] == ["large loans", "loans"]
    assert {row["username"]: row["skills"] for row in listed["people"]}["alice"] == ["loans"]


def test_nobody_gives_themself_a_skill_and_only_leads_give_any(rules, office, api, alice, bob, carol, mallory):
    assert give(api, carol, carol, "loans").json()["code"] == "own-skills"
    assert [give(api, person, bob, "loans").status_code for person in (alice, mallory)] == [403, 404]
    assert [api(person).get(SKILLS).status_code for person in (alice, mallory)] == [404, 404]
    assert give(api, carol, mallory, "loans").status_code == 422, "she works elsewhere"
    assert Skill.objects.count() == 0


@pytest.mark.parametrize("names", [["Loans"], ["a, b"], [" loans"], [""], ["x" * 41], ["ﬁne"], None])
def test_what_is_no_skill_is_refused(rules, api, alice, carol, names):
    refused = api(carol).post(SKILLS, {"person": "alice", "skills": names})
    assert refused.status_code == 422
    assert "/skills" in {fault["pointer"] for fault in refused.json()["errors"]}


@pytest.mark.parametrize(
    ("rule", "pointer"),
    [
        ({"when": [{"field": "outcome", "op": "eq", "value": "deny"}], "skill": "a"}, "/skill_rules/0/when/0/field"),
        ({"when": [{"field": "confidence", "op": "lt", "value": 0.5}], "skill": "a"}, "/skill_rules/0/when/0/field"),
        ({"when": [], "skill": "a"}, "/skill_rules/0/when"),
        ({"when": RULES[0]["when"], "skill": "Not One"}, "/skill_rules/0/skill"),
        ({"when": RULES[0]["when"]}, "/skill_rules/0/skill"),
    ],
)
def test_a_rule_asks_about_inputs_alone_and_names_a_skill(office, api, carol, rule, pointer):
    refused = api(carol).patch("/api/v1/queues/loans", {"skill_rules": [rule]})
    assert refused.status_code == 422
    assert pointer in {fault["pointer"] for fault in refused.json()["errors"]}


def test_the_pages_of_settings_people_case_and_board_say_it(rules, office, api, sign_in, alice, bob, carol):
    lead, case = sign_in(carol), office.send(features=LARGE)
    settings = lead.get("/queues/loans/settings/").content.decode()
    assert "a case needs the skill large loans." in settings
    board = lead.get("/board/").content.decode()
    assert "1 case waits for the skill large loans, which nobody at work has." in board
    assert (
        "Needs the skill <strong>large loans</strong>; only people"
        in sign_in(bob).get(f"/cases/{case.pk}/").content.decode()
    )
    page = lead.post("/queues/loans/skills/", {"person": "alice", "skill": ["large loans"]}, follow=True)
    assert "Saved: Alice has large loans." in page.content.decode()
    assert "which nobody at work has" in lead.get("/board/").content.decode(), "she has not begun"
    other = office.send(features=SMALL)
    assert api(alice).post(f"/api/v1/cases/{other.pk}/claim").status_code == 200
    assert "which nobody at work has" not in lead.get("/board/").content.decode()
    refused = lead.post("/queues/loans/skills/", {"person": "carol", "skill": ["large loans"]})
    assert refused.status_code == 403
    assert "Nobody gives themself a skill" in refused.content.decode()


def test_a_lead_writes_a_rule_in_rows(office, sign_in, carol):
    lead = sign_in(carol)
    form = next(part for part in lead.get("/queues/loans/settings/").context["sections"] if part["name"] == "skills")
    row = {"rule-0-0-field": "features.loan_amount", "rule-0-0-op": "ge", "rule-0-0-value": "500000"}
    data = {"seen": form["seen"], **row, "rule-0-skill": "large loans"}
    assert lead.post("/queues/loans/settings/skills/", data).status_code == 302
    assert Queue.objects.get(slug="loans").skill_rules == RULES[:1]
    bad = lead.post("/queues/loans/settings/skills/", data | {"rule-0-skill": "No!", "seen": ""})
    assert bad.status_code in {409, 422}
