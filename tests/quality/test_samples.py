"""QA samples: decisions drawn by chance and read once more, like any blind case to whoever reads them; a lead says which were wrong."""

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from reviewapp.access.rules import Scope
from reviewapp.audit.models import AuditEvent
from reviewapp.cases.feedback import label_decisions
from reviewapp.cases.models import Case, Outbox, Selection
from reviewapp.catalog.queries import bundles_for
from reviewapp.intake.actions import receive
from reviewapp.intake.reading import read_item
from reviewapp.lib import draws
from reviewapp.policies import queries as policies
from reviewapp.predictions.models import Label, Prediction
from reviewapp.quality import sample_queries, sampling
from reviewapp.quality.models import QaAnswer, QaResolution, QaSample, QualityReport
from reviewapp.quality.rules import Kind, trace_if_drawn
from reviewapp.quality.samples import figures, work_out
from reviewapp.quality.tasks import draw_samples as task
from tests import factories
from tests.factories import Office
from tests.quality.answering import take_and_answer
from tests.quality.test_seeded import anonymous

APPROVE, DENY = "approve", "deny"
SURE = {"outcome": APPROVE, "probabilities": {"approve": 0.97, "deny": 0.03}}


def passes(office: Office, **changes) -> Prediction:
    """A prediction that its policy lets pass."""
    raw = factories.prediction_body(office.use_case.slug, prediction=SURE, **changes)
    sender = factories.actor_of(office.sender)
    bundle = bundles_for(sender, [office.use_case.slug])[office.use_case.slug]
    receipt = receive(item=read_item(raw, bundle), actor=sender, at=factories.now())
    assert receipt.case_id is None
    return Prediction.objects.get(pk=receipt.prediction_id)


def read_blind(client, case: Case, outcome: str, *, final: str | None = None, **given) -> None:
    """Take a blind case, say `outcome` before seeing the model's part, then `final` or the same."""
    lease = client.post(f"/api/v1/cases/{case.pk}/claim").json()["lease"]["number"]
    said = {"lease": lease, "answer": "blind", "outcome": outcome, "sure": 2, **given}
    answered = client.post(f"/api/v1/cases/{case.pk}/review", said)
    assert answered.status_code == 200, answered.content
    final = final or outcome
    body = {"answer": "agree"} if final == case.advised else {"answer": "correct", "outcome": final, "note": "x"}
    answered = client.post(f"/api/v1/cases/{case.pk}/review", {"lease": lease, **body})
    assert answered.status_code == 200, answered.content


@pytest.fixture(autouse=True)
def at_once(monkeypatch, settings):
    """Nobody waits: every decision is drawn, without delay, and no answer can be undone."""
    settings.UNDO_SECONDS = 0
    monkeypatch.setattr(sample_queries, "draw", lambda *_: bytes(32))
    monkeypatch.setattr(sample_queries, "delay", lambda _: 0.0)


@pytest.fixture
def sampled(office):
    """The office, whose queue samples 1 of 100 of either kind, and asks a few people blind first anyway. Its policy has a sample, too."""
    office.queue.qa_automatic_share = office.queue.qa_human_share = 0.01
    office.queue.blind_share = 0.01
    office.queue.save()
    factories.make_policy(office.use_case, office.queue, qa_share=1e-9)
    return office


@pytest.fixture
def dave(office):
    return factories.make_reviewer("dave", office)


@pytest.fixture
def decided(sampled, api, alice) -> Case:
    """A case that alice decided: she denied it, as the model advised."""
    case = sampled.send()
    take_and_answer_any(api(alice), case, DENY)
    return case


def take_and_answer_any(client, case: Case, outcome: str) -> None:
    case.refresh_from_db()
    (read_blind if case.is_blind else take_and_answer)(client, case, outcome)


@pytest.fixture
def of_person(decided) -> QaSample:
    task()
    return QaSample.objects.get(kind="human")


@pytest.fixture
def of_passed(sampled) -> QaSample:
    passes(sampled)
    task()
    return QaSample.objects.get(kind="automatic")


def resolve(client, sample: QaSample, ruling: str = "wrong", reason: str = "The payslip says so"):
    return client.post(f"/api/v1/quality/samples/{sample.pk}/resolve", {"ruling": ruling, "reason": reason})


# Drawing


def test_a_decision_of_a_person_is_read_once_more_by_somebody_else(of_person, decided, api, alice, dave):
    copy = of_person.case
    assert (of_person.source, of_person.decision.case, of_person.outcome) == (decided.prediction, decided, DENY)
    assert (copy.is_blind, copy.state, copy.prediction.copy_of) == (True, "open", decided.prediction)
    assert (of_person.probability, bytes(of_person.draw)) == (0.01, bytes(32))
    assert not Selection.objects.filter(case=copy).exists()
    assert api(alice).post("/api/v1/queues/loans/claim").status_code == 204
    assert api(dave).post("/api/v1/queues/loans/claim").json()["id"] == str(copy.pk)


def test_a_decision_that_passed_is_read_by_a_person_as_if_its_policy_had_asked(of_passed):
    original, copy = of_passed.source, of_passed.case
    assert (of_passed.outcome, of_passed.decision, copy.is_blind) == (APPROVE, None, True)
    assert (copy.why, copy.advised, copy.confidence) == ("Quality sample", APPROVE, 0.97)
    routing = copy.prediction.routing
    assert (routing.result, routing.outcome, routing.queue_slug, routing.selection_reason) == (
        "review", "", "loans", "qa_auto",
    )  # fmt: skip
    assert original.routing.result == "auto"
    assert "not drawn" in str(original.routing.trace)
    assert "not drawn" not in str(routing.trace)


def test_each_decision_is_drawn_once_however_often_it_is_asked(sampled, decided):
    passes(sampled)
    for _ in range(3):
        task()
    assert sorted(QaSample.objects.values_list("kind", flat=True)) == ["automatic", "human"]


def test_what_another_worker_has_sampled_meanwhile_is_not_sampled_again(of_person, sampled):
    assert sample_queries.lock_source(of_person.source_id) is None
    assert sample_queries.lock_source(passes(sampled).pk) is not None


def test_the_same_draw_is_made_for_a_decision_at_any_time_and_another_for_the_next(decided, monkeypatch):
    monkeypatch.undo()
    queue, one, other = decided.queue_id, decided.prediction_id, decided.pk
    assert sample_queries.draw(queue, one) == sample_queries.draw(queue, one) != sample_queries.draw(queue, other)


def test_a_queue_that_sets_no_share_draws_nothing(sampled, decided):
    passes(sampled)
    sampled.queue.qa_automatic_share = sampled.queue.qa_human_share = 0
    sampled.queue.save()
    task()
    assert not QaSample.objects.exists()


def test_what_was_not_drawn_is_not_read(sampled, decided, monkeypatch):
    monkeypatch.setattr(sample_queries, "draw", lambda *_: b"\x03" + bytes(31))  # 0.0117
    task()
    assert not QaSample.objects.exists()
    sampled.queue.qa_human_share = 0.012
    sampled.queue.save()
    task()
    assert QaSample.objects.get().probability == 0.012


def test_an_answer_that_can_still_be_undone_is_not_drawn(sampled, api, alice, settings):
    settings.UNDO_SECONDS = 60
    case = sampled.send()
    take_and_answer_any(api(alice), case, DENY)
    assert sampling.draw_samples(at=factories.now()) == 0
    assert sampling.draw_samples(at=factories.now() + timedelta(seconds=61)) == 1


def test_a_sample_waits_a_drawn_time_so_that_it_does_not_name_its_original(decided, monkeypatch):
    monkeypatch.setattr(sample_queries, "delay", lambda _: 0.5)
    assert sampling.draw_samples(at=factories.now() + timedelta(minutes=29)) == 0
    assert sampling.draw_samples(at=factories.now() + timedelta(minutes=31)) == 1


def test_nothing_is_drawn_that_names_a_policy_that_is_in_force_no_more(sampled, decided):
    factories.make_policy(sampled.use_case, sampled.queue, confidence_threshold=0.9)
    sampled.send()
    task()
    assert not QaSample.objects.exists()


def test_a_sample_of_a_sample_is_never_drawn(of_person, api, dave):
    read_blind(api(dave), of_person.case, DENY)
    task()
    assert QaSample.objects.count() == 1


def test_other_samples_are_drawn_where_one_fails(sampled, decided, monkeypatch):
    passes(sampled)
    lock = sample_queries.lock_source

    def fails_once(pk):
        if pk == decided.prediction_id:
            raise RuntimeError
        return lock(pk)

    monkeypatch.setattr(sample_queries, "lock_source", fails_once)
    task()
    assert QaSample.objects.get().kind == "automatic"


# Nobody can tell


def told_of(case: Case, office, api, sign_in, reader, lead, outcome: str) -> list[str]:
    """All that is said of a blind case to whoever reads it and to their lead, from the queue to the reopening."""
    browser, leader = sign_in(reader), sign_in(lead)
    waiting = browser.get("/queues/loans/").content.decode()
    read, routing = f"/cases/{case.pk}/", f"/predictions/{case.prediction_id}/routing/"
    texts = [next(row for row in re.findall(r"<tr.*?</tr>", waiting, re.DOTALL) if case.external_id in row).encode()]
    texts += [leader.get(read).content, leader.get(routing).content, browser.get(routing).content]
    texts += [api(reader).get("/api/v1/cases", external_id=case.external_id).content]
    texts += [api(reader).post(f"/api/v1/cases/{case.pk}/claim").content, browser.get(read).content]
    texts += [api(lead, Scope.CASES_LEAD).get("/api/v1/board", state="held").content.partition(b"results")[2]]
    case.refresh_from_db()
    blind = {"lease": case.lease, "answer": "blind", "outcome": outcome, "sure": 2}
    texts += [api(reader).post(f"/api/v1/cases/{case.pk}/review", blind).content]
    texts += [browser.get(read).content, browser.get(routing).content, leader.get(read).content]
    texts += [api(reader).get(f"/api/v1/cases/{case.pk}").content]
    said = {"answer": "agree"} if outcome == case.advised else {"answer": "correct", "outcome": outcome, "note": "x"}
    texts += [api(reader).post(f"/api/v1/cases/{case.pk}/review", {"lease": case.lease, **said}).content]
    texts += [browser.get(read).content, leader.get(read).content, leader.get(routing).content]
    texts += [api(lead).post(f"/api/v1/cases/{case.pk}/reopen", {"reason": "New papers"}).content]
    texts += [leader.get(read).content]
    Case.objects.filter(pk=case.pk).update(queue=office.lead_queue)  # out of the way of the next
    return [without_draw(anonymous(text.decode(), case)) for text in texts]


def without_draw(text: str) -> str:
    """The draw of a policy's sample is another for each prediction."""
    return re.sub(r"0\.\d{4,}|0\.0|\d[.\d]*e-\d+", "D", text)


@pytest.mark.parametrize("outcome", [APPROVE, DENY])
def test_a_sample_of_a_person_is_shown_byte_by_byte_as_a_blind_case(
    api, sign_in, sampled, of_person, carol, dave, outcome
):
    sampled.queue.blind_share = 1
    sampled.queue.save()
    real = sampled.send()
    seen = [told_of(case, sampled, api, sign_in, dave, carol, outcome) for case in (of_person.case, real)]
    for one, other in zip(*seen, strict=True):
        assert one == other


@pytest.mark.parametrize("outcome", [APPROVE, DENY])
def test_a_sample_of_what_passed_is_shown_byte_by_byte_as_one_that_its_policy_asked_for(
    api, sign_in, sampled, carol, dave, outcome, monkeypatch
):
    sampled.queue.blind_share = 1
    sampled.queue.save()
    factories.make_policy(sampled.use_case, sampled.queue, qa_share=0.5, default={"queue": "loans", "priority": 7})
    monkeypatch.setattr(sample_queries, "draw", lambda *_: b"\x01" * 32)
    monkeypatch.setattr(policies, "draw", lambda *_: 0.123456)
    real = sampled.send(prediction=SURE)
    monkeypatch.setattr(policies, "draw", lambda *_: 0.987654)
    passes(sampled)
    task()
    case = QaSample.objects.get().case
    assert case.priority == real.priority == 7
    seen = [told_of(one, sampled, api, sign_in, dave, carol, outcome) for one in (case, real)]
    for one, other in zip(*seen, strict=True):
        assert one == other


def test_a_sample_becomes_no_label_and_arrives_nowhere(of_person, of_passed, sampled, api, dave, alice):
    label_decisions(at=factories.now())
    before = Label.objects.count()
    for sample in (of_person, of_passed):
        read_blind(api(dave), sample.case, APPROVE)
    assert not Outbox.objects.exists()
    label_decisions(at=factories.now())
    assert Label.objects.count() == before
    listed = api(sampled.sender, Scope.PREDICTIONS_READ).get("/api/v1/predictions").json()["results"]
    assert not {of_person.case.external_id, of_passed.case.external_id} & {row["external_id"] for row in listed}


# Comparing and resolving


def test_the_view_before_the_model_is_what_counts(of_person, api, dave):
    read_blind(api(dave), of_person.case, APPROVE, final=DENY)
    task()
    assert not QaAnswer.objects.get().agrees


def test_an_answer_that_agrees_is_recorded_and_shown_to_nobody(of_person, api, sign_in, carol, dave):
    read_blind(api(dave), of_person.case, DENY)
    task()
    task()
    assert QaAnswer.objects.get().agrees
    assert AuditEvent.objects.filter(action="qa_sample.compared").count() == 1
    assert api(carol).get("/api/v1/quality/samples", queue="loans").json()["results"] == []
    assert "No sample waits for a lead" in sign_in(carol).get("/quality/samples/").content.decode()
    assert resolve(api(carol), of_person).status_code == 404


def test_an_answer_of_who_decided_the_original_is_no_second_opinion(of_person, api, alice):
    read_blind(api(alice), of_person.case, APPROVE)  # opened from the list, where nothing tells her
    task()
    assert not QaAnswer.objects.exists()


def test_nothing_is_compared_while_the_answer_can_be_undone(of_person, api, dave, settings):
    settings.UNDO_SECONDS = 60
    read_blind(api(dave), of_person.case, APPROVE)
    assert sampling.compare(at=factories.now()) == 0
    assert sampling.compare(at=factories.now() + timedelta(seconds=61)) == 1


@pytest.fixture
def differing(of_person, api, dave) -> QaSample:
    read_blind(api(dave), of_person.case, APPROVE, reason_codes=["R02"], note="Income covers it.")
    task()
    return of_person


def test_a_lead_sees_both_answers_and_says_which_stands(differing, decided, sign_in, carol, office):
    browser = sign_in(carol)
    page = browser.get("/quality/samples/").content.decode()
    for text in (
        "A person’s decision",
        decided.external_id,
        "Income covers it.",
        "Income too low",
        f"/cases/{decided.pk}/",
    ):
        assert text in page
    assert "Dave" not in page.partition("<main")[2]
    sent = {"ruling": "wrong", "reason": "The payslip says so"}
    refused = browser.post(f"/quality/samples/{differing.pk}/resolve/", {**sent, "reason": " "})
    assert (refused.status_code, "Say why" in refused.content.decode()) == (422, True)
    assert browser.post(f"/quality/samples/{differing.pk}/resolve/", sent).status_code == 302
    row = QaResolution.objects.get()
    assert (row.ruling, row.reason, row.made_by) == ("wrong", "The payslip says so", carol)
    event = AuditEvent.objects.get(action="qa_sample.resolved")
    assert (event.queue_id, event.reason, event.data) == (office.queue.pk, "The payslip says so", {"ruling": "wrong"})
    assert decided.external_id not in browser.get("/quality/samples/").content.decode()
    assert "Open the first case to reopen it" in browser.get("/quality/samples/?state=resolved").content.decode()
    decided.refresh_from_db()
    assert decided.state == "decided"


def test_what_passed_says_how_sure_the_model_was(of_passed, api, sign_in, carol, dave):
    read_blind(api(dave), of_passed.case, DENY)
    task()
    page = sign_in(carol).get("/quality/samples/").content.decode()
    assert "Automatic decision" in page
    assert "97 of 100 sure" in page


def test_the_api_gives_the_inbox_and_takes_a_ruling_once(differing, decided, api, carol):
    (line,) = api(carol).get("/api/v1/quality/samples", queue="loans").json()["results"]
    assert (line["kind"], line["case"], line["first"]["outcome"], line["second"]["outcome"]) == (
        "human", str(decided.pk), DENY, APPROVE,
    )  # fmt: skip
    assert resolve(api(carol), differing, ruling="perhaps").status_code == 422
    assert resolve(api(carol), differing, reason="").status_code == 422
    assert resolve(api(carol), differing, ruling="stands").json()["ruling"] == "stands"
    again = resolve(api(carol), differing)
    assert (again.status_code, again.json()["code"]) == (409, "already-resolved")
    assert api(carol).get("/api/v1/quality/samples", queue="loans").json()["results"] == []
    assert len(api(carol).get("/api/v1/quality/samples", queue="loans", state="resolved").json()["results"]) == 1


def test_two_differences_are_read_page_by_page(differing, sampled, api, alice, carol, dave, sign_in):
    take_and_answer_any(api(alice), sampled.send(), DENY)
    task()
    read_blind(api(dave), QaSample.objects.exclude(pk=differing.pk).get().case, APPROVE)
    task()
    newest_first = [str(pk) for pk in QaSample.objects.order_by("-answer__compared_at").values_list("pk", flat=True)]
    lead = api(carol, Scope.CASES_LEAD)
    first = lead.get("/api/v1/quality/samples", queue="loans", page_size=1).json()
    second = lead.get("/api/v1/quality/samples", queue="loans", page_size=1, cursor=first["next"]).json()
    assert [row["id"] for page in (first, second) for row in page["results"]] == newest_first
    assert second["next"] is None
    back = lead.get("/api/v1/quality/samples", queue="loans", page_size=1, cursor=second["previous"]).json()
    assert back["results"] == first["results"]
    assert lead.get("/api/v1/quality/samples", queue="loans", state="resolved", cursor=first["next"]).status_code == 400
    browser = sign_in(carol)
    pages = [browser.get("/quality/samples/?page_size=1")]
    pages.append(browser.get(f"/quality/samples/{pages[0].context['pager']['next_url']}"))
    shown = [re.findall(r"/quality/samples/([0-9a-f-]{36})/resolve/", page.content.decode()) for page in pages]
    assert shown == [[pk] for pk in newest_first]


def test_nobody_but_a_lead_of_the_queue_resolves(differing, api, alice, mallory):
    other = factories.make_lead("ivan", factories.make_office("away"))
    for person in (alice, mallory, other):
        assert resolve(api(person), differing).status_code == 404
    assert not QaResolution.objects.exists()


def test_a_lead_does_not_judge_their_own_answer(sampled, api, carol, dave):
    case = sampled.send()
    take_and_answer_any(api(carol), case, DENY)
    task()
    sample = QaSample.objects.get()
    read_blind(api(dave), sample.case, APPROVE)
    task()
    refused = resolve(api(carol), sample)
    assert (refused.status_code, refused.json()["code"]) == (403, "own-answer")
    assert resolve(api(factories.make_lead("judy", sampled)), sample).status_code == 200


def test_the_board_and_the_pages_of_quality_lead_to_what_waits(differing, sign_in, carol):
    browser = sign_in(carol)
    assert "/quality/samples/line/" in browser.get("/board/").content.decode()
    assert "1 waits for you" in browser.get("/quality/samples/line/").content.decode()
    assert '1<span class="visually-hidden"> waiting</span>' in browser.get("/quality/").content.decode()


@pytest.mark.parametrize("model", [QaSample, QaAnswer, QaResolution])
def test_what_was_recorded_of_a_sample_stays(differing, api, carol, model):
    resolve(api(carol), differing)
    field = {QaSample: "outcome", QaAnswer: "compared_at", QaResolution: "reason"}[model]
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        model.objects.update(**{field: getattr(model.objects.get(), field)})


# Figures


def test_a_difference_counts_as_an_error_only_when_a_lead_says_so(differing, api, carol, office):
    until = factories.now() + timedelta(minutes=1)
    open_ = figures(office.queue, until=until)["human"]
    assert (open_["drawn"], open_["answered"], open_["waiting"], open_["wrong"]) == (1, 1, 1, 0)
    assert (open_["error_rate"]["value"], open_["error_rate"]["status"], open_["error_rate"]["high"]) == (
        None,
        "undefined",
        1,
    )
    resolve(api(carol), differing, ruling="stands")
    stands = figures(office.queue, until=until)["human"]
    assert (stands["differing"]["value"], stands["error_rate"]["value"], stands["waiting"]) == (1, 0, 0)


def test_figures_are_of_the_days_before_and_weighted_by_the_chance_that_was_kept(office, monkeypatch):
    rows = [sample_queries.SampleRow("automatic", 0.05, True, None)] * 30
    rows += [sample_queries.SampleRow("automatic", 0.01, False, "wrong")] * 10
    monkeypatch.setattr(sample_queries, "rows_of", lambda *_, **__: rows)
    found = figures(office.queue, until=factories.now())
    assert found["automatic"]["error_rate"]["value"] == pytest.approx(1000 / 1600)  # unweighted it were 10 of 40
    assert found["human"]["error_rate"]["status"] == "undefined"


@pytest.mark.parametrize(
    ("alike", "many", "ruling", "cell"),
    [
        (30, 0, "wrong", '<p class="strong">0 of 100</p>'),
        (90, 10, "wrong", "100 answers, worth 13: range only"),
        (30, 1, "wrong", "too few: 31, worth 2"),
        (90, 10, None, "100 answers: range only"),  # they wait for a lead
        (30, 1, None, "too few: 31, worth 2"),
    ],
)
def test_answers_of_which_some_stand_for_many_more_decisions_are_worth_fewer(
    office, monkeypatch, sign_in, carol, alike, many, ruling, cell
):
    """Carol lowered the share from 5 of 100 to 1 of 1,000: one answer since stands for as many decisions as 50 before."""
    rows = [sample_queries.SampleRow("human", 0.05, True, None)] * alike
    rows += [sample_queries.SampleRow("human", 0.001, False, ruling)] * many
    monkeypatch.setattr(sample_queries, "rows_of", lambda *_, **__: rows)
    now = factories.now()
    body = figures(office.queue, until=now)
    QualityReport.objects.create(queue=office.queue, kind=Kind.SAMPLES, made_at=now, body=body)
    page = sign_in(carol).get("/quality/samples/?queue=loans").content.decode()
    row = page.split("Decisions of people</th>")[1].split("</tr>")[0]
    assert cell in row.split('data-label="Wrong, as a lead says"')[1]
    assert ('<p class="strong">' in row) == (many == 0)


def test_the_report_is_made_once_a_day_and_read_on_the_page_and_through_the_api(differing, api, sign_in, carol):
    assert work_out(at=factories.now() + timedelta(days=1)) == 1
    assert work_out(at=factories.now() + timedelta(days=1)) == 0
    assert "What samples of Loans show" in sign_in(carol).get("/quality/samples/").content.decode()
    assert api(carol).get("/api/v1/quality/samples", queue="loans").json()["figures"]["human"]["drawn"] == 1


# Settings


def test_carol_sets_the_shares_where_others_are_answered_blind_too(api, carol, alice, office):
    lead = api(carol, Scope.CASES_LEAD)
    refused = lead.patch("/api/v1/queues/loans", {"qa_human_share": 0.05})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "needs_blind")
    assert lead.patch("/api/v1/queues/loans", {"qa_human_share": 0.05, "blind_share": 0.05}).status_code == 200
    refused = lead.patch("/api/v1/queues/loans", {"blind_share": 0})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/blind_share")
    for bad in (1.5, -0.1, True, "x"):
        refused = lead.patch("/api/v1/queues/loans", {"qa_automatic_share": bad})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/qa_automatic_share")
    assert api(alice, Scope.CASES_LEAD).patch("/api/v1/queues/loans", {"qa_human_share": 0.01}).status_code == 403
    office.queue.qa_human_share = 2
    with pytest.raises(IntegrityError, match="queue_qa_shares_are_shares"), transaction.atomic():
        office.queue.save()


def test_a_trace_is_told_as_if_it_had_been_drawn():
    trace = [
        {"rule": "Confidence below 95 %", "matched": False, "detail": "confidence 97 %"},
        {"rule": "Quality sample", "matched": False, "detail": "not drawn for the 5 % sample"},
        {"rule": "Passes", "matched": True, "detail": "nothing above asks for a person"},
    ]
    assert trace_if_drawn(trace) == [
        trace[0],
        {"rule": "Quality sample", "matched": True, "detail": "drawn for the 5 % sample"},
    ]
    assert trace[1]["matched"] is False


def test_a_draw_below_the_share_is_one_of_the_policy_s_sample(of_passed):
    routing = of_passed.case.prediction.routing
    assert 0 <= routing.draw < routing.selection_probability or routing.selection_probability == 0
    assert draws.number(bytes(of_passed.draw)) < of_passed.probability
