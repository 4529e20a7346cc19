"""A lead records that somebody knows the person of a case, and ends it; nobody reads from it who that person is."""

import pytest
from django.db import DatabaseError, connection, transaction

from reviewapp.access.rules import LEAD_QUEUE
from reviewapp.audit.models import AuditEvent
from reviewapp.cases.models import Case, Recusal
from tests import factories

pytestmark = pytest.mark.django_db
CLAIM = "/api/v1/queues/loans/claim"
BOB = {"person": "bob", "reason": "He is her brother-in-law."}
OTHER = {"reference": "CUST-99", "name": "Ada Brook", "date_of_birth": "1981-01-01", "contact": "ada@example.org"}


@pytest.fixture
def cases(office):
    """Two of one person, and one of another."""
    return [
        office.send(external_id="LINKED-1"),
        office.send(external_id="LINKED-2"),
        office.send(external_id="STRANGER", subject=OTHER),
    ]


def record(api, lead, case, **changes):
    return api(lead).post(f"/api/v1/cases/{case.pk}/recuse", {**BOB, **changes})


def end(api, lead, reason="They are no longer related."):
    conflict = Recusal.objects.latest("made_at")
    return api(lead).post(f"/api/v1/conflicts/{conflict.pk}/end", {"reason": reason})


def test_bob_gets_none_of_that_persons_cases_and_alice_does(cases, api, alice, bob, carol):
    assert record(api, carol, cases[0]).status_code == 200
    assert api(bob).post(CLAIM).json()["external_id"] == "STRANGER"
    assert api(bob).post(CLAIM).status_code == 204
    refused = api(bob).post(f"/api/v1/cases/{cases[1].pk}/claim")
    assert (refused.status_code, refused.json()["code"]) == (409, "knows-subject")
    assert {api(alice).post(CLAIM).json()["external_id"] for _ in range(2)} == {"LINKED-1", "LINKED-2"}


def test_what_bob_holds_of_that_person_goes_back_and_his_other_case_stays(cases, api, sign_in, bob, carol):
    leases = [api(bob).post(f"/api/v1/cases/{case.pk}/claim").json()["lease"]["number"] for case in cases]
    assert record(api, carol, cases[0]).json()["status"] == "open"
    assert [Case.objects.get(pk=case.pk).state for case in cases] == ["open", "open", "leased"]
    answer = {"lease": leases[0], "answer": "agree", "note": "Looks fine."}
    lost = api(bob).post(f"/api/v1/cases/{cases[0].pk}/review", answer)
    assert (lost.status_code, lost.json()["code"]) == (409, "lease-lost")
    assert "Looks fine." in sign_in(bob).get("/my-work/").content.decode(), "his text is kept"


def test_bob_who_says_so_himself_gives_back_all_that_he_holds_of_that_person(cases, api, sign_in, bob):
    leases = [api(bob).post(f"/api/v1/cases/{case.pk}/claim").json()["lease"]["number"] for case in cases]
    assert api(bob).post(f"/api/v1/cases/{cases[1].pk}/recuse", {"lease": leases[1]}).json()["status"] == "open"
    assert [Case.objects.get(pk=case.pk).state for case in cases] == ["open", "open", "leased"]
    events = AuditEvent.objects.filter(action="case.recused", actor_id=bob.pk)
    assert {(event.object_id, event.data["lease"]) for event in events} == {(str(case.pk), 1) for case in cases[:2]}
    answer = {"lease": leases[0], "answer": "agree", "note": "Looks fine."}
    lost = api(bob).post(f"/api/v1/cases/{cases[0].pk}/review", answer)
    assert (lost.status_code, lost.json()["code"]) == (409, "lease-lost")
    assert "Looks fine." in sign_in(bob).get("/my-work/").content.decode(), "his text is kept"
    refused = api(bob).post(f"/api/v1/cases/{cases[0].pk}/claim")
    assert (refused.status_code, refused.json()["code"]) == (409, "knows-subject")


def test_who_lost_the_lease_gives_nothing_back_by_saying_so(cases, api, bob):
    leases = [api(bob).post(f"/api/v1/cases/{case.pk}/claim").json()["lease"]["number"] for case in cases]
    refused = api(bob).post(f"/api/v1/cases/{cases[0].pk}/recuse", {"lease": leases[0] + 1})
    assert (refused.status_code, refused.json()["code"]) == (409, "lease-lost")
    assert [Case.objects.get(pk=case.pk).holder for case in cases] == [bob] * 3


def test_bob_takes_no_answer_back_once_it_is_on_record_that_he_knows_her(cases, api, sign_in, bob, carol, settings):
    settings.UNDO_SECONDS = 30
    path = f"/api/v1/cases/{cases[0].pk}"
    lease = api(bob).post(f"{path}/claim").json()["lease"]["number"]
    assert api(bob).post(f"{path}/review", {"lease": lease, "answer": "agree"}).status_code == 200
    record(api, carol, cases[0])
    refused = api(bob).post(f"{path}/undo", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "knows-subject")
    page = sign_in(bob).post(f"/cases/{cases[0].pk}/undo/", follow=True).content.decode()
    assert "you do not answer it anew" in page
    assert Case.objects.get(pk=cases[0].pk).state == "decided"
    end(api, carol)
    assert api(bob).post(f"{path}/undo", {}).status_code == 200


def test_who_else_holds_a_case_of_that_person_keeps_it(cases, api, alice, bob, carol):
    api(alice).post(f"/api/v1/cases/{cases[0].pk}/claim")
    record(api, carol, cases[0])
    assert Case.objects.get(pk=cases[0].pk).holder == alice


def test_carol_ends_it_with_a_reason_and_bob_gets_the_case_again(cases, api, bob, carol):
    record(api, carol, cases[0])
    assert end(api, carol, reason=" ").status_code == 422
    assert end(api, carol).json()["ended_by"]["username"] == "carol"
    again = end(api, carol)
    assert (again.status_code, again.json()["code"]) == (409, "already-ended")
    assert api(bob).post(f"/api/v1/cases/{cases[0].pk}/claim").status_code == 200
    assert record(api, carol, cases[0]).status_code == 200, "and it can be recorded anew"
    assert [event.action for event in AuditEvent.objects.filter(action__contains="conflict").order_by("at")] == [
        "case.conflict_recorded",
        "case.conflict_ended",
        "case.conflict_recorded",
    ]


def test_it_is_recorded_once_whoever_said_it(cases, api, bob, carol):
    lease = api(bob).post(f"/api/v1/cases/{cases[0].pk}/claim").json()["lease"]["number"]
    api(bob).post(f"/api/v1/cases/{cases[0].pk}/recuse", {"lease": lease})
    for case in cases[:2]:
        refused = record(api, carol, case)
        assert (refused.status_code, refused.json()["code"]) == (409, "already-linked")
    kept = end(api, carol)
    assert (kept.status_code, kept.json()["code"]) == (403, "own-word"), "his own word has no end"
    assert Recusal.objects.count() == 1


def test_only_a_lead_of_the_use_case_records_and_ends_and_reads_it(cases, api, office, alice, bob, carol, mallory):
    assert record(api, alice, cases[0]).status_code == 403
    assert record(api, mallory, cases[0]).status_code == 404
    lead_elsewhere = factories.make_lead("erin", factories.make_office("ward"))
    assert record(api, lead_elsewhere, cases[0]).status_code == 404
    assert Recusal.objects.count() == 0
    record(api, carol, cases[0])
    assert [end(api, person).status_code for person in (alice, mallory, lead_elsewhere)] == [404] * 3
    assert [api(person).get("/api/v1/conflicts").status_code for person in (alice, mallory)] == [404] * 2
    assert api(lead_elsewhere).get("/api/v1/conflicts").json()["results"] == []
    assert len(api(carol).get("/api/v1/conflicts").json()["results"]) == 1


def test_a_lead_of_another_queue_of_the_use_case_may(cases, api, office, bob, sign_in):
    dave = factories.make_reviewer("dave", office)
    assert record(api, dave, cases[0]).status_code == 403
    factories.grant(dave, LEAD_QUEUE, office.lead_queue)
    assert "Record that somebody knows" in sign_in(dave).get(f"/cases/{cases[0].pk}/").content.decode()
    assert record(api, dave, cases[0]).status_code == 200


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"person": "mallory"}, "/person"),
        ({"person": "nobody"}, "/person"),
        ({"reason": " "}, "/reason"),
        ({"reason": "x" * 201}, "/reason"),
        ({"lease": 1}, ""),
    ],
)
def test_what_cannot_be_recorded_is_refused_and_told_where(cases, api, bob, carol, mallory, changes, pointer):
    refused = record(api, carol, cases[0], **changes)
    assert refused.status_code == 422
    assert pointer in {fault["pointer"] for fault in refused.json()["errors"]}
    assert Recusal.objects.count() == 0


def test_a_key_for_reviews_alone_records_nothing_of_others(cases, api, bob, carol):
    from reviewapp.access.rules import Scope

    answer = api(carol, Scope.CASES_REVIEW).post(f"/api/v1/cases/{cases[0].pk}/recuse", BOB)
    assert (answer.status_code, Recusal.objects.count()) == (403, 0)


def test_the_pages_say_who_and_why_to_leads_and_nothing_of_the_person(cases, sign_in, alice, bob, carol):
    lead, path = sign_in(carol), f"/cases/{cases[0].pk}/conflict/"
    assert 'value="bob"' in lead.get(path).content.decode()
    shown = lead.post(path, {"person": "", "reason": "Kept text"})
    assert shown.status_code == 422
    assert "Choose a person" in shown.content.decode()
    assert "Kept text" in shown.content.decode()
    listed = lead.post(path, BOB, follow=True).content.decode()
    for text in ("Bob", "LINKED-1", "by <bdi>Carol</bdi>", "brother-in-law", "End this conflict"):
        assert text in listed
    assert not [word for word in ("CUST-88", "Zora", "Quill") if word in listed]
    conflict = Recusal.objects.get()
    ended = lead.post(f"/conflicts/{conflict.pk}/end/", {"reason": "Divorced."}, follow=True).content.decode()
    assert "Divorced." in ended
    assert "End this conflict" not in ended


def test_the_timeline_says_that_and_not_why(cases, api, sign_in, alice, bob, carol):
    record(api, carol, cases[0])
    end(api, carol)
    page = sign_in(alice).get(f"/cases/{cases[0].pk}/").content.decode()
    assert "Carol recorded that Bob knows the person." in page
    assert "Carol ended what was recorded of Bob" in page
    assert "brother-in-law" not in page
    assert "no longer related" not in page
    assert "Record that somebody knows" not in page
    events = AuditEvent.objects.filter(action__contains="conflict").order_by("at")
    assert [event.reason for event in events] == ["He is her brother-in-law.", "They are no longer related."]
    assert {frozenset(event.data) for event in events} == {frozenset({"linked"})}


def test_the_database_lets_nothing_of_it_change_but_its_end(cases, api, bob, carol):
    record(api, carol, cases[0])
    for change in (
        "update cases_recusal set reason = 'x'",
        "update cases_recusal set ended_at = now(), ended_by_id = user_id, end_reason = 'x', reason = 'y'",
        "update cases_recusal set ended_at = now()",
        "delete from cases_recusal",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
