"""Agreement: how often two people who answered the same case on their own say the same, and what may not be said of it."""

from datetime import timedelta

import pytest

from reviewapp.access.rules import Scope
from reviewapp.quality.agreement import work_out
from reviewapp.quality.models import QualityReport
from reviewapp.quality.queries import queues_to_work_out
from reviewapp.quality.tasks import work_out as task
from tests import factories
from tests.quality.answering import take_and_answer

APPROVE, DENY = "approve", "deny"
TRIAGE = {"outcomes": factories.TRIAGE_OUTCOMES, "kind": "ordinal"}


def report() -> dict:
    work_out(at=factories.now())
    return QualityReport.objects.get().body


def page_of(client, slug="loans") -> str:
    answer = client.get(f"/quality/?queue={slug}")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_carol_reads_how_often_two_people_say_the_same(read_twice, sign_in, carol):
    read_twice([(DENY, DENY)] * 18 + [(APPROVE, APPROVE)] * 8 + [(DENY, APPROVE)] * 4)
    task()
    body = QualityReport.objects.get().body
    assert body["fair"]["table"] == [[8, 0], [4, 18]]
    assert body["fair_because"] == {"always": 30}
    page = page_of(sign_in(carol))
    assert "87 of 100" in page  # 26 of 30
    assert "70 to 95 of 100; 26 of 30 pairs" in page  # Wilson's interval
    assert "0.70" in page  # kappa: (26/30 - 0.5422) / (1 - 0.5422)
    assert "Worked out" in page
    assert "less than a minute ago" in page


def test_pairs_that_a_rule_asked_for_stand_apart_from_the_fair_sample(read_twice, sign_in, carol):
    read_twice([(APPROVE, DENY)] * 2, {"override": True})
    read_twice([(DENY, DENY)] * 3, {"share": 1.0})
    body = report()
    assert (body["fair"]["n"], body["fair_because"]) == (3, {"share": 3})
    assert (body["asked"]["n"], body["asked_because"]) == (2, {"override": 2})
    assert body["asked"]["raw"]["value"] == 0
    page = page_of(sign_in(carol))
    assert page.index("Pairs that were asked for") < page.index("2 not the model&#x27;s answer")


def test_answers_that_count_no_more_and_those_without_an_outcome_are_in_no_pair(
    read_twice, api, alice, bob, carol, office, settings
):
    settings.UNDO_SECONDS = 30
    reopened, _ = read_twice([(DENY, DENY)] * 2)
    assert api(carol).post(f"/api/v1/cases/{reopened.pk}/reopen", {"reason": "New papers"}).status_code == 200
    undone = office.send()
    take_and_answer(api(alice), undone, APPROVE)
    again = api(alice).post(f"/api/v1/cases/{undone.pk}/undo", {}).json()
    assert api(alice).post(f"/api/v1/cases/{undone.pk}/release", {"lease": again["lease"]["number"]}).status_code == 200
    take_and_answer(api(bob), undone, DENY)
    unsure = office.send()
    take_and_answer(api(alice), unsure, DENY)
    take_and_answer(api(bob), unsure, DENY, answer="cannot_tell")
    body = report()
    assert (body["fair"]["n"], body["without_outcome"]) == (1, 1)


def test_a_report_is_made_anew_only_where_answers_changed_or_a_day_has_passed(read_twice, api, carol):
    (case,) = read_twice([(DENY, DENY)])
    now = factories.now()
    later = now + timedelta(minutes=10)
    assert work_out(at=now) == 1
    QualityReport.objects.update(made_at=later)
    assert queues_to_work_out(at=later) == []
    assert len(queues_to_work_out(at=later + timedelta(days=2))) == 1
    QualityReport.objects.update(made_at=now)
    assert api(carol).post(f"/api/v1/cases/{case.pk}/reopen", {"reason": "New papers"}).status_code == 200
    assert work_out(at=now) == 1
    assert QualityReport.objects.get().body["fair"]["n"] == 0


def test_one_queue_that_cannot_be_worked_out_does_not_hold_up_the_others(read_twice, monkeypatch):
    from reviewapp.quality import agreement

    read_twice([(DENY, DENY)])
    monkeypatch.setattr(agreement, "figures", lambda *_, **__: 1 / 0)
    assert work_out(at=factories.now()) == 0


def test_few_pairs_give_a_range_and_fewer_give_nothing(read_twice, sign_in, carol):
    read_twice([(DENY, DENY)] * 9)
    report()
    page = page_of(sign_in(carol))
    assert "too few: 9 of the 10 pairs from which a range is told" in page
    assert "100 of 100" not in page
    read_twice([(DENY, APPROVE)])
    report()
    page = page_of(sign_in(carol))
    assert (
        '<dd>60 to 98 of 100</dd><dd class="muted small">range only: 10 of the 30 pairs that a figure needs</dd>'
        in page
    )
    assert "90 of 100" not in page
    assert "too few for kappa: 10 of the 30 pairs that it needs" in page


def test_nearly_always_the_same_answer_is_too_one_sided_for_kappa(read_twice, sign_in, carol):
    read_twice([(DENY, DENY)] * 28 + [(APPROVE, APPROVE), (DENY, APPROVE)])
    report()
    assert "too one-sided for kappa: 3 of 60 answers are not “Deny”; it needs 10" in page_of(sign_in(carol))


def test_two_people_who_share_ten_cases_are_named_without_a_rank(read_twice, sign_in, alice, bob, carol, office):
    dave = factories.make_reviewer("dave", office)
    read_twice([(DENY, DENY)] * 7)
    read_twice([(DENY, APPROVE)] * 3, readers=(bob, alice))
    read_twice([(DENY, DENY)] * 9, readers=(alice, dave))
    body = report()
    (row,) = body["people"]
    assert set(row["people"]) == {str(alice.pk), str(bob.pk)}
    assert "alice" not in str(body).lower()  # a report names people by their ids alone
    page = page_of(sign_in(carol))
    assert "<bdi>Alice</bdi> and <bdi>Bob</bdi>" in page
    assert "Dave" not in page


def test_levels_have_a_weighted_kappa_and_say_which_way_the_second_answer_moved(api, sign_in, db):
    ward = factories.make_office("ward", **TRIAGE)
    ward.queue.review_policy = {"always": True}
    ward.queue.save()
    nina, omar = (factories.make_reviewer(name, ward) for name in ("nina", "omar"))
    charge = factories.make_lead("charge", ward)
    said = {"outcome": "3", "probabilities": {str(level): 0.6 if level == 3 else 0.1 for level in range(1, 6)}}
    for first, second in [("3", "3"), ("2", "3"), ("4", "2")]:
        case = ward.send(prediction=said)
        take_and_answer(api(nina), case, first)
        take_and_answer(api(omar), case, second)
    body = report()["fair"]
    assert body["shift"] == {"above": 1, "below": 1, "far_above": 0, "far_below": 1}
    assert body["quadratic_kappa"]["n"] == 3
    page = page_of(sign_in(charge), "ward")
    assert "Weighted kappa (quadratic)" in page
    assert "Second answer: more urgent" in page
    assert "1 of them by two levels or more" in page


def test_without_pairs_the_page_says_which_setting_makes_them(sign_in, carol, office):
    page = page_of(sign_in(carol))
    assert "Nobody has answered a case of this queue twice" in page
    assert "/queues/loans/settings/#second-review" in page


def test_leads_and_auditors_read_the_figures_and_reviewers_do_not(read_twice, sign_in, api, alice, carol, office):
    read_twice([(DENY, DENY)])
    report()
    frank = factories.make_auditor("frank", office)
    assert "The fair sample" in page_of(sign_in(frank))
    assert sign_in(frank).get("/quality/?queue=elsewhere").status_code == 400
    assert sign_in(alice).get("/quality/").status_code == 404
    assert api(alice, Scope.CASES_LEAD).get("/api/v1/quality/agreement", queue="loans").status_code == 404
    assert api(carol, Scope.CASES_READ).get("/api/v1/quality/agreement", queue="loans").status_code == 403
    assert ">Quality</a>" in page_of(sign_in(carol))
    assert ">Quality</a>" not in sign_in(alice).get("/my-work/").content.decode()


def test_the_api_gives_the_same_figures(read_twice, api, carol):
    empty = api(carol, Scope.CASES_LEAD).get("/api/v1/quality/agreement", queue="loans").json()
    assert (empty["made_at"], empty["fair"]) == (None, None)
    read_twice([(DENY, DENY)] * 8 + [(APPROVE, APPROVE)] * 2)
    report()
    told = api(carol, Scope.CASES_LEAD).get("/api/v1/quality/agreement", queue="loans").json()
    assert told["fair"]["raw"]["n"] == 10
    assert told["people"] == [{"people": ["alice", "bob"], "raw": told["fair"]["raw"]}]
    refused = api(carol, Scope.CASES_LEAD).get("/api/v1/quality/agreement")
    assert (refused.status_code, refused.json()["code"]) == (400, "bad-param")


@pytest.mark.parametrize("days", [89, 91])
def test_answers_older_than_the_window_count_no_more(read_twice, days):
    read_twice([(DENY, DENY)])
    work_out(at=factories.now())
    at = factories.now() + timedelta(days=days)
    work_out(at=at)
    assert QualityReport.objects.get().body["fair"]["n"] == (1 if days == 89 else 0)
