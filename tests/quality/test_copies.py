"""What would tell a copy from a case that arrived, or give it to whom it must not go; of seeded cases and QA samples alike."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from reviewapp.access.rules import READ_PREDICTIONS
from reviewapp.cases.actions import claim_case, claim_next
from reviewapp.cases.feedback import label_decisions
from reviewapp.cases.models import Case, Precedent, Recusal
from reviewapp.cases.queries import likely_next
from reviewapp.cases.story import story_of
from reviewapp.intake.scoring import score_pending
from reviewapp.predictions.arguments import point_of
from reviewapp.quality import queries, sample_queries
from reviewapp.quality.actions import mix_in
from reviewapp.quality.models import QaSample, SeededCase
from reviewapp.quality.rules import EVERY
from reviewapp.quality.sample_queries import gave_an_answer, to_compare
from reviewapp.quality.sampling import compare, draw_samples
from tests import factories
from tests.cases.test_documents import attach, pdf, to_case
from tests.factories import NAMED
from tests.quality.answering import take_and_answer
from tests.quality.test_known import give
from tests.quality.test_samples import passes, read_blind, take_and_answer_any

APPROVE, DENY = "approve", "deny"


@pytest.fixture
def sampled(office, monkeypatch, settings):
    """The office, of whose decisions every one is drawn at once."""
    settings.UNDO_SECONDS = 0
    monkeypatch.setattr(sample_queries, "draw", lambda *_: bytes(32))
    monkeypatch.setattr(sample_queries, "delay", lambda _: 0.0)
    office.queue.qa_automatic_share = office.queue.qa_human_share = office.queue.blind_share = 0.01
    office.queue.save()
    factories.make_policy(office.use_case, office.queue, qa_share=1e-9)
    return office


@pytest.fixture
def corrected(office, registered):
    """`corrected(case, client)`: whoever has the key corrects an input of a case that waits, and the model scores it anew."""

    def correct(case, client) -> None:
        lease = client.post(f"/api/v1/cases/{case.pk}/claim").json()["lease"]["number"]
        given = {"lease": lease, "changes": {"income": 2900}, "sources": {"income": "payslip of May"}}
        assert client.post(f"/api/v1/cases/{case.pk}/corrections", given).status_code == 202
        score_pending(at=timezone.now())
        client.post(f"/api/v1/cases/{case.pk}/release", {"lease": lease})
        first = case.prediction_id
        case.refresh_from_db()
        assert case.prediction.corrects_id == first

    return correct


def seeded(office, drawn) -> int:
    """How many cases are seeded for a fresh arrival."""
    drawn.update(Case.objects.values_list("pk", flat=True))
    office.queue.seeded_share = 0.02
    office.queue.save()
    office.send()
    return mix_in(at=factories.now())


# Documents: they would have to be copied with their times, and those that come later could not be


def with_document(office, client):
    """A case to which its holder attached a payslip."""
    case = office.send()
    lease = client.post(f"/api/v1/cases/{case.pk}/claim").json()["lease"]["number"]
    assert to_case(client, case, pdf()).status_code == 201
    client.post(f"/api/v1/cases/{case.pk}/release", {"lease": lease})
    return case


def test_no_decision_on_a_case_with_documents_is_sampled(sampled, api, alice):
    case, other = with_document(sampled, api(alice)), sampled.send()
    for each in (case, other):
        take_and_answer_any(api(alice), each, DENY)
    passed = passes(sampled)
    assert attach(api(sampled.sender), f"/api/v1/predictions/{passed.pk}/documents", pdf()).status_code == 201
    assert draw_samples(at=factories.now()) == 1
    assert QaSample.objects.get().source == other.prediction


def test_nor_one_to_which_a_document_comes_while_it_is_drawn(sampled, api, monkeypatch):
    passed, drawn = passes(sampled), sample_queries.drawn
    path = f"/api/v1/predictions/{passed.pk}/documents"

    def and_then_attached(*, at):
        rows = list(drawn(at=at))
        assert attach(api(sampled.sender), path, pdf()).status_code == 201
        return rows

    monkeypatch.setattr(sample_queries, "drawn", and_then_attached)
    assert draw_samples(at=factories.now()) == 0


def test_no_decision_between_two_people_is_seeded_with_its_documents(office, api, alice, bob, carol, drawn):
    office.queue.review_policy = {"always": True}
    office.queue.save()
    for case in (with_document(office, api(alice)), office.send()):
        for person, outcome in ((alice, APPROVE), (bob, DENY), (carol, APPROVE)):
            take_and_answer(api(person), case, outcome)
    assert seeded(office, drawn) == 1
    assert SeededCase.objects.get().source.case == case
    office.send()
    assert mix_in(at=factories.now()) == 0  # nothing else may be taken


def test_no_known_answer_to_what_has_documents_is_seeded(office, api, carol, drawn):
    passed = passes(office)
    factories.grant(carol, READ_PREDICTIONS, office.use_case)
    assert give(api(carol), (passed.external_id, DENY, "Never paid back")).status_code == 201
    assert attach(api(office.sender), f"/api/v1/predictions/{passed.pk}/documents", pdf()).status_code == 201
    assert seeded(office, drawn) == 0


def test_documents_that_an_original_gets_later_are_no_part_of_the_story_of_its_copy(office, api, sign_in, carol, drawn):
    passed = passes(office)
    factories.grant(carol, READ_PREDICTIONS, office.use_case)
    give(api(carol), (passed.external_id, DENY, "Never paid back"))
    assert seeded(office, drawn) == 1
    assert attach(api(office.sender), f"/api/v1/predictions/{passed.pk}/documents", pdf()).status_code == 201
    copy, browser = SeededCase.objects.get().case, sign_in(carol)
    assert "sent a document" not in browser.get(f"/cases/{copy.pk}/").content.decode()
    assert "document_added" not in str([event.action for event in story_of(copy)])


# What is not decided, or no more


def blind(office):
    """A case that waits and is to be answered before the model is seen."""
    office.queue.blind_share = 1
    office.queue.save()
    case = office.send()
    assert case.is_blind
    return case


def test_a_lead_does_not_learn_what_the_model_says_of_a_case_that_waits_by_giving_its_answer(office, api, carol):
    case = blind(office)
    refused = give(api(carol), (case.external_id, APPROVE, "Paid back"))
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "unknown_value")
    read_blind(api(carol), case, APPROVE)
    assert give(api(carol), (case.external_id, APPROVE, "Paid back")).status_code == 201


def test_what_the_model_said_is_withheld_again_once_the_case_is_reopened(office, api, sign_in, alice, carol):
    case = blind(office)
    read_blind(api(alice), case, DENY)
    give(api(carol), (case.external_id, APPROVE, "Paid back"))
    lead = sign_in(carol)

    def said() -> list[str]:
        return [row["model_said"] for row in lead.get("/quality/answers/?queue=loans").context["rows"]]

    assert said() == ["Deny"]
    assert api(carol).post(f"/api/v1/cases/{case.pk}/reopen", {"reason": "New papers"}).status_code == 200
    assert said() == ["withheld"]
    read_blind(api(carol), case, APPROVE)
    assert said() == ["Deny"]


def test_it_stays_withheld_when_the_reopened_case_goes_on_with_other_inputs(
    office, api, sign_in, alice, carol, dave, corrected
):
    office.queue.blind_share = 1
    office.queue.save()
    case = office.send(**NAMED)
    read_blind(api(alice), case, DENY)
    give(api(carol), (case.external_id, APPROVE, "Paid back"))
    api(carol).post(f"/api/v1/cases/{case.pk}/reopen", {"reason": "New papers"})
    corrected(case, api(dave))
    (row,) = sign_in(carol).get("/quality/answers/?queue=loans").context["rows"]
    assert row["model_said"] == "withheld"


def test_a_known_answer_is_not_seeded_while_its_case_is_reopened(office, api, alice, carol, drawn):
    case = office.send()
    take_and_answer(api(alice), case, DENY)
    give(api(carol), (case.external_id, APPROVE, "Paid back"))
    api(carol).post(f"/api/v1/cases/{case.pk}/reopen", {"reason": "New papers"})
    assert seeded(office, drawn) == 0
    take_and_answer(api(carol), case, APPROVE)
    assert mix_in(at=factories.now()) == 1


def test_nor_once_the_case_went_on_with_other_inputs(office, api, alice, carol, drawn, corrected):
    case = office.send(**NAMED)
    take_and_answer(api(alice), case, DENY)
    give(api(carol), (case.external_id, APPROVE, "Paid back"))
    first = case.prediction_id
    assert api(carol).post(f"/api/v1/cases/{case.pk}/reopen", {"reason": "New papers"}).status_code == 200
    corrected(case, api(carol))
    take_and_answer(api(carol), case, APPROVE)
    assert queries.usable_answers(office.send(**NAMED), at=factories.now()).filter(prediction=first).count() == 0
    refused = give(api(carol), (case.external_id, APPROVE, "Paid back"))
    assert refused.json()["errors"][0]["code"] == "unknown_value"


# Who knows the person of the original, or has answered it


@pytest.fixture
def dave(office):
    return factories.make_reviewer("dave", office)


PERSON = {"reference": "CUST-1", "name": "Zora Quill"}
CLAIM = "/api/v1/queues/loans/claim"


def copied(office, api, alice, carol, drawn, **sent):
    """A case that alice decided and the copy that was seeded of it; nothing else waits."""
    case = office.send(**sent)
    take_and_answer(api(alice), case, DENY)
    assert give(api(carol), (case.external_id, APPROVE, "Paid back")).status_code == 201
    drawn.update(Case.objects.values_list("pk", flat=True))
    office.queue.seeded_share = 0.02
    office.queue.save()
    arrival = office.send(**sent | {"subject": {"reference": "CUST-2", "name": "Ann Other"}})
    assert mix_in(at=factories.now()) == 1
    Case.objects.filter(pk=arrival.pk).update(queue=office.lead_queue)
    return case, SeededCase.objects.get().case


def kept_from(api, office, copy, person, lead) -> list[object]:
    """What comes of claiming the next case, of claiming the copy, of previewing the next and of a lead's giving it to them."""
    nxt = api(person).post(CLAIM).status_code
    this = api(person).post(f"/api/v1/cases/{copy.pk}/claim").json().get("code")
    likely = likely_next(office.queue, factories.actor_of(person), now=factories.now())
    order = {"act": "reassign", "cases": [str(copy.pk)], "to": person.username, "reason": "Has time."}
    (given,) = api(lead).post("/api/v1/cases/bulk", order).json()["results"]
    return [nxt, this, likely, given["problem"] and given["problem"]["code"]]


NOT_THEIRS = [204, "knows-subject", None, "knows-subject"]


@pytest.mark.parametrize("subject", [PERSON, None])
def test_who_knows_the_person_of_the_original_is_not_given_its_copy(
    office, api, alice, bob, carol, dave, drawn, subject
):
    case, copy = copied(office, api, alice, carol, drawn, subject=subject)
    said = {"person": "dave", "reason": "They are related."}
    assert api(carol).post(f"/api/v1/cases/{case.pk}/recuse", said).status_code == 200
    assert kept_from(api, office, copy, dave, carol) == NOT_THEIRS
    ended = api(carol).post(f"/api/v1/conflicts/{Recusal.objects.get().pk}/end", {"reason": "Not any more."})
    assert ended.status_code == 200
    assert api(dave).post(CLAIM).json()["id"] == str(copy.pk)


def test_nor_of_a_copy_whose_original_went_on_with_other_inputs(office, api, alice, carol, dave, drawn, corrected):
    case, copy = copied(office, api, alice, carol, drawn, subject=None, **NAMED)
    api(carol).post(f"/api/v1/cases/{case.pk}/reopen", {"reason": "New papers"})
    corrected(case, api(carol))
    Case.objects.filter(pk=case.pk).update(queue=office.lead_queue)
    said = {"person": "dave", "reason": "They are related."}
    assert api(carol).post(f"/api/v1/cases/{case.pk}/recuse", said).status_code == 200
    assert kept_from(api, office, copy, dave, carol) == NOT_THEIRS


def test_who_steps_back_from_a_copy_is_given_no_case_of_its_person(office, api, alice, carol, dave, drawn):
    _, copy = copied(office, api, alice, carol, drawn, subject=PERSON)
    lease = api(dave).post(CLAIM).json()["lease"]["number"]
    assert api(dave).post(f"/api/v1/cases/{copy.pk}/recuse", {"lease": lease}).status_code == 200
    real = office.send(subject=PERSON)
    assert kept_from(api, office, real, dave, carol) == NOT_THEIRS


def test_a_copy_that_its_holder_is_found_to_know_goes_back(office, api, alice, carol, dave, drawn):
    case, copy = copied(office, api, alice, carol, drawn, subject=PERSON)
    assert api(dave).post(CLAIM).json()["id"] == str(copy.pk)
    said = {"person": "dave", "reason": "They are related."}
    assert api(carol).post(f"/api/v1/cases/{case.pk}/recuse", said).status_code == 200
    copy.refresh_from_db()
    assert (copy.state, copy.holder) == ("open", None)


def test_who_answered_the_original_before_it_was_corrected_is_not_given_its_copy(
    office, api, alice, bob, carol, dave, drawn, corrected
):
    case, copy = copied(office, api, alice, carol, drawn, **NAMED)
    api(carol).post(f"/api/v1/cases/{case.pk}/reopen", {"reason": "New papers"})
    corrected(case, api(carol))
    Case.objects.filter(pk=case.pk).update(queue=office.lead_queue)
    assert api(alice).post(CLAIM).status_code == 204
    assert likely_next(office.queue, factories.actor_of(alice), now=factories.now()) is None
    assert likely_next(office.queue, factories.actor_of(dave), now=factories.now()) == copy
    take_and_answer(api(alice), copy, DENY)  # from the list, where nothing tells her
    now = factories.now()
    found = queries.seeded_answers(office.queue, since=now - timedelta(days=1), until=now)
    assert found == []


def test_the_claim_is_short_enough_that_it_is_parsed_once(office, api, alice, carol):
    sent: list[str] = []
    with connection.execute_wrapper(lambda execute, *sql: sent.append(sql[0]) or execute(*sql)):
        for adjudicates in (False, True):
            claim_next(slug="loans", adjudicates=adjudicates, actor=factories.actor_of(carol), at=factories.now())
        claim_case(case_id=office.send().pk, actor=factories.actor_of(alice), at=factories.now())
    lengths = [len(one) for one in sent if "skip locked" in one]
    assert len(lengths) >= 3
    assert max(lengths) < 4096, lengths


def test_similar_cases_do_not_name_the_original_of_a_copy_once_it_was_corrected(
    office, api, alice, carol, dave, drawn, corrected, settings
):
    settings.UNDO_SECONDS = 0
    case, copy = copied(office, api, alice, carol, drawn, **NAMED)
    api(carol).post(f"/api/v1/cases/{case.pk}/reopen", {"reason": "New papers"})
    corrected(case, api(carol))
    take_and_answer(api(carol), case, APPROVE)
    label_decisions(at=factories.now())
    point = point_of(copy.prediction, office.use_case)
    Precedent.objects.update(frame=point.frame, code=point.code, argument=list(point.values))
    assert Precedent.objects.get().case == case
    assert api(dave).get(f"/api/v1/cases/{copy.pk}/similar").json()["results"] == []
    assert len(api(dave).get(f"/api/v1/cases/{office.send(**NAMED).pk}/similar").json()["results"]) == 1


def test_who_decided_the_original_before_it_was_corrected_gives_no_second_opinion_and_no_ruling(
    sampled, api, alice, carol, dave, corrected
):
    case = sampled.send(**NAMED)
    take_and_answer_any(api(carol), case, DENY)
    assert draw_samples(at=factories.now()) == 1
    copy = QaSample.objects.get().case
    api(carol).post(f"/api/v1/cases/{case.pk}/reopen", {"reason": "New papers"})
    corrected(case, api(dave))
    assert gave_an_answer(QaSample.objects.get(), factories.actor_of(carol))
    assert not gave_an_answer(QaSample.objects.get(), factories.actor_of(alice))
    read_blind(api(carol), copy, APPROVE)  # from the list
    assert to_compare(at=factories.now()) == []


# The inbox of samples


@pytest.fixture
def differing(sampled, api, alice, dave):
    """A case that alice denied blind first, and its sample that dave approved."""
    sampled.queue.blind_share = 1
    sampled.queue.save()
    case = sampled.send()
    read_blind(api(alice), case, DENY, note="Alice says why")
    assert draw_samples(at=factories.now()) == 1
    read_blind(api(dave), QaSample.objects.get().case, APPROVE, note="Dave says why", reason_codes=["R02"])
    assert compare(at=factories.now()) == 1
    return case, QaSample.objects.get().case


@pytest.mark.parametrize("which", [0, 1])
def test_the_inbox_withholds_both_answers_while_either_case_is_reopened_and_blind_again(
    differing, office, api, sign_in, carol, which
):
    browser, reopened = sign_in(carol), differing[which]

    def told() -> list[bool]:
        page = browser.get("/quality/samples/").content.partition(b'aria-label="Waiting for a lead"')[2].decode()
        (line,) = api(carol).get("/api/v1/quality/samples", queue="loans").json()["results"]
        words = ("Approve", "Deny", "Dave says why", "Income too low")
        said = [word in page for word in words]
        return [any(said), 'name="ruling"' in page, bool(line["first"]["outcome"]), "Dave" in line["second"]["note"]]

    assert told() == [True] * 4
    assert api(carol).post(f"/api/v1/cases/{reopened.pk}/reopen", {"reason": "New papers"}).status_code == 200
    assert told() == [False] * 4
    given = {"ruling": "stands", "reason": "x"}
    sample = QaSample.objects.get()
    refused = api(carol).post(f"/api/v1/quality/samples/{sample.pk}/resolve", given)
    assert (refused.status_code, refused.json()["code"]) == (409, "advice-withheld")
    take_and_answer_any(api(factories.make_reviewer("erin", office)), reopened, DENY)
    assert told() == [True] * 4
    answered = api(carol).post(f"/api/v1/quality/samples/{sample.pk}/resolve", given).json()
    assert (answered["withheld"], answered["first"]["outcome"]) == (False, DENY)


def test_a_ruling_is_withheld_with_the_answers(differing, api, sign_in, carol):
    given = {"ruling": "wrong", "reason": "Approve was right"}
    sample = QaSample.objects.get()
    assert api(carol).post(f"/api/v1/quality/samples/{sample.pk}/resolve", given).status_code == 200
    api(carol).post(f"/api/v1/cases/{differing[0].pk}/reopen", {"reason": "New papers"})
    page = sign_in(carol).get("/quality/samples/?state=resolved").content.decode()
    assert "Approve was right" not in page
    assert (
        "Approve was right"
        not in api(carol).get("/api/v1/quality/samples", queue="loans", state="resolved").content.decode()
    )


# When they are opened: at no second of the minute and no microsecond that tells


def opened(api, person, case: Case) -> datetime:
    """As the API says it."""
    return datetime.fromisoformat(api(person).get(f"/api/v1/cases/{case.pk}").json()["opened_at"])


def test_a_sample_is_opened_when_its_own_time_was_up_and_not_when_it_was_looked(sampled, api, bob, monkeypatch):
    passed, now = passes(sampled), factories.now()
    monkeypatch.setattr(sample_queries, "delay", lambda _: 0.5)
    due = passed.routing.routed_at + timedelta(minutes=30)
    assert draw_samples(at=due - timedelta(microseconds=1)) == 0
    assert draw_samples(at=due + timedelta(seconds=9)) == 1
    assert now < opened(api, bob, QaSample.objects.get().case) == due


def test_samples_that_waited_longer_are_opened_at_moments_of_their_own(sampled, api, bob):
    for _ in range(5):
        passes(sampled)
    at = factories.now() + timedelta(minutes=20)
    assert draw_samples(at=at) == 5
    moments = {opened(api, bob, sample.case) for sample in QaSample.objects.all()}
    assert len(moments) == 5
    assert all(at - EVERY < moment <= at for moment in moments)


def test_a_seeded_case_is_opened_when_its_own_time_was_up(office, api, bob, adjudicate, monkeypatch):
    adjudicate(1)
    arrival = office.send()
    parts = {"delay": 0.25}
    monkeypatch.setattr(queries, "_draw", lambda about, pk: parts.get(about, 0.0) if pk == arrival.pk else 1.0)
    due = arrival.opened_at + timedelta(minutes=15)
    assert mix_in(at=due - timedelta(microseconds=1)) == 0
    assert mix_in(at=due + timedelta(seconds=9)) == 1
    assert opened(api, bob, SeededCase.objects.get().case) == due


@pytest.mark.parametrize("entry", ["mix-in-seeded", "draw-qa-samples"])
def test_it_is_looked_as_often_as_the_rule_takes_for_granted(entry, settings):
    assert settings.CELERY_BEAT_SCHEDULE[entry]["schedule"] == EVERY.total_seconds()
