"""Known answers: leads say what was right, and it is seeded like a past decision, and like any other case to whoever reads it."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from reviewapp.access.rules import READ_PREDICTIONS
from reviewapp.audit.models import AuditEvent
from reviewapp.cases.models import Case
from reviewapp.catalog.models import UseCase
from reviewapp.catalog.queries import bundles_for
from reviewapp.intake.actions import receive
from reviewapp.intake.reading import read_item
from reviewapp.intake.scoring import score_pending
from reviewapp.lib.ids import moment_of
from reviewapp.quality import queries
from reviewapp.quality.actions import mix_in
from reviewapp.quality.models import KnownAnswer, SeededCase
from tests import factories
from tests.concurrency.meanwhile import meanwhile
from tests.quality.answering import take_and_answer
from tests.quality.test_samples import passes

APPROVE, DENY = "approve", "deny"


@pytest.fixture
def dave(office):
    return factories.make_reviewer("dave", office)


@pytest.fixture
def past(office, api, alice):
    """A case that alice answered."""
    case = office.send()
    take_and_answer(api(alice), case, DENY)
    return case


def give(client, *items, queue="loans"):
    named = [dict(zip(("external_id", "outcome", "reason"), item, strict=True)) for item in items]
    return client.post("/api/v1/quality/answers", {"queue": queue, "items": named})


def seeded_for(office, drawn) -> SeededCase:
    """What is seeded for a fresh arrival."""
    drawn.update(queries.Case.objects.values_list("pk", flat=True))
    office.queue.seeded_share = 0.02
    office.queue.save()
    arrival = office.send()
    assert mix_in(at=factories.now()) == 1
    return SeededCase.objects.get(drawn_for=arrival)


def test_what_carol_knows_to_be_right_is_seeded(api, office, past, carol, dave, alice, drawn):
    assert give(api(carol), (past.external_id, APPROVE, "Paid back")).json() == {"answers": 1}
    row = KnownAnswer.objects.get()
    assert (row.prediction, row.outcome, row.reason, row.given_by) == (past.prediction, APPROVE, "Paid back", carol)
    event = AuditEvent.objects.get(action="known_answer.uploaded")
    assert (event.queue_id, event.data) == (office.queue.pk, {"answers": 1})
    seeded = seeded_for(office, drawn)
    assert (seeded.answer, seeded.source, seeded.known_outcome, seeded.model_is_right) == (row, None, APPROVE, False)
    assert (seeded.case.prediction.copy_of, seeded.case.why) == (past.prediction, past.why)


def test_what_passed_is_seeded_as_if_its_policy_had_asked(api, office, carol, drawn):
    gone = passes(office)
    factories.grant(carol, READ_PREDICTIONS, office.use_case)
    assert give(api(carol), (gone.external_id, DENY, "Never paid back")).status_code == 201
    case = seeded_for(office, drawn).case
    assert (case.prediction.routing.result, case.why) == ("review", "Quality sample")


def test_lines_of_a_csv_file_are_kept_and_shown(sign_in, past, carol):
    browser = sign_in(carol)
    lines = f'\ufeffexternal_id,outcome,reason\r\n{past.external_id},approve,"Paid back, all of it"\r\n'
    assert browser.post("/quality/answers/loans/", {"lines": lines}).status_code == 302
    assert KnownAnswer.objects.get().reason == "Paid back, all of it"
    assert "Paid back, all of it" in browser.get("/quality/answers/?queue=loans").content.decode()


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("", "the first line has to be"),
        ("id,outcome\nx,approve", "the first line has to be"),
        ("external_id,outcome,reason\nAPP-1,approve", "Line 2: Write an id"),
        ('external_id,outcome,reason\nAPP-1,approve,"x', "a quotation mark is missing"),
        ("external_id,outcome,reason\n{id},approve,Paid back\nAPP-NONE,approve,x", "Line 3: No such prediction"),
        ("external_id,outcome,reason\n{id},perhaps,x", "Line 2: One of approve, deny"),
        ("external_id,outcome,reason\n{id},approve,", "Line 2: Say how it is known"),
        ("external_id,outcome,reason\n{id},approve,x\n{id},deny,y", "Line 2: Its answer is given already"),
        ("external_id,outcome,reason", "Give 1 to 500 answers"),
    ],
)
def test_what_is_refused_is_shown_as_it_was_typed_and_nothing_is_kept(sign_in, past, carol, lines, told):
    typed = lines.replace("{id}", past.external_id)
    refused = sign_in(carol).post("/quality/answers/loans/", {"lines": typed})
    page = refused.content.decode()
    assert (refused.status_code, told in page) == (422, True)
    assert typed.partition("\n")[0] in page
    assert not KnownAnswer.objects.exists()


def test_an_answer_is_given_once_and_stays(api, past, carol):
    given = (past.external_id, APPROVE, "Paid back")
    assert give(api(carol), given).status_code == 201
    again = give(api(carol), given)
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (422, "/items/0/external_id")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        KnownAnswer.objects.update(outcome=DENY)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_give_the_same_answer_at_once_one_is_told_that_it_is_given(api, office, past, carol):
    clients = [api(carol), api(carol)]
    with meanwhile(*(partial(give, client, (past.external_id, APPROVE, "Paid back")) for client in clients)) as start:
        UseCase.objects.select_for_update().get(pk=office.use_case.pk)
        answers = start()
    said = sorted((answer.result().status_code, answer.result().json()) for answer in answers)
    assert (said[0], said[1][0]) == ((201, {"answers": 1}), 422)
    assert said[1][1]["errors"][0]["code"] == "repeated"
    assert KnownAnswer.objects.count() == 1


def test_a_copy_of_what_was_scored_here_has_its_times_in_the_order_of_an_arrival(api, office, registered, carol, drawn):
    def arrive(at):
        body = factories.prediction_body(prediction=None, explanation=None, **factories.NAMED)
        actor, slug = factories.actor_of(office.sender), office.use_case.slug
        receive(item=read_item(body, bundles_for(actor, [slug])[slug]), actor=actor, at=at)
        score_pending(at=at + timedelta(hours=1))
        return Case.objects.get(external_id=body["external_id"])

    original = arrive(factories.now() - timedelta(hours=5))
    take_and_answer(api(carol), original, APPROVE)
    give(api(carol), (original.external_id, APPROVE, "Paid back"))
    drawn.add(original.pk)
    office.queue.seeded_share = 0.02
    office.queue.save()
    arrival = arrive(factories.now() - timedelta(hours=2))
    assert mix_in(at=factories.now()) == 1
    copy = SeededCase.objects.get(drawn_for=arrival).case
    for case in (original, arrival, copy):
        prediction = case.prediction
        assert case.opened_at == prediction.routing.routed_at == prediction.explanation.explained_at
        assert case.opened_at - prediction.received_at == timedelta(hours=1)
    assert abs(moment_of(copy.prediction.pk) - copy.prediction.received_at) < timedelta(milliseconds=2)


def test_nobody_but_a_lead_gives_answers_and_only_to_what_they_may_read(api, office, past, alice, carol, mallory):
    for person in (alice, mallory):
        assert give(api(person), (past.external_id, APPROVE, "x")).status_code == 404
    gone = passes(office)  # carol may read no predictions but those of cases
    assert give(api(carol), (gone.external_id, DENY, "x")).status_code == 422
    assert not KnownAnswer.objects.exists()


def test_who_gave_an_answer_counts_in_no_figure_on_it(api, office, past, carol, dave, drawn, settings):
    settings.UNDO_SECONDS = 30
    give(api(carol), (past.external_id, APPROVE, "Paid back"))
    seeded = seeded_for(office, drawn)
    now = factories.now() + timedelta(minutes=1)
    take_and_answer(api(carol), seeded.case, DENY)
    assert queries.seeded_answers(office.queue, since=now - timedelta(days=1), until=now) == []
    assert api(carol).post(f"/api/v1/cases/{seeded.case_id}/undo").status_code == 200
    seeded.case.refresh_from_db()
    assert api(carol).post(f"/api/v1/cases/{seeded.case_id}/release", {"lease": seeded.case.lease}).status_code == 200
    take_and_answer(api(dave), seeded.case, DENY)
    (answer,) = queries.seeded_answers(office.queue, since=now - timedelta(days=1), until=now)
    assert (answer.reviewer, answer.known, answer.accepted) == (dave.pk, APPROVE, True)
