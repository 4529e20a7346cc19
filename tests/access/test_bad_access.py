"""Bad input at the door (C1 to C12): refused, the same for everyone, and nothing changed."""

import logging
from datetime import timedelta
from unittest import mock

import pytest
from django.conf import settings
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from reviewapp.access.actions import revoke_api_key
from reviewapp.access.models import ApiKey
from reviewapp.access.rules import Role, Scope
from reviewapp.audit.models import AuditEvent
from reviewapp.lib.actor import system
from tests import factories


@pytest.fixture
def robot(db):
    return factories.make_user("robot", Role.AUDITOR, is_service=True)


def call(token, path="/api/v1/audit-events", **headers):
    return Client(headers={"Authorization": f"Bearer {token}"} if token is not None else {}).get(path, headers=headers)


# C1: keys


def bad_keys(robot):
    good = factories.make_key(robot, Scope.AUDIT_READ)
    expired = factories.make_key(robot, Scope.AUDIT_READ, expires_in=timedelta(seconds=-1))
    revoked = factories.make_key(robot, Scope.AUDIT_READ)
    revoke_api_key(key_id=ApiKey.objects.get(prefix=revoked.split("_")[1]).pk, actor=system("test"), at=timezone.now())
    leaver = factories.make_user("leaver", is_service=True)
    disabled = factories.make_key(leaver, Scope.AUDIT_READ)
    leaver.is_active = False
    leaver.save()
    return {
        "none": None,
        "empty": "",
        "expired": expired,
        "revoked": revoked,
        "owner disabled": disabled,
        "wrong secret": good[:-1] + ("A" if good[-1] != "A" else "B"),
        "another's prefix": good.split("_")[0] + "_" + expired.split("_")[1] + "_" + good.split("_", 2)[2],
        "no mark": good.removeprefix("csk_"),
        "long": good + "x" * 10_000,
        "not ASCII": "csk_é_é",
        "NUL": "csk_\0_x",
    }


def test_every_unusable_key_gets_the_same_401(robot):
    answers = {name: call(token) for name, token in bad_keys(robot).items()}
    assert {name: answer.status_code for name, answer in answers.items() if name != "NUL"} == dict.fromkeys(
        answers.keys() - {"NUL"}, 401
    )
    assert answers["NUL"].status_code in {400, 401}
    assert len({answer.content for name, answer in answers.items() if name != "NUL"}) == 1
    assert all("realm" in answers[name]["WWW-Authenticate"] for name in ("none", "expired"))


def test_a_usable_key_gets_an_answer(robot):
    assert call(factories.make_key(robot, Scope.AUDIT_READ)).status_code == 200


def test_a_key_without_the_scope_is_refused(robot):
    answer = call(factories.make_key(robot, Scope.CASES_READ))
    assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")


# C2: a key in the address


@pytest.mark.parametrize("name", ["token", "key", "api_key", "access_token", "password"])
@pytest.mark.parametrize("path", ["/api/v1/cases", "/sign-in/"])
def test_a_secret_in_the_address_is_refused_and_not_logged(name, path, db, caplog):
    caplog.set_level(logging.DEBUG)
    answer = Client().get(path, {name: "s3cr3t-canary"})
    assert answer.status_code == 400
    assert b"s3cr3t-canary" not in answer.content
    assert "s3cr3t-canary" not in caplog.text


# C3: whose host is it


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1, evil.example",
        "127.0.0.1,127.0.0.1",
        "evil.example:80",
        "127.0.0.1:80@evil",
        "",
        "[",
        "a b",
    ],
)
@pytest.mark.parametrize("path", ["/sign-in/", "/api/v1/cases"])
def test_a_foreign_or_doubled_host_is_refused(host, path, db):
    assert Client().get(path, headers={"Host": host}).status_code == 400


def test_a_forwarded_host_is_ignored(alice, sign_in):
    answer = Client().get(
        "/my-work/",
        headers={
            "X-Forwarded-Host": "evil.example",
            "X-Forwarded-Server": "evil.example",
            "X-Forwarded-Proto": "https",
        },
    )
    assert answer["Location"] == "/sign-in/?next=/my-work/"
    assert "evil" not in str(sign_in(alice).get("/help/", headers={"X-Forwarded-Host": "evil.example"}).content)


# C4, C5: control characters, too much of everything


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: x=1", "a\nb", "a\rb", "a\x0bb", "a\x85b", "a\0b", "a\x7fb"])
@pytest.mark.parametrize(
    "name", ["X-Request-ID", "User-Agent", "Referer", "Accept-Language", "Idempotency-Key", "Cookie"]
)
def test_control_characters_in_a_header_are_refused(name, value, db):
    answer = Client().get("/api/v1/cases", headers={name: value})
    assert answer.status_code == 400
    assert answer["Content-Type"].startswith("application/problem+json")


def test_a_tab_in_a_header_is_allowed(db):
    assert Client().get("/sign-in/", headers={"User-Agent": "a\tb"}).status_code == 200


def test_two_hundred_headers_and_a_huge_cookie_are_no_error(db):
    headers = {f"X-Header-{number}": "v" for number in range(200)} | {"Cookie": "a=" + "b" * 65_000}
    assert Client().get("/sign-in/", headers=headers).status_code in {200, 400, 431}


# C6: forms of other sites


@pytest.mark.parametrize(
    "extra",
    [{}, {"headers": {"Origin": "null"}}, {"headers": {"Origin": "https://evil.example"}}],
    ids=["no token", "null", "foreign"],
)
@pytest.mark.parametrize("path", ["/preferences/", "/sign-out/", "/password/"])
def test_a_form_without_token_or_from_elsewhere_is_refused(path, extra, alice):
    browser = Client(enforce_csrf_checks=True)
    token = csrf_token(browser.get("/sign-in/"))
    assert (
        browser.post(
            "/sign-in/", {"username": "alice", "password": factories.PASSWORD, "csrfmiddlewaretoken": token}
        ).status_code
        == 302
    )
    current = csrf_token(browser.get("/help/"))
    data = {"theme": "dark"} | ({"csrfmiddlewaretoken": current} if extra else {})
    assert browser.post(path, data, **extra).status_code == 403
    alice.refresh_from_db()
    assert alice.theme == "auto"


def test_the_token_of_before_signing_in_is_old(alice):
    browser = Client(enforce_csrf_checks=True)
    old = csrf_token(browser.get("/sign-in/"))
    browser.post("/sign-in/", {"username": "alice", "password": factories.PASSWORD, "csrfmiddlewaretoken": old})
    assert browser.post("/preferences/", {"theme": "dark", "csrfmiddlewaretoken": old}).status_code == 403
    assert (
        browser.post(
            "/preferences/", {"theme": "dark", "csrfmiddlewaretoken": csrf_token(browser.get("/help/"))}
        ).status_code
        == 302
    )


def test_a_session_writes_through_the_api_only_with_a_token(alice, office):
    browser = Client(enforce_csrf_checks=True)
    token = csrf_token(browser.get("/sign-in/"))
    browser.post("/sign-in/", {"username": "alice", "password": factories.PASSWORD, "csrfmiddlewaretoken": token})
    claim = f"/api/v1/queues/{office.queue.slug}/claim"
    assert browser.post(claim, {}, content_type="application/json").status_code == 403
    fresh = csrf_token(browser.get("/help/"))
    assert browser.post(claim, {}, content_type="application/json", headers={"X-CSRFToken": fresh}).status_code == 204


def csrf_token(response):
    return response.content.decode().split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]


# An outage before any view begins is a clean refusal


@pytest.mark.parametrize(("path", "kind"), [("/help/", "text/html"), ("/api/v1/cases", "application/problem+json")])
def test_a_database_lost_before_the_page_begins_is_a_503(path, kind, alice, sign_in, monkeypatch):
    browser = sign_in(alice)
    browser.raise_request_exception = False
    monkeypatch.setattr("reviewapp.access.middleware.session_user", mock.Mock(side_effect=OperationalError))
    answer = browser.get(path)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer["Content-Type"].startswith(kind)


# C12: machines open no pages


@pytest.mark.parametrize("path", ["/my-work/", "/people/", "/audit/", "/help/"])
def test_a_key_opens_no_page(path, robot):
    assert call(factories.make_key(robot, *Scope), path=path).status_code == 403


def test_a_service_account_signs_in_nowhere(robot):
    assert Client().post("/sign-in/", {"username": "robot", "password": factories.PASSWORD}).status_code == 401
    assert AuditEvent.objects.filter(action="user.signed_in").count() == 0


def test_a_service_accounts_session_is_no_session(robot, alice, sign_in):
    browser = sign_in(alice)
    session = browser.session
    session["_auth_user_id"] = str(robot.pk)
    session.save()
    assert browser.get("/help/").status_code == 302


def test_the_session_cookie_is_closed_to_scripts_and_other_sites(alice, sign_in):
    cookie = sign_in(alice).cookies[settings.SESSION_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
