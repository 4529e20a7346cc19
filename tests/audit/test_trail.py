"""The trail: auditors and admins read it, it finds what is asked for, and reading it is on record."""

from datetime import timedelta
from unittest import mock
from uuid import UUID

import pytest
import time_machine
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from reviewapp.access.actions import set_roles
from reviewapp.access.rules import VIEW_QUEUE, Role, Scope
from reviewapp.audit import actions, queries
from reviewapp.audit.models import AuditEvent
from reviewapp.audit.rules import ACTION_WORDS, LOOKS, detail_of, words_of
from reviewapp.notifications.live import topics
from tests import factories
from tests.factories import actor_of

PATH = "/api/v1/audit-events"


@pytest.fixture
def machine(db, api):
    """Reads the trail by key."""
    return api(factories.make_user("siem", Role.AUDITOR, is_service=True), Scope.AUDIT_READ)


def shown(response):
    """(who, action) of the events on a page, newest first."""
    return [(row["event"].actor_name, row["event"].action) for row in response.context["rows"]]


def note(actor, action="case.viewed", *, object_type="cases.case", object_id="c-1", queue_id=None, at=None, **data):
    entry = actions.Entry(action, object_type, object_id, queue_id, data)
    actions.record_many([entry], actor=actor, at=at or timezone.now())


# Who may read it


@pytest.mark.parametrize("path", ["/audit/", "/audit/0190a000-0000-7000-8000-000000000000/"])
def test_reviewers_and_leads_read_no_trail(path, alice, carol, sign_in):
    assert [sign_in(person).get(path).status_code for person in (alice, carol)] == [403, 403]
    assert not AuditEvent.objects.filter(action__startswith="trail.").exists()


def test_auditors_and_admins_read_the_trail(auditor, dana, sign_in):
    assert auditor.get("/audit/").status_code == 200
    assert sign_in(dana).get("/audit/").status_code == 200


def test_the_api_wants_both_the_scope_and_the_role(machine, api, alice, office):
    assert machine.get(PATH).status_code == 200
    assert api(alice, Scope.AUDIT_READ).get(PATH).status_code == 403
    siem = factories.make_user("siem2", Role.AUDITOR, is_service=True)
    assert api(siem, Scope.CASES_READ).get(PATH).json()["code"] == "scope-missing"
    assert Client().get(PATH).status_code == 401


# What it tells


def test_it_tells_in_sentences_who_did_what(auditor, alice, office):
    case = office.send()
    note(actor_of(alice), "case.reviewed", object_id=str(case.pk))
    page = auditor.get("/audit/").content.decode()
    assert "answered the case" in page
    assert str(case.pk) in page
    assert "loans-system" in page


def test_accounts_are_told_by_name_and_changes_by_what_they_changed(auditor, dana, alice):
    set_roles(user_id=alice.pk, roles=[Role.LEAD], actor=actor_of(dana), at=timezone.now())
    [row] = auditor.get("/audit/?action=user.roles_changed").context["rows"]
    assert (row["who"], row["words"], row["detail"], row["name"]) == (
        "dana",
        "changed the roles of the account",
        "gave Lead; took Reviewer",
        "alice",
    )


def test_what_an_event_names_reads_on_as_a_sentence():
    assert detail_of({"answer": "agree", "outcome": "approve"}) == "agree, as approve"
    assert detail_of({"outcome": "deny", "priority": 5}) == "as deny, with priority 5"
    assert detail_of({"added": ["Lead", "Admin"], "taken": ["Reviewer"]}) == "gave Lead, Admin; took Reviewer"


def test_every_action_has_words(office, alice, sign_in):
    """Of those this suite's office makes; one without words of its own is told by its code."""
    office.send()
    sign_in(alice)
    assert set(AuditEvent.objects.values_list("action", flat=True)) <= ACTION_WORDS.keys()
    assert words_of("case_note.added") == "case note added"


def test_no_identity_of_a_subject_is_in_the_trail(office):
    office.send()
    trail = b"".join(bytes(canon) for canon in AuditEvent.objects.values_list("canon", flat=True))
    assert b"Zora" not in trail
    assert b"zora@example.org" not in trail


def test_reading_it_is_on_record_once_with_the_names_of_the_filters_and_nothing_that_was_typed(auditor):
    assert auditor.get("/audit/?action=case.viewed&actor=Zora%20Neale&object_id=zora@example.org").status_code == 200
    event = AuditEvent.objects.get(action="trail.viewed")
    assert (event.actor_name, event.data) == ("frank", {"filters": ["action", "actor_name", "object_id"]})
    assert b"ora" not in bytes(event.canon)


def test_the_look_itself_is_not_on_its_own_page_but_on_the_next(auditor):
    assert ("frank", "trail.viewed") not in shown(auditor.get("/audit/"))
    assert shown(auditor.get("/audit/"))[0] == ("frank", "trail.viewed")
    assert ("frank", "trail.viewed") not in shown(auditor.get("/audit/?show=changes"))


@pytest.mark.parametrize("ending", LOOKS)
def test_what_changes_nothing_is_no_change_in_the_trail_and_no_news_on_any_page(ending, auditor, alice):
    look = f"case{ending}" if ending.startswith(".") else f"case.thing{ending}"
    note(actor_of(alice), look)
    assert ("alice", look) in shown(auditor.get("/audit/"))
    assert ("alice", look) not in shown(auditor.get("/audit/?show=changes"))
    assert topics([actions.Entry(look, "cases.case", "c-1")]) == set()


def test_a_download_is_a_look(auditor, alice):
    note(actor_of(alice), "dataset.downloaded", object_type="datasets.datasetsnapshot")
    assert ("alice", "dataset.downloaded") not in shown(auditor.get("/audit/?show=changes"))


@pytest.mark.parametrize("path", ["/audit/", "event"])
def test_what_cannot_be_put_on_record_is_not_shown(path, auditor, monkeypatch):
    event = AuditEvent.objects.get(action="user.signed_in")
    monkeypatch.setattr("reviewapp.audit.actions._row", mock.Mock(side_effect=OperationalError))
    answer = auditor.get(path if path == "/audit/" else f"/audit/{event.event_uuid}/")
    assert answer.status_code == 503
    assert b"signed in" not in answer.content


# What it finds


@pytest.fixture
def filled(office, alice, bob):
    """Three events of alice's and bob's, on two days, with different objects, queues and requests."""
    day = timezone.now().replace(year=2026, month=3, day=1, hour=12)
    note(actor_of(alice), "case.claimed", object_id="c-1", queue_id=office.queue.pk, at=day)
    note(
        actor_of(alice),
        "case.viewed",
        object_id="c-2",
        queue_id=office.lead_queue.pk,
        at=day.replace(hour=23, minute=59, second=59),
    )
    bobs = actor_of(bob)
    note(
        type(bobs)(**{**vars_of(bobs), "request_id": "r-7"}),
        "case.reviewed",
        object_id="c-1",
        at=day + timedelta(days=1),
    )
    return office


def vars_of(actor):
    return {name: getattr(actor, name) for name in ("kind", "user_id", "name", "roles", "scopes", "request_id")}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("action=case.viewed", ["case.viewed"]),
        ("actor=alice", ["case.viewed", "case.claimed"]),
        ("actor=ALICE", []),
        ("object_id=c-1", ["case.reviewed", "case.claimed"]),
        ("object_type=cases.case&object_id=c-2", ["case.viewed"]),
        ("object_type=access.user&object_id=c-2", []),
        ("queue={queue}", ["case.claimed"]),
        ("request_id=r-7", ["case.reviewed"]),
        ("from=2026-03-01&to=2026-03-01", ["case.viewed", "case.claimed"]),
        ("from=2026-03-02&to=2026-03-02", ["case.reviewed"]),
        ("to=2026-02-28", []),
        ("show=changes&object_type=cases.case", ["case.reviewed", "case.claimed"]),
        ("actor=alice&from=2026-03-01&action=case.claimed", ["case.claimed"]),
        ("actor=%25' or 1=1 --", []),
    ],
)
def test_filters_narrow_it(query, found, filled, auditor, machine):
    query = query.format(queue=filled.queue.pk)
    assert [action for _, action in shown(auditor.get(f"/audit/?{query}"))] == found
    assert [row["action"] for row in machine.client.get(f"{PATH}?{query}").json()["results"]] == found


@pytest.mark.parametrize(
    "query",
    [
        "queue=x", "queue={0}", "from=yesterday", "from=2026-02-30", "to=10000-01-01", "show=nothing", "actor__startswith=a", "ordering=actor",
        "actor=a&actor=b", "cursor=forged", "actor=%00", "data__filters=x", "object_id[]=1", "actor=" + "a" * 1001,
    ],
)  # fmt: skip
def test_an_address_it_does_not_know_is_refused_and_leaves_no_event(query, auditor, machine):
    assert auditor.get(f"/audit/?{query}").status_code == 400
    assert machine.client.get(f"{PATH}?{query}").status_code == 400
    assert not AuditEvent.objects.filter(action="trail.viewed").exists()


@pytest.mark.parametrize("size", ["0", "-1", "201", "1e9", "abc", "", "٣"])
def test_a_bad_page_size_is_refused(size, machine):
    assert machine.client.get(PATH, {"page_size": size}).status_code == 400


def test_the_last_day_of_the_calendar_is_no_error(auditor):
    assert auditor.get("/audit/?to=9999-12-31").status_code == 200


def test_queues_are_offered_by_name(filled, auditor):
    page = auditor.get("/audit/").content.decode()
    assert f'<option value="{filled.queue.pk}">Loans</option>' in page


def test_the_page_before_is_named_as_in_every_list(machine, alice):
    for number in range(4):
        note(actor_of(alice), object_id=f"c-{number}")
    first = machine.get(PATH, page_size="2", object_type="cases.case").json()
    assert first["previous"] is None
    second = machine.get(PATH, page_size="2", object_type="cases.case", cursor=first["next"]).json()
    assert [row["object"]["id"] for row in second["results"]] == ["c-1", "c-0"]
    again = machine.get(PATH, page_size="2", object_type="cases.case", cursor=second["previous"]).json()
    assert again["results"] == first["results"]


def test_pages_neither_skip_nor_repeat_while_events_arrive(machine, alice):
    for number in range(25):
        note(actor_of(alice), object_id=f"c-{number}")
    seen, cursor = [], None
    while True:
        page = machine.get(
            PATH, page_size="10", object_type="cases.case", **({"cursor": cursor} if cursor else {})
        ).json()
        seen += [row["object"]["id"] for row in page["results"]]
        cursor = page["next"]
        note(actor_of(alice), object_id="late")
        if not cursor:
            break
    assert seen == [f"c-{number}" for number in reversed(range(25))]


def test_a_page_of_the_trail_costs_the_same_however_long_it_is(auditor, alice, django_assert_max_num_queries):
    for number in range(120):
        note(actor_of(alice), object_id=f"c-{number}")
    with django_assert_max_num_queries(8):
        assert len(auditor.get("/audit/").context["rows"]) == 50


def test_the_story_of_one_object(filled):
    assert [event.action for event in queries.of_object("cases.case", ["c-1"])] == ["case.claimed", "case.reviewed"]
    assert [event.action for event in queries.of_object("cases.case", ["c-1", "c-2"])] == [
        "case.claimed",
        "case.viewed",
        "case.reviewed",
    ]


# One event


def test_one_event_shows_its_bytes_and_that_they_are_authentic(auditor, alice):
    note(actor_of(alice), "case.reviewed", object_id="c-1", answer="agree", lease=3)
    event = AuditEvent.objects.get(action="case.reviewed")
    page = auditor.get(f"/audit/{event.event_uuid}/").content.decode()
    assert "Authentic" in page
    assert bytes(event.mac).hex() in page
    assert "&quot;action&quot;:&quot;case.reviewed&quot;" in page
    assert AuditEvent.objects.get(action="trail.event_viewed").object_id == str(event.event_uuid)


def test_an_event_leads_to_its_case_whoever_may_open_it_and_tells_nobody_else_its_number(
    auditor, frank, sign_in, dana, alice, office
):
    case = office.send(external_id="APP-7")
    sign_in(alice).get(f"/cases/{case.pk}/")
    about_case = AuditEvent.objects.get(action="case.viewed")
    about_prediction = AuditEvent.objects.get(action="prediction.received")
    admin = sign_in(dana)
    for event in (about_case, about_prediction):
        paths = [f"/audit/{event.event_uuid}/", f"/audit/?object_id={event.object_id}"]
        for path in paths:
            for reader in (auditor, admin):  # neither has a right on the queue
                page = reader.get(path).content.decode()
                assert str(event.event_uuid) in page
                assert "/cases/" not in page
                assert "APP-7" not in page
    factories.grant(frank, VIEW_QUEUE, office.queue)
    for event in (about_case, about_prediction):
        for path in (f"/audit/{event.event_uuid}/", f"/audit/?object_id={event.object_id}"):
            assert f'<a href="/cases/{case.pk}/"><bdi>APP-7</bdi></a>' in auditor.get(path).content.decode()
            assert "/cases/" not in admin.get(path).content.decode()
    assert auditor.get(f"/cases/{case.pk}/").status_code == 200
    assert admin.get(f"/cases/{case.pk}/").status_code == 404


def test_an_event_about_an_id_that_no_case_can_have_leads_nowhere(auditor, alice):
    note(actor_of(alice), "case.viewed", object_id="c-1")
    event = AuditEvent.objects.get(object_id="c-1")
    assert auditor.get(f"/audit/{event.event_uuid}/").context["place"] is None


def test_an_event_that_does_not_exist_is_not_found(auditor):
    assert auditor.get(f"/audit/{UUID(int=7)}/").status_code == 404
    assert auditor.get("/audit/0190A000-0000-7000-8000-00000000000A/").status_code == 404


def test_the_api_gives_what_is_needed_to_check_an_event_elsewhere(machine, alice, settings):
    import hashlib
    import hmac
    import json

    note(actor_of(alice), "case.reviewed", object_id="c-1", answer="agree")
    [row] = machine.get(PATH, action="case.reviewed").json()["results"]
    assert hmac.new(settings.AUDIT_KEY, row["canonical"].encode(), hashlib.sha256).hexdigest() == row["mac"]
    assert json.loads(row["canonical"])["data"] == row["data"] == {"answer": "agree"}


def test_time_zones_of_the_writer_do_not_matter(alice):
    with time_machine.travel("2026-07-01T12:00:00+00:00", tick=False):
        local = timezone.now().astimezone(timezone.get_fixed_timezone(330))
    note(actor_of(alice), at=local)
    assert actions.check(AuditEvent.objects.get(action="case.viewed")).is_authentic
