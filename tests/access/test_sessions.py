"""A session has a new id each time, ends when it should, and is worth nothing afterwards."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from reviewapp.access import actions
from reviewapp.access.rules import VIEW_QUEUE, WORK_QUEUE, Role
from reviewapp.audit.models import AuditEvent
from reviewapp.lib.actor import system
from tests.factories import PASSWORD, actor_of

COOKIE = settings.SESSION_COOKIE_NAME
NEW_PASSWORD = "a long walk over the hills"


def session_id(browser):
    return browser.cookies[COOKIE].value


def with_id(value):
    browser = Client()
    browser.cookies[COOKIE] = value
    return browser


def is_signed_in(browser):
    """A page opens, and the API takes the session."""
    page, call = browser.get("/help/").status_code, browser.get("/api/v1/cases").status_code
    assert (page, call) in {(200, 200), (302, 401)}
    return page == 200


def test_a_session_id_fixed_before_signing_in_is_worth_nothing(alice):
    browser = with_id("attackers0choice0of0a0session0id")
    browser.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    assert session_id(browser) != "attackers0choice0of0a0session0id"
    assert is_signed_in(browser)
    assert not is_signed_in(with_id("attackers0choice0of0a0session0id"))


def test_signing_in_again_gives_a_new_id_and_ends_the_old_one(alice, sign_in):
    browser = sign_in(alice)
    before = session_id(browser)
    browser.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    assert session_id(browser) != before
    assert is_signed_in(browser)
    assert not is_signed_in(with_id(before))


def test_the_old_id_is_dead_after_signing_out(alice, sign_in):
    browser = sign_in(alice)
    kept = session_id(browser)
    assert browser.post("/sign-out/").status_code == 302
    assert not is_signed_in(with_id(kept))
    assert not Session.objects.filter(pk=kept).exists()
    assert AuditEvent.objects.filter(action="user.signed_out", actor_name="alice").exists()


def change_password(alice, office):
    actions.change_password(
        user_id=alice.pk, current=PASSWORD, new=NEW_PASSWORD, address="", actor=actor_of(alice), at=timezone.now()
    )


def reset_password(alice, office):
    actions.reset_password(user_id=alice.pk, password=NEW_PASSWORD, actor=system("test"), at=timezone.now())


def lose_role(alice, office):
    actions.set_roles(user_id=alice.pk, roles=[], actor=system("test"), at=timezone.now())


def gain_role(alice, office):
    actions.set_roles(user_id=alice.pk, roles=[Role.REVIEWER, Role.LEAD], actor=system("test"), at=timezone.now())


def be_disabled(alice, office):
    actions.set_active(user_id=alice.pk, active=False, actor=system("test"), at=timezone.now())


def lose_grant(alice, office):
    actions.set_grant(
        holder=alice, target=office.queue, right=WORK_QUEUE, granted=False, actor=system("test"), at=timezone.now()
    )


@pytest.mark.parametrize("change", [change_password, reset_password, lose_role, gain_role, be_disabled, lose_grant])
def test_every_session_of_before_ends_with(change, alice, bob, office, sign_in):
    browsers = [sign_in(alice), sign_in(alice)]
    colleague = sign_in(bob)
    change(alice, office)
    assert [is_signed_in(browser) for browser in browsers] == [False, False]
    assert is_signed_in(colleague)


def test_a_role_that_loses_a_right_ends_the_sessions_of_its_members(alice, carol, office, sign_in):
    reviewers = Group.objects.get(name=Role.REVIEWER)
    grant = {"holder": reviewers, "target": office.lead_queue, "right": VIEW_QUEUE, "actor": system("test")}
    actions.set_grant(**grant, granted=True, at=timezone.now())
    browser, lead = sign_in(alice), sign_in(carol)
    actions.set_grant(**grant, granted=False, at=timezone.now())
    assert not is_signed_in(browser)
    assert is_signed_in(lead)


def test_a_new_right_throws_nobody_out_and_counts_at_once(alice, office, sign_in):
    browser = sign_in(alice)
    assert browser.get(f"/queues/{office.lead_queue.slug}/").status_code == 404
    actions.set_grant(
        holder=alice, target=office.lead_queue, right=VIEW_QUEUE, granted=True, actor=system("test"), at=timezone.now()
    )
    assert is_signed_in(browser)
    assert browser.get(f"/queues/{office.lead_queue.slug}/").status_code == 200


def test_a_request_right_after_a_lost_right_is_refused(alice, office, api):
    client = api(alice)
    assert client.post(f"/api/v1/queues/{office.queue.slug}/claim").status_code in {200, 204}
    lose_grant(alice, office)
    assert client.post(f"/api/v1/queues/{office.queue.slug}/claim").status_code in {403, 404}


def test_after_a_quarter_of_an_hour_of_rest_a_session_ends(alice, sign_in):
    begin = timezone.now()
    with time_machine.travel(begin, tick=False) as clock:
        browser = sign_in(alice)
        for _ in range(5):
            clock.shift(timedelta(minutes=14))
            assert is_signed_in(browser)
        clock.shift(timedelta(minutes=15, seconds=1))
        assert not is_signed_in(browser)


def test_after_twelve_hours_a_session_ends_however_busy(alice, sign_in):
    begin = timezone.now()
    with time_machine.travel(begin, tick=False) as clock:
        browser = sign_in(alice)
        while timezone.now() - begin < timedelta(hours=11, minutes=58):
            clock.shift(timedelta(minutes=10))
            browser.get("/help/")
        clock.move_to(begin + timedelta(hours=11, minutes=59))
        assert is_signed_in(browser)
        clock.move_to(begin + timedelta(hours=12, seconds=1))
        assert not is_signed_in(browser)


def test_an_ended_session_says_so_and_leads_back(alice, sign_in):
    browser = sign_in(alice)
    be_disabled(alice, None)
    asked = browser.get("/help/", follow=True)
    assert asked.redirect_chain == [("/sign-in/?next=/help/", 302)]
    assert b"Your session has ended" in asked.content


@pytest.mark.parametrize("path", ["/help/", "/my-work/", "/password/"])
def test_nothing_of_a_signed_in_person_is_stored_by_caches(path, alice, sign_in):
    assert sign_in(alice).get(path)["Cache-Control"] == "no-store"


# One's own password


def test_changing_ones_password_keeps_this_browser_under_a_new_id(alice, sign_in):
    here, elsewhere = sign_in(alice), sign_in(alice)
    before = session_id(here)
    response = here.post("/password/", {"current": PASSWORD, "new": NEW_PASSWORD, "again": NEW_PASSWORD})
    assert response.status_code == 302
    assert session_id(here) != before
    assert is_signed_in(here)
    assert not is_signed_in(elsewhere)
    assert Client().post("/sign-in/", {"username": "alice", "password": PASSWORD}).status_code == 401
    assert Client().post("/sign-in/", {"username": "alice", "password": NEW_PASSWORD}).status_code == 302


@pytest.mark.parametrize(
    ("current", "new", "again", "status", "says"),
    [
        ("wrong", NEW_PASSWORD, NEW_PASSWORD, 422, "present password is wrong"),
        (PASSWORD, "short", "short", 422, "too short"),
        (PASSWORD, "password1234", "password1234", 422, "too common"),
        (PASSWORD, NEW_PASSWORD, NEW_PASSWORD + "!", 400, "differ"),
        (PASSWORD, "x" * 1025, "x" * 1025, 400, "1024"),
    ],
)
def test_a_bad_change_of_password_changes_nothing(current, new, again, status, says, alice, sign_in):
    browser = sign_in(alice)
    response = browser.post("/password/", {"current": current, "new": new, "again": again})
    assert response.status_code == status
    assert says in response.content.decode()
    assert is_signed_in(browser)
    assert Client().post("/sign-in/", {"username": "alice", "password": PASSWORD}).status_code == 302


def test_guessing_the_present_password_is_guessing(alice, sign_in):
    browser = sign_in(alice)
    guess = {"current": "wrong", "new": NEW_PASSWORD, "again": NEW_PASSWORD}
    assert [browser.post("/password/", guess).status_code for _ in range(11)] == [422] * 10 + [429]
    assert AuditEvent.objects.filter(action="user.password_changed", outcome="refused").count() == 10


def test_a_password_set_by_somebody_else_must_be_changed_first(alice, sign_in):
    alice.must_change_password = True
    alice.save()
    browser = sign_in(alice)
    assert browser.get("/my-work/")["Location"] == "/password/"
    assert browser.get("/api/v1/cases").status_code == 403
    assert b"An administrator set your password" in browser.get("/password/").content
    browser.post("/password/", {"current": PASSWORD, "new": NEW_PASSWORD, "again": NEW_PASSWORD})
    assert browser.get("/my-work/").status_code == 200
    assert browser.get("/api/v1/cases").status_code == 200


# Preferences


def test_the_theme_follows_the_person_and_the_rest_stays_on_the_device(alice, sign_in):
    browser = sign_in(alice)
    answer = browser.post("/preferences/", {"theme": "dark", "density": "touch", "shortcuts": "off", "next": "/help/"})
    assert answer["Location"] == "/help/"
    page = browser.get("/help/").content.decode()
    assert 'data-theme="dark" data-density="touch" data-shortcuts="off"' in page
    assert 'data-theme="dark" data-density="auto"' in sign_in(alice).get("/help/").content.decode()
    assert AuditEvent.objects.get(action="user.theme_changed").data == {"theme": "dark"}


@pytest.mark.parametrize("wrong", [{"theme": "<script>"}, {"theme": "dark", "density": "x"}, {}])
def test_unknown_preferences_are_refused(wrong, alice, sign_in):
    browser = sign_in(alice)
    assert browser.post("/preferences/", wrong).status_code == 400
    assert not AuditEvent.objects.filter(action="user.theme_changed").exists()
