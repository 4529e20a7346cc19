"""API keys: made by admins for service accounts, shown once, kept as digests, ended by time or by revoking."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from reviewapp.access.actions import create_api_key
from reviewapp.access.models import ApiKey, User
from reviewapp.access.rules import Role, Scope
from reviewapp.audit.models import AuditEvent
from reviewapp.lib.errors import Invalid, NotAllowed
from tests import factories
from tests.factories import actor_of


@pytest.fixture
def robot(db):
    return factories.make_user("robot", Role.AUDITOR, is_service=True)


def new_key(admin, robot, **changes):
    form = {"name": "audit, nightly", "owner": str(robot.pk), "scopes": [Scope.AUDIT_READ], "days": "30"} | changes
    return admin.post("/keys/new/", form)


def secret(page):
    return page.content.decode().split('class="secret">')[1].split("<")[0]


def read(token):
    return Client(headers={"Authorization": f"Bearer {token}"}).get("/api/v1/audit-events").status_code


def test_a_key_is_shown_once_works_and_is_kept_as_a_digest(admin, robot):
    token = secret(new_key(admin, robot))
    assert read(token) == 200
    key = ApiKey.objects.get()
    assert token.startswith(f"csk_{key.prefix}_")
    row = repr([getattr(key, field.attname) for field in ApiKey._meta.concrete_fields]).encode() + bytes(key.digest)
    assert token.split("_", 2)[2].encode() not in row
    page = admin.get("/keys/")
    assert f"csk_{key.prefix}".encode() in page.content
    assert token.encode() not in page.content
    event = AuditEvent.objects.get(action="api_key.created")
    assert (event.actor_name, event.object_id, event.data["scopes"]) == ("dana", str(key.pk), ["audit:read"])
    assert token.encode() not in bytes(event.canon)


def test_sending_the_page_twice_makes_one_key(admin, robot):
    assert [new_key(admin, robot).status_code for _ in range(2)] == [200, 409]
    assert ApiKey.objects.count() == 1


def test_a_revoked_key_is_refused_at_once(admin, robot):
    token = secret(new_key(admin, robot))
    key = ApiKey.objects.get()
    answer = admin.post(f"/keys/{key.pk}/revoke/", follow=True)
    assert b"The key is revoked" in answer.content
    assert read(token) == 401
    assert b"was revoked before" in admin.post(f"/keys/{key.pk}/revoke/", follow=True).content
    assert AuditEvent.objects.filter(action="api_key.revoked").count() == 1
    assert new_key(admin, robot).status_code == 200  # its name is free again


def test_a_key_ends_with_its_account_and_comes_back_with_it(admin, robot):
    token = secret(new_key(admin, robot))
    admin.post(f"/people/{robot.pk}/state/", {"active": "no"})
    assert read(token) == 401
    admin.post(f"/people/{robot.pk}/state/", {"active": "yes"})
    assert read(token) == 200


def test_a_key_can_do_no_more_than_its_account(admin, db):
    plain = factories.make_user("plain", Role.SERVICE, is_service=True)
    assert read(secret(new_key(admin, plain))) == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"scopes": []}, {"scopes": ["root:all"]}, {"days": "9999"}, {"days": "-1"}, {"name": ""}, {"name": "x" * 61}, {"owner": "x"},
        {"name": "a\0b"},
    ],
)  # fmt: skip
def test_a_bad_key_is_not_made(changes, admin, robot):
    assert new_key(admin, robot, **changes).status_code == 422
    assert not ApiKey.objects.exists()


def test_nobody_makes_a_key_that_acts_as_a_person(admin, alice):
    assert new_key(admin, alice).status_code == 422
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_a_key_lasts_at_most_a_year(days, robot, dana):
    now = timezone.now()
    given = {"owner_id": robot.pk, "name": "x", "scopes": [Scope.AUDIT_READ], "actor": actor_of(dana), "at": now}
    with pytest.raises(Invalid):
        create_api_key(**given, expires_at=now + timedelta(days=days))
    key, _ = create_api_key(**given, expires_at=now + timedelta(days=366))
    assert key.expires_at == now + timedelta(days=366)


def test_a_key_for_a_person_is_refused_by_the_action(alice, dana):
    now = timezone.now()
    with pytest.raises(NotAllowed):
        create_api_key(
            owner_id=alice.pk,
            name="x",
            scopes=[Scope.CASES_REVIEW],
            expires_at=now + timedelta(days=1),
            actor=actor_of(dana),
            at=now,
        )


@pytest.mark.parametrize("person", ["alice", "carol", "frank"])
def test_nobody_else_makes_or_revokes_keys(person, request, robot, sign_in):
    browser = sign_in(request.getfixturevalue(person))
    factories.make_key(robot, Scope.AUDIT_READ)
    key = ApiKey.objects.get()
    assert new_key(browser, robot).status_code == 403
    assert browser.post(f"/keys/{key.pk}/revoke/").status_code == 403
    key.refresh_from_db()
    assert key.revoked_at is None


def test_a_key_that_does_not_exist_is_not_found(admin):
    assert admin.post("/keys/0190a000-0000-7000-8000-000000000000/revoke/").status_code == 404


def test_the_list_is_filtered_by_its_address(admin, robot):
    new_key(admin, robot)
    factories.make_key(robot, Scope.AUDIT_READ, expires_in=timedelta(minutes=-1))
    found = {
        query: len(admin.get(f"/keys/?{query}").context["rows"])
        for query in ("", "state=usable", "state=ended", "q=robot", "q=nobody")
    }
    assert list(found.values()) == [2, 1, 1, 2, 0]


def test_without_a_service_account_the_page_says_what_to_do(admin):
    assert b"There is no service account" in admin.get("/keys/new/").content


# The first administrator


def test_the_first_admin_is_made_on_the_command_line(db):
    told = StringIO()
    call_command("create_admin", "root", "--generate", stdout=told)
    made = told.getvalue().strip().rpartition(" ")[2]
    browser = Client()
    assert browser.post("/sign-in/", {"username": "root", "password": made}).status_code == 302
    assert browser.get("/people/")["Location"] == "/password/"
    assert set(User.objects.get().groups.values_list("name", flat=True)) == {"Admin"}
    assert AuditEvent.objects.filter(action="user.created", actor_kind="system").count() == 1


@pytest.mark.parametrize("name", ["dana", "No Name"])
def test_a_taken_or_bad_name_makes_nobody(name, dana):
    with pytest.raises(CommandError):
        call_command("create_admin", name, "--generate", stdout=StringIO())
    assert User.objects.count() == 1


def test_without_a_terminal_no_password_is_made_up(db, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(CommandError, match="--generate"):
        call_command("create_admin", "root", stdout=StringIO())
