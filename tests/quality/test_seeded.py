"""Seeded cases: known answers mixed in, like any other case to whoever answers it or leads, and never a label."""

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from reviewapp.access.rules import READ_PREDICTIONS, Scope
from reviewapp.audit.models import AuditEvent
from reviewapp.cases.feedback import label_decisions
from reviewapp.cases.figures import backlog_figures
from reviewapp.cases.models import Case, Outbox
from reviewapp.datasets.models import DatasetRow
from reviewapp.predictions.models import Label, Prediction, Subject
from reviewapp.quality import queries
from reviewapp.quality.actions import mix_in
from reviewapp.quality.models import SeededCase
from reviewapp.quality.rules import id_like
from reviewapp.quality.tasks import mix_in as task
from tests import factories
from tests.cases.test_documents import pdf, to_case
from tests.quality.answering import take_and_answer

APPROVE, DENY = "approve", "deny"
pytestmark = pytest.mark.usefixtures("drawn")


def test_a_case_is_mixed_in_for_an_arrival_with_the_answer_kept_apart(adjudicated, arrival, office):
    task()
    row = SeededCase.objects.get()
    assert (row.drawn_for, row.source.case, row.known_outcome, row.model_is_right) == (
        arrival, adjudicated, APPROVE, False,
    )  # fmt: skip
    case = row.case
    assert (case.queue, case.state, case.advised, case.why) == (office.queue, "open", DENY, adjudicated.why)
    assert case.external_id not in {adjudicated.external_id, arrival.external_id}
    assert re.fullmatch(r"APP-\d{6}", case.external_id)
    original, again = adjudicated.prediction, case.prediction
    assert again.copy_of == original
    assert (again.features, bytes(again.snapshot_digest)) == (original.features, bytes(original.snapshot_digest))
    assert (again.explanation.body, again.routing.trace) == (original.explanation.body, original.routing.trace)


def test_of_the_subject_the_masked_name_alone_is_copied(seeded, adjudicated):
    original, again = adjudicated.prediction.subject, seeded.prediction.subject
    assert original != again
    assert original.masked_name == again.masked_name
    assert bytes(original.identity) != bytes(again.identity)
    assert Subject.objects.get(pk=again.pk).reference_mac != original.reference_mac


def test_a_seeded_case_looks_like_any_other_to_reviewer_and_lead(api, sign_in, office, seeded, arrival, dave, carol):
    reviewer, lead = sign_in(dave), sign_in(carol)
    waiting = reviewer.get("/queues/loans/").content.decode()
    seen = []
    for case in (seeded, arrival):
        texts = [
            next(row for row in re.findall(r"<tr.*?</tr>", waiting, re.DOTALL) if case.external_id in row).encode(),
            lead.get(f"/cases/{case.pk}/").content,
            api(dave).get("/api/v1/cases", external_id=case.external_id).content,
            api(dave).post(f"/api/v1/cases/{case.pk}/claim").content,
            reviewer.get(f"/cases/{case.pk}/").content,
            reviewer.get(f"/predictions/{case.prediction_id}/routing/").content,
            reviewer.get("/my-work/").content.partition(b'id="queues"')[0],
            api(carol, Scope.CASES_LEAD).get("/api/v1/board", state="held").content.partition(b"results")[2],
        ]
        case.refresh_from_db()
        texts += discussed(api, sign_in, case, dave, carol)
        texts += attached(api, sign_in, case, dave, carol)
        reply = {"lease": case.lease, "answer": "correct", "outcome": APPROVE, "note": "x"}
        texts.append(api(dave).post(f"/api/v1/cases/{case.pk}/review", reply).content)
        texts.append(reviewer.get(f"/cases/{case.pk}/").content)
        texts.append(api(dave).post(f"/api/v1/cases/{case.pk}/undo", {}).content)
        api(dave).post(f"/api/v1/cases/{case.pk}/review", {**reply, "lease": case.lease + 1})
        texts += asked_and_declined(api, sign_in, case, dave, carol)
        texts.append(api(carol).post(f"/api/v1/cases/{case.pk}/reopen", {"reason": "New papers"}).content)
        texts.append(lead.get(f"/cases/{case.pk}/").content)
        seen.append([anonymous(text.decode(), case) for text in texts])
        Case.objects.filter(pk=case.pk).update(queue=office.lead_queue)  # out of the way of the next
    for one, other in zip(*seen, strict=True):
        assert one == other


def test_nor_does_a_blind_one_tell_itself_apart_before_and_after_the_own_view(
    api, sign_in, office, adjudicated, dave, carol
):
    office.queue.blind_share = 1
    office.queue.save()
    arrival = office.send()
    assert mix_in(at=factories.now()) == 1
    reviewer, lead = sign_in(dave), sign_in(carol)
    seen = []
    for case in (SeededCase.objects.get().case, arrival):
        read = f"/cases/{case.pk}/"
        texts = [lead.get(read), reviewer.get(f"/predictions/{case.prediction_id}/routing/")]
        texts += [api(dave).post(f"/api/v1/cases/{case.pk}/claim"), reviewer.get(read)]
        case.refresh_from_db()
        blind = {"lease": case.lease, "answer": "blind", "outcome": APPROVE, "sure": 2}
        answered = api(dave).post(f"/api/v1/cases/{case.pk}/review", blind)
        assert (answered.status_code, case.is_blind) == (200, True)
        texts += [answered, reviewer.get(read), api(dave).get(f"/api/v1/cases/{case.pk}/similar")]
        seen.append([anonymous(text.content.decode(), case) for text in texts])
        Case.objects.filter(pk=case.pk).update(queue=office.lead_queue)
    for one, other in zip(*seen, strict=True):
        assert one == other


def discussed(api, sign_in, case: Case, writer, reader) -> list[bytes]:
    """What is said to a comment, to whom it mentions, and to its withdrawal; nothing is left to tell the next case apart."""
    place = f"/api/v1/cases/{case.pk}/comments"
    written = api(writer).post(place, {"text": f"@{reader.username} look"})
    said = [written.content, sign_in(reader).get("/my-work/mentions/").content, api(reader).get(place).content]
    said += [sign_in(reader).get(f"/cases/{case.pk}/").content, api(reader).get("/api/v1/mentions").content]
    said.append(api(writer).post(f"{place}/{written.json()['id']}/withdraw").content)
    return [re.sub(rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}", b"ID", text) for text in said]


def attached(api, sign_in, case: Case, writer, reader) -> list[bytes]:
    """What is said of a document that the holder attaches, to both."""
    kept = to_case(api(writer), case, pdf())
    assert kept.status_code == 201
    said = [kept.content, *(sign_in(person).get(f"/cases/{case.pk}/").content for person in (writer, reader))]
    return [re.sub(rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}", b"ID", text) for text in said]


def asked_and_declined(api, sign_in, case: Case, asker, lead) -> list[bytes]:
    """What is said of a question to reopen the case, to whom it is put, and of the answer."""
    asked = api(asker).post(f"/api/v1/cases/{case.pk}/reopen-requests", {"reason": "I was wrong"})
    place = f"/api/v1/reopen-requests/{asked.json()['id']}/decline"
    said = [asked.content, sign_in(lead).get("/reopenings/").content, sign_in(asker).get(f"/cases/{case.pk}/").content]
    said.append(api(lead, Scope.CASES_LEAD).post(place, {"reason": "You were not"}).content)
    said.append(api(asker).get("/api/v1/reopen-requests", page_size=1).content.partition(b'"next"')[0])
    return [re.sub(rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}", b"ID", text) for text in said]


def anonymous(text: str, case: Case) -> str:
    """Without what is each case's own: ids, times and how much of them has passed, digests and tokens."""
    text = text.replace(case.external_id, "APP").replace(str(case.prediction_id), "P").replace(str(case.pk), "C")
    text = re.sub(r'(name="csrfmiddlewaretoken" value=)"\w+"', r"\1", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[T ][\d:.]+(\+00:00|Z)?|\b\d\d:\d\d(:\d\d)?\b", "T", text)
    text = re.sub(r'(<progress value=)"\d+"|\bin (1 h 00|\d+ min)\b', r"\1", text)
    text = re.sub(r"request <code>\w+", "R", text)
    text = re.sub(r"comment-[0-9a-f-]{36}", "comment", text)
    text = re.sub(r"/documents/[0-9a-f-]{36}", "/documents/D", text)
    return re.sub(r"\d\.[0-9a-f]{24}\.", "S", text)


def test_nobody_is_given_what_they_answered_under_another_number(api, seeded, arrival, alice, bob, carol, dave):
    Case.objects.filter(pk=arrival.pk).update(
        queue=Case.objects.get(pk=seeded.pk).queue.use_case.queues.get(is_lead=True)
    )
    for person in (alice, bob, carol):
        assert api(person).post("/api/v1/queues/loans/claim").status_code == 204, person
    claimed = api(dave).post("/api/v1/queues/loans/claim")
    assert claimed.json()["id"] == str(seeded.pk)


def test_a_second_copy_is_not_given_to_whoever_answered_the_first(api, seeded, arrival, office, dave, monkeypatch):
    monkeypatch.setattr(queries, "REST", timedelta(0))  # the source may be used again at once
    later = office.send()
    for case in (seeded, arrival, later):
        take_and_answer(api(dave), case, DENY)
    assert mix_in(at=factories.now()) == 1
    assert Case.objects.filter(prediction__copy_of__isnull=False, state="open").count() == 1
    assert api(dave).post("/api/v1/queues/loans/claim").status_code == 204
    erin = factories.make_reviewer("erin", office)
    assert api(erin).post("/api/v1/queues/loans/claim").status_code == 200


def test_reopening_a_seeded_case_because_somebody_asked_does_no_harm(api, seeded, arrival, dave, carol, settings):
    settings.UNDO_SECONDS = 0
    labels = list(Label.objects.order_by("pk").values())
    take_and_answer(api(dave), seeded, APPROVE)
    asked = api(dave).post(f"/api/v1/cases/{seeded.pk}/reopen-requests", {"reason": "I was wrong"})
    granted = api(carol, Scope.CASES_LEAD).post(f"/api/v1/reopen-requests/{asked.json()['id']}/grant")
    assert (granted.status_code, granted.json()["state"]) == (200, "granted")
    seeded.refresh_from_db()
    assert (seeded.state, seeded.round) == ("open", 2)
    label_decisions(at=factories.now())
    assert list(Label.objects.order_by("pk").values()) == labels
    found = queries.seeded_answers(seeded.queue, since=factories.now() - timedelta(hours=1), until=factories.now())
    assert [(answer.reviewer, answer.outcome) for answer in found] == [(dave.pk, APPROVE)]  # the first answer counts


def test_an_answer_to_a_seeded_case_becomes_no_label(api, seeded, arrival, dave, settings):
    settings.UNDO_SECONDS = 0
    for case in (seeded, arrival):
        take_and_answer(api(dave), case, APPROVE)
    seeded.refresh_from_db()
    assert (seeded.state, seeded.outcome) == ("decided", APPROVE)
    assert [row.decision.case for row in Outbox.objects.select_related("decision__case")] == [arrival]
    label_decisions(at=factories.now())
    assert [
        label.prediction_id for label in Label.objects.filter(prediction__in=[seeded.prediction, arrival.prediction])
    ] == [arrival.prediction_id]
    assert not DatasetRow.objects.exists()


def test_a_seeded_case_is_in_no_answer_about_predictions_and_in_no_figure_of_volume(api, office, seeded, arrival, dave):
    factories.grant(dave, READ_PREDICTIONS, office.use_case)
    for reader in (office.sender, dave):
        listed = api(reader, Scope.PREDICTIONS_READ).get("/api/v1/predictions").json()["results"]
        assert seeded.external_id not in {row["external_id"] for row in listed}
        assert arrival.external_id in {row["external_id"] for row in listed}
        one = api(reader, Scope.PREDICTIONS_READ).get(f"/api/v1/predictions/{seeded.prediction_id}")
        assert one.status_code == 404
    assert backlog_figures()["cases_open"][1] == Case.objects.exclude(state="decided").count() - 1


def test_an_id_that_was_made_up_does_not_stand_in_the_way_of_one_that_arrives(seeded, office):
    later = office.send(external_id=seeded.external_id)
    assert later.prediction.copy_of is None


def test_pairs_on_seeded_cases_count_in_no_agreement(api, seeded, office, dave):
    from reviewapp.quality.agreement import figures

    office.queue.review_policy = {"always": True}
    office.queue.save()
    erin = factories.make_reviewer("erin", office)
    before = figures(office.queue, at=factories.now())["fair"]["n"]
    take_and_answer(api(dave), seeded, DENY)
    take_and_answer(api(erin), seeded, DENY)
    seeded.refresh_from_db()
    assert seeded.state == "decided"
    assert figures(office.queue, at=factories.now())["fair"]["n"] == before


def test_a_seeded_case_passes_on_pends_and_takes_a_second_answer_like_any_other(api, seeded, office, dave):
    lease = api(dave).post(f"/api/v1/cases/{seeded.pk}/claim").json()["lease"]["number"]
    until = (factories.now() + timedelta(hours=2)).isoformat()
    pended = {"lease": lease, "follow_up_at": until, "awaited": "payslip"}
    assert api(dave).post(f"/api/v1/cases/{seeded.pk}/pend", pended).json()["status"] == "pended"
    take_and_answer(api(dave), seeded, DENY, answer="refer")
    seeded.refresh_from_db()
    assert seeded.queue == office.lead_queue


def test_the_trail_says_which_case_was_seeded_and_the_case_does_not(seeded, arrival, sign_in, carol):
    event = AuditEvent.objects.get(action="seeded_case.created")
    assert (event.data["case"], event.queue_id) == (str(seeded.pk), arrival.queue_id)
    assert "seed" not in sign_in(carol).get(f"/cases/{seeded.pk}/").content.decode()


def test_a_share_of_none_mixes_nothing_in_and_each_arrival_gets_one_at_most(adjudicated, office):
    office.queue.seeded_share = 0
    office.queue.save()
    office.send()
    assert mix_in(at=factories.now()) == 0
    office.queue.seeded_share = 0.02
    office.queue.save()
    assert [mix_in(at=factories.now()) for _ in range(3)] == [1, 0, 0]


def test_what_fails_for_one_arrival_holds_up_no_other_and_a_queue_with_nothing_left_is_asked_once(
    adjudicated, office, monkeypatch
):
    from reviewapp.quality import actions

    first, second, third = (office.send() for _ in range(3))
    asked, seed = [], actions._seed

    def fails_once(*, arrival, **more):
        asked.append(arrival)
        if arrival == first.pk:
            raise ValueError
        return seed(arrival=arrival, **more)

    monkeypatch.setattr(actions, "_seed", fails_once)
    assert mix_in(at=factories.now()) == 1  # there is one decision to take
    assert asked == [first.pk, second.pk, third.pk]
    office.send()
    assert mix_in(at=factories.now()) == 0
    assert asked[3:] == [first.pk, third.pk]


def test_arrivals_are_drawn_at_the_share_of_the_queue_and_wait_for_their_time(adjudicated, office, monkeypatch):
    draws = {"drawn": 0.021, "delay": 0.5}
    arrival = office.send()
    monkeypatch.setattr(queries, "_draw", lambda about, pk: draws.get(about, 0.0) if pk == arrival.pk else 1.0)
    now = factories.now()
    assert queries.arrivals_drawn(at=now + timedelta(hours=1)) == []
    draws["drawn"] = 0.019
    assert queries.arrivals_drawn(at=now + timedelta(minutes=29)) == []
    assert len(queries.arrivals_drawn(at=now + timedelta(minutes=31))) == 1


def test_nothing_is_taken_that_could_be_told_apart(adjudicated, office):
    factories.make_policy(office.use_case, office.queue, confidence_threshold=0.9)
    office.send()
    assert mix_in(at=factories.now()) == 0  # the routing would name a policy that is not in force any more


@pytest.mark.parametrize("path", ["/queues/loans/settings/", "/help/lead/"])
def test_carol_reads_what_is_seeded_and_what_the_cap_does_not_lower(sign_in, carol, office, path):
    page = " ".join(sign_in(carol).get(path).content.decode().split())
    assert "a lead decided between two people who differed, or gave the answer" in page
    assert "mostly, in six of ten, the model is wrong, as far as both kinds are at hand" in page
    assert "Blind first itself is not lowered, nor are 2 automatic decisions a day, so it can be more." in page
    assert "never taken" not in page
    assert "at most. If what you set" not in page


def test_alice_reads_in_help_that_the_right_answer_to_some_cases_is_known(sign_in, alice):
    page = sign_in(alice).get("/help/reviewer/").content.decode()
    assert "a few past cases whose right answer is known, from a lead" in page


def test_carol_sets_the_share_and_may_not_pass_the_cap(api, sign_in, carol, alice, office):
    page = sign_in(carol).get("/queues/loans/settings/").content.decode()
    assert "Proof of review" in page
    sent = {"seeded_share": "2", "seen": re.search(r'settings/proof/.*?name="seen" value="(\w+)"', page, re.DOTALL)[1]}
    assert sign_in(carol).post("/queues/loans/settings/proof/", sent).status_code == 302
    office.queue.refresh_from_db()
    assert office.queue.seeded_share == 0.02
    refused = api(carol, Scope.CASES_LEAD).patch("/api/v1/queues/loans", {"seeded_share": 0.06})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/seeded_share")
    assert api(alice, Scope.CASES_LEAD).patch("/api/v1/queues/loans", {"seeded_share": 0.01}).status_code == 403
    office.queue.seeded_share = 0.5
    with pytest.raises(IntegrityError, match="queue_seeds_within_its_cap"), transaction.atomic():
        office.queue.save()


@pytest.mark.parametrize(
    ("model", "others", "made"),
    [
        ("APP-000142", ["APP-000142", "APP-000137"], "APP-007777"),
        ("LN-2026-83120", ["LN-2026-13577", "LN-2026-90001"], "LN-2026-77777"),
        ("7-x-12", [], "7-x-77"),
        ("A12", ["A99", "B7"], "A77"),
        ("nothing", ["nothing"], None),
        ("A-1", ["Б-١"], "A-7"),
    ],
)
def test_an_id_keeps_letters_and_what_all_have_in_common(model, others, made):
    assert id_like(model, others, digit=lambda: 7) == made


def test_what_was_taken_stays_on_record(seeded):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        SeededCase.objects.update(model_is_right=True)
    assert Prediction.objects.filter(copy_of__isnull=False).count() == 1


def test_the_similar_cases_of_a_seeded_case_do_not_name_what_it_was_taken_from(api, adjudicate, office, dave):
    factories.make_model(office.use_case)
    named = {"model": "credit-risk", "model_version": "1"}
    (source,) = adjudicate(1, **named)
    arrival = office.send(**named)
    assert mix_in(at=factories.now()) == 1
    copy = SeededCase.objects.get().case
    found = [api(dave).get(f"/api/v1/cases/{case.pk}/similar").json()["results"] for case in (arrival, copy)]
    assert [row["external_id"] for row in found[0]] == [source.external_id]
    assert found[1] == []
