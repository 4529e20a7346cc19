"""Reliance: whether people follow the model where it is known to be wrong, told of the team and of each person as far as few cases allow."""

from datetime import timedelta
from uuid import uuid4

import pytest

from reviewapp.access.rules import Scope
from reviewapp.cases.models import Case
from reviewapp.quality import queries
from reviewapp.quality.actions import mix_in
from reviewapp.quality.models import QualityReport
from reviewapp.quality.queries import SeededAnswer, seeded_answers
from reviewapp.quality.reliance import figures, work_out
from reviewapp.quality.rules import Kind
from reviewapp.quality.tasks import work_out as task
from tests import factories
from tests.quality.answering import take_and_answer

APPROVE, DENY = "approve", "deny"
pytestmark = pytest.mark.usefixtures("drawn")
TOMORROW = timedelta(days=1)


@pytest.fixture
def seed(adjudicate, office, drawn):
    """`seed(n)`: n seeded cases from as many sources; their arrivals are out of the way."""

    def mixed_in(n: int, *, right: bool = False) -> list[Case]:
        adjudicate(n, right=right)
        before = set(Case.objects.filter(prediction__copy_of__isnull=False).values_list("pk", flat=True))
        for _ in range(n):
            arrival = office.send()
            assert mix_in(at=factories.now()) == 1
            Case.objects.filter(pk=arrival.pk).update(queue=office.lead_queue)
        return list(Case.objects.filter(prediction__copy_of__isnull=False).exclude(pk__in=before).order_by("pk"))

    return mixed_in


def answers(office) -> list[SeededAnswer]:
    now = factories.now()
    return seeded_answers(office.queue, since=now - timedelta(days=90), until=now + TOMORROW)


def page_of(client, path="/quality/reliance/") -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_carol_reads_how_often_her_team_follows_a_wrong_model_and_dave_reads_of_himself_alone(
    seed, api, sign_in, office, alice, carol
):
    dave, erin = (factories.make_reviewer(name, office) for name in ("dave", "erin"))
    for number, case in enumerate(seed(10)):
        take_and_answer(api(dave), case, DENY if number < 4 else APPROVE, active_seconds=2 if number < 5 else 60)
    take_and_answer(api(erin), seed(1)[0], DENY, active_seconds=60)
    assert work_out(at=factories.now() + TOMORROW) == 1
    body = QualityReport.objects.get(kind=Kind.RELIANCE).body
    assert (body["team"]["over"]["n"], round(11 * body["team"]["over"]["value"])) == (11, 5)
    own = next(row for row in body["people"] if row["person"] == str(dave.pk))
    assert (own["over"]["n"], own["over"]["hits"], own["haste"]["n"]) == (10, 4, 5)
    page = page_of(sign_in(carol))
    assert "Followed a wrong model" in page
    assert "range only: 11 of the 30 answers that a figure needs" in page
    assert page.index("<bdi>Dave</bdi>") < page.index("<bdi>Erin</bdi>")
    assert "10 answers: range only" in page
    assert "too few: 1" in page
    mine = page_of(sign_in(dave), "/quality/mine/")
    assert "10 answers: range only" in mine
    assert "Erin" not in mine
    assert "Nothing to show yet" in page_of(sign_in(alice), "/quality/mine/")


def test_the_api_gives_the_team_and_names_people_to_their_lead_alone(seed, api, office, carol):
    dave = factories.make_reviewer("dave", office)
    take_and_answer(api(dave), seed(1)[0], DENY)
    read = "/api/v1/quality/reliance"
    assert api(carol, Scope.CASES_LEAD).get(read, queue="loans").json()["made_at"] is None
    work_out(at=factories.now() + TOMORROW)
    told = api(carol, Scope.CASES_LEAD).get(read, queue="loans").json()
    assert (told["n"], told["team"]["over"]["n"], [row["person"] for row in told["people"]]) == (1, 1, ["dave"])
    frank = factories.make_auditor("frank", office)
    assert api(frank, Scope.CASES_LEAD).get(read, queue="loans").json()["people"] == []
    assert api(dave, Scope.CASES_LEAD).get(read, queue="loans").status_code == 404


def test_an_auditor_reads_of_the_team_and_of_nobody_by_name(seed, api, sign_in, office):
    dave = factories.make_reviewer("dave", office)
    take_and_answer(api(dave), seed(1)[0], DENY)
    work_out(at=factories.now() + TOMORROW)
    page = page_of(sign_in(factories.make_auditor("frank", office)))
    assert "The team" in page
    assert "Dave" not in page
    assert sign_in(dave).get("/quality/reliance/").status_code == 404


def test_figures_move_once_a_day_so_that_they_do_not_tell_which_case_was_seeded(seed, api, office):
    dave = factories.make_reviewer("dave", office)
    take_and_answer(api(dave), seed(1)[0], DENY)
    now = factories.now()
    task()
    assert QualityReport.objects.get(kind=Kind.RELIANCE).body["n"] == 0  # today's answers are not in
    assert work_out(at=now) == 0
    assert work_out(at=now + TOMORROW) == 1
    assert QualityReport.objects.get(kind=Kind.RELIANCE).body["n"] == 1


def test_whoever_had_answered_the_source_took_it_back_or_adjudicates_does_not_count(seed, api, office, alice, settings):
    settings.UNDO_SECONDS = 30
    dave, erin = (factories.make_reviewer(name, office) for name in ("dave", "erin"))
    heidi = factories.make_lead("heidi", office)
    first, second, third = seed(3)
    take_and_answer(api(alice), first, DENY)  # she picked it by hand; she knows the source
    take_and_answer(api(dave), second, DENY)
    assert api(dave).post(f"/api/v1/cases/{second.pk}/undo", {}).status_code == 200
    office.queue.review_policy = {"always": True}
    office.queue.save()
    take_and_answer(api(dave), third, APPROVE)
    take_and_answer(api(erin), third, DENY)
    take_and_answer(api(heidi), third, DENY, note="I decide.")
    found = {(answer.reviewer, answer.accepted) for answer in answers(office)}
    assert found == {(dave.pk, False), (erin.pk, True)}


def test_nothing_counts_of_a_source_whose_decision_was_taken_back(seed, api, office, carol):
    dave = factories.make_reviewer("dave", office)
    (case,) = seed(1)
    take_and_answer(api(dave), case, DENY)
    assert [answer.accepted for answer in answers(office)] == [True]
    source = Case.objects.get(prediction=case.prediction.copy_of)
    reopened = api(carol).post(f"/api/v1/cases/{source.pk}/reopen", {"reason": "The model was right."})
    assert reopened.status_code == 200
    assert answers(office) == []
    take_and_answer(api(factories.make_reviewer("erin", office)), source, DENY)
    assert answers(office) == []  # it is known now that another answer is right


def test_an_answer_after_a_view_of_ones_own_is_another_measure(adjudicate, api, office):
    adjudicate(1)
    dave = factories.make_reviewer("dave", office)
    office.queue.blind_share = 1
    office.queue.save()
    office.send()
    assert mix_in(at=factories.now()) == 1
    case = Case.objects.get(prediction__copy_of__isnull=False)
    lease = api(dave).post(f"/api/v1/cases/{case.pk}/claim").json()["lease"]["number"]
    own = {"lease": lease, "answer": "blind", "outcome": APPROVE, "sure": 2}
    assert api(dave).post(f"/api/v1/cases/{case.pk}/review", own).status_code == 200
    final = {"lease": lease, "answer": "correct", "outcome": APPROVE, "note": "x"}
    assert api(dave).post(f"/api/v1/cases/{case.pk}/review", final).json()["status"] == "decided"
    assert answers(office) == []


def test_a_case_passed_on_is_not_followed_and_a_right_model_passed_on_is_not_overruled(seed, api, office):
    dave = factories.make_reviewer("dave", office)
    (wrong,), (right,) = seed(1), seed(1, right=True)
    for case in (wrong, right):
        take_and_answer(api(dave), case, DENY, answer="refer")
    assert {answer.model_is_right for answer in answers(office)} == {True, False}
    team = figures(office.queue, until=factories.now() + TOMORROW)["team"]
    assert (team["over"]["n"], team["over"]["value"], team["under"]["n"]) == (1, 0, 0)


def said(reviewer, *, right, accepted, seconds=60.0, asked=False):
    outcome, known = (DENY if accepted else APPROVE), (DENY if right else APPROVE)
    return SeededAnswer(reviewer, outcome, DENY, known, right, seconds, asked)


@pytest.fixture
def told(office, monkeypatch, sign_in, carol):
    """`told(answers)`: what carol's page says of these."""

    def page(found: list[SeededAnswer]) -> str:
        monkeypatch.setattr(queries, "seeded_answers", lambda *_, **__: found)
        body = figures(office.queue, until=factories.now())
        values = {"made_at": factories.now(), "body": body}
        QualityReport.objects.update_or_create(queue=office.queue, kind=Kind.RELIANCE, defaults=values)
        return page_of(sign_in(carol))

    return page


def test_only_what_is_almost_certain_is_noted_of_a_person(told, alice, bob):
    team = [said(bob.pk, right=False, accepted=i < 4) for i in range(40)]
    page = told(team + [said(alice.pk, right=False, accepted=i < 10) for i in range(29)])
    assert "follows a wrong model" not in page.split("<tbody>")[-1]  # 10 of 29, and 29 are too few
    page = told(team + [said(alice.pk, right=False, accepted=i < 20) for i in range(40)])
    noted = page.split("<tbody>")[-1]
    assert noted.count("follows a wrong model in more than 20 of 100, almost certainly") == 1
    assert noted.index("almost certainly") < noted.index("Bob")  # it is Alice's line


def test_where_the_team_follows_a_wrong_model_the_page_says_that_it_is_about_the_team(told, alice, bob):
    team = [said(person.pk, right=False, accepted=i < 12) for i in range(30) for person in (alice, bob)]
    assert "The team as a whole follows a wrong model often" in told(team)
    assert "The team as a whole" not in told([said(alice.pk, right=False, accepted=i < 3) for i in range(40)])


def test_fast_and_right_is_no_finding_and_fast_and_wrong_is(told, alice, sign_in):
    quick = [said(alice.pk, right=False, accepted=False, seconds=2.0) for _ in range(20)]
    assert "quick, and then often wrong" not in told(quick)
    assert "fast and right" in page_of(sign_in(alice), "/quality/mine/")
    wrong = [said(alice.pk, right=False, accepted=i < 12, seconds=2.0) for i in range(20)]
    assert "quick, and then often wrong" in told(wrong)


@pytest.mark.parametrize(
    ("right", "of", "words"),
    [
        (3, 5, "nothing stands out"),
        (5, 5, "nothing stands out"),  # so few may be luck
        (14, 20, "nothing stands out"),
        (21, 30, "nothing stands out"),
        (29, 30, "fast and right"),
    ],
)
def test_alice_reads_that_she_is_fast_and_right_only_if_that_is_almost_certain(
    told, alice, bob, sign_in, right, of, words
):
    """That nothing is held against her is no praise."""
    quick = [said(alice.pk, right=True, accepted=i < right, seconds=1.0) for i in range(of)]
    told(quick + [said(bob.pk, right=True, accepted=True) for _ in range(60)])
    note = page_of(sign_in(alice), "/quality/mine/").split('data-label="Note">')[1].split("</td>")[0]
    assert words in note


def test_carol_and_alice_read_in_which_two_ways_the_answer_to_a_seeded_case_is_known(told, alice, sign_in):
    both = "a lead decided between two people who differed, or gave the answer"
    page = told([said(alice.pk, right=True, accepted=True)])
    assert both in page
    assert "0 known answers can be used next" in page
    assert both in page_of(sign_in(alice), "/quality/mine/")


def test_whether_somebody_asked_what_if_is_told_apart(told, office):
    people = [uuid4() for _ in range(2)]
    asked = [said(people[0], right=False, accepted=False, asked=True) for _ in range(30)]
    page = told(asked + [said(people[1], right=False, accepted=True) for _ in range(30)])
    rows = page.split("Followed it after asking what if")[1]
    assert "0 of 100" in rows.split("Followed it without asking")[0]
    assert "100 of 100" in rows.split("Followed it without asking")[1]


def test_without_seeded_cases_the_page_says_which_setting_makes_them(sign_in, carol, adjudicated):
    page = page_of(sign_in(carol))
    assert "Nobody has answered a seeded case of this queue" in page
    assert "1 known answer can be used now" in page
    assert "a lead decided between two people who differed, or known answers that a lead gave" in page
    assert "/queues/loans/settings/#proof" in page


def test_one_queue_that_fails_does_not_hold_up_the_others(seed, monkeypatch):
    from reviewapp.quality import reliance

    seed(1)
    monkeypatch.setattr(reliance, "figures", lambda *_, **__: 1 / 0)
    assert work_out(at=factories.now()) == 0
