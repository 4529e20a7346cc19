"""Influence: the random arms of blind first, held against each other. Copies are in no arm, and truth is known only where a lead decided."""

from datetime import timedelta

import pytest
from django.db import connection

from reviewapp.access.rules import Scope
from reviewapp.cases.models import Case, Selection
from reviewapp.quality import arms
from reviewapp.quality.arms import ArmCount, counted
from reviewapp.quality.models import QualityReport
from reviewapp.quality.presentation import influence
from reviewapp.quality.reliance import work_out
from reviewapp.quality.rules import Kind
from tests import factories
from tests.quality.answering import take_and_answer
from tests.quality.test_samples import read_blind

APPROVE, DENY = "approve", "deny"


@pytest.fixture
def half(office):
    """Half of what arrives is answered blind first."""
    office.queue.blind_share = 0.5
    office.queue.save()
    return office


def drawn(office, arm: str) -> Case:
    """A case that chance drew into this arm."""
    while (case := office.send()).is_blind != (arm == "blind"):
        case.queue_id = office.lead_queue.pk
        case.save(update_fields=["queue"])
    return case


def found(office) -> set[tuple]:
    now = factories.now()
    rows = counted(office.queue, since=now - timedelta(days=1), until=now)
    return {(row.arm, row.model_is_right, row.n, row.agreed) for row in rows}


def test_first_answers_are_counted_by_arm(half, api, alice):
    client = api(alice)
    read_blind(client, drawn(half, "blind"), APPROVE, final=DENY)  # the view before, and not what came of it
    read_blind(client, drawn(half, "blind"), DENY)
    for outcome in (DENY, DENY, APPROVE):
        take_and_answer(client, drawn(half, "seen_first"), outcome)
    assert found(half) == {("blind", None, 2, 1), ("seen_first", None, 3, 2)}


def test_an_answer_that_was_taken_back_counts_no_more_and_one_that_passes_on_never_does(half, api, alice, settings):
    settings.UNDO_SECONDS = 30
    client, case = api(alice), drawn(half, "seen_first")
    take_and_answer(client, case, DENY)
    assert client.post(f"/api/v1/cases/{case.pk}/undo").status_code == 200
    take_and_answer(client, drawn(half, "seen_first"), DENY, answer="cannot_tell")
    assert found(half) == set()


def test_a_case_that_every_or_no_draw_would_have_made_blind_is_in_no_arm(half, api, alice):
    half.queue.blind_share = 1
    half.queue.save()
    read_blind(api(alice), half.send(), DENY)
    assert found(half) == set()


def test_a_copy_is_in_no_arm(half, api, alice):
    original, copy = drawn(half, "seen_first"), drawn(half, "seen_first")
    take_and_answer(api(alice), copy, DENY)
    assert found(half) == {("seen_first", None, 1, 1)}
    with_copy = type(copy.prediction).objects.filter(pk=copy.prediction_id)
    with connection.cursor() as cursor:  # a routed prediction is frozen: this is no way of the product
        cursor.execute("set session_replication_role = replica")
        with_copy.update(copy_of=original.prediction)
        cursor.execute("set session_replication_role = default")
    assert found(half) == set()


def test_where_a_lead_decided_it_is_known_whether_the_model_was_right(half, api, alice, bob, carol):
    half.queue.review_policy = {"always": True}
    half.queue.save()
    case = drawn(half, "seen_first")
    take_and_answer(api(alice), case, DENY)
    take_and_answer(api(bob), case, APPROVE)
    assert found(half) == {("seen_first", None, 1, 1)}
    take_and_answer(api(carol), case, APPROVE)
    assert found(half) == {("seen_first", False, 1, 1)}


def test_arms_are_compared_inside_each_share_that_was_in_force(office, monkeypatch):
    """The share was raised when people had become stricter: pooled, blind answers would seem to agree less."""
    rows = [
        ArmCount(0.1, "blind", None, 100, 90), ArmCount(0.1, "seen_first", None, 900, 810),
        ArmCount(0.5, "blind", None, 500, 300), ArmCount(0.5, "seen_first", None, 500, 300),
    ]  # fmt: skip
    monkeypatch.setattr(arms, "counted", lambda *_, **__: rows)
    now = factories.now()
    body = arms.figures(office.queue, since=now, until=now)
    assert body["all"]["difference"]["value"] == pytest.approx(0)
    assert body["all"]["difference"]["low"] < 0 < body["all"]["difference"]["high"]
    assert body["model_wrong"]["difference"]["status"] == "undefined"


@pytest.mark.parametrize(
    ("blind", "seen", "value", "status"),
    [
        ((5, 9), (500, 900), "not shown", "too few: 9 of the 10 answers in each arm from which a range is told"),
        ((30, 59), (500, 900), "not shown", "range only: 59 of the 60 answers in each arm that a figure needs"),
        ((300, 600), (800, 900), "+39 points", "seeing it moves people towards it"),
        ((500, 600), (450, 900), "-33 points", "seeing it moves people away from it"),
        ((500, 600), (750, 900), "+0 points", "no influence is shown"),
    ],
)
def test_the_page_says_what_a_difference_shows_and_what_is_too_few(office, monkeypatch, blind, seen, value, status):
    rows = [ArmCount(0.4, "blind", None, blind[1], blind[0]), ArmCount(0.4, "seen_first", None, seen[1], seen[0])]
    monkeypatch.setattr(arms, "counted", lambda *_, **__: rows)
    now = factories.now()
    told = influence({"influence": arms.figures(office.queue, since=now, until=now)})
    assert (told[0]["difference"]["value"], told[0]["difference"]["status"]) == (value, status)


def test_a_share_at_which_nobody_has_answered_blind_yet_is_said_in_words(office, monkeypatch, sign_in, carol):
    """She raised it yesterday: one case with the advice in sight was answered since, and none blind."""
    rows = [ArmCount(0.05, "blind", None, 40, 30), ArmCount(0.05, "seen_first", None, 800, 700)]
    monkeypatch.setattr(arms, "counted", lambda *_, **__: [*rows, ArmCount(0.1, "seen_first", None, 1, 1)])
    now = factories.now()
    body = {"n": 0, "influence": arms.figures(office.queue, since=now, until=now)}
    QualityReport.objects.create(queue=office.queue, kind=Kind.RELIANCE, made_at=now, body=body)
    answer = sign_in(carol).get("/quality/reliance/?queue=loans")
    assert answer.status_code == 200
    row = answer.content.decode().split("All cases")[1].split("</tr>")[0]
    assert "no figure: one share in force has no answer in this arm yet" in row
    assert "no figure: one share in force has no answer in one of the arms yet" in row
    assert "too few" not in row  # 40 are more than 10
    rows[0] = ArmCount(0.05, "blind", None, 9, 7)
    told = influence({"influence": arms.figures(office.queue, since=now, until=now)})
    assert told[0]["blind"]["status"] == "too few: 9 of the 10 answers from which a range is told"
    assert told[0]["difference"]["status"].startswith("too few: 9 of the 10")


@pytest.mark.parametrize(
    ("blind", "values", "words"),
    [
        (
            29,
            ("not shown", "not shown"),
            (
                "range only: one share in force has fewer than 30 answers in this arm",
                "range only: one share in force has fewer than 30 answers in one of the arms",
            ),
        ),
        (30, ("78 of 100", "+0 points"), ("", "no influence is shown")),
    ],
)
def test_each_share_in_force_needs_enough_answers_of_its_own(office, monkeypatch, blind, values, words):
    """All in all there are plenty: but most cases were drawn at the share of which there are few blind ones."""
    rows = [
        ArmCount(0.05, "blind", None, 600, 450), ArmCount(0.05, "seen_first", None, 600, 450),
        ArmCount(0.01, "blind", None, blind, 24), ArmCount(0.01, "seen_first", None, 2000, 1600),
    ]  # fmt: skip
    monkeypatch.setattr(arms, "counted", lambda *_, **__: rows)
    now = factories.now()
    told = influence({"influence": arms.figures(office.queue, since=now, until=now)})[0]
    assert (told["blind"]["value"], told["difference"]["value"]) == values
    assert (told["blind"]["status"], told["difference"]["status"]) == words
    assert "not shown" not in {told["blind"]["range"], told["difference"]["range"]}


def test_a_lead_reads_it_on_the_page_and_through_the_api_without_any_seeded_case(half, api, sign_in, alice, carol):
    take_and_answer(api(alice), drawn(half, "seen_first"), DENY)
    assert Selection.objects.exists()
    assert work_out(at=factories.now() + timedelta(days=1)) >= 1
    page = sign_in(carol).get("/quality/reliance/?queue=loans").content.decode()
    assert "Influence of the model" in page
    read = api(carol, Scope.CASES_LEAD).get("/api/v1/quality/reliance", queue="loans").json()
    assert (read["n"], read["influence"]["all"]["seen_first"]["n"]) == (0, 1)


def test_a_case_whose_inputs_were_corrected_is_in_no_arm(half, api, alice):
    """Its answers are of other facts than the advice it has now."""
    kept, case = drawn(half, "seen_first"), drawn(half, "seen_first")
    for each in (kept, case):
        take_and_answer(api(alice), each, DENY)
    assert found(half) == {("seen_first", None, 2, 2)}
    with connection.cursor() as cursor:  # as in a copy
        cursor.execute("set session_replication_role = replica")
        type(case.prediction).objects.filter(pk=case.prediction_id).update(corrects=kept.prediction)
        cursor.execute("set session_replication_role = default")
    assert found(half) == {("seen_first", None, 1, 1)}
