"""Signing in: the right password opens a new session, wrong ones are few, and nothing tells which names exist."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from statistics import median
from threading import Barrier
from unittest import mock

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth import hashers
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from reviewapp.access import budget
from reviewapp.access.actions import sign_in as sign_in_action
from reviewapp.access.models import SignInBudget, User
from reviewapp.audit.models import AuditEvent
from reviewapp.config import settings as product
from tests import factories
from tests.factories import PASSWORD

COOKIE = settings.SESSION_COOKIE_NAME


def attempt(browser: Client, username: str, password: str = PASSWORD, **extra):
    return browser.post("/sign-in/", {"username": username, "password": password, **extra.pop("data", {})}, **extra)


def test_the_right_password_opens_the_pages_and_is_on_record(alice):
    browser = Client()
    assert browser.get("/help/").status_code == 302
    response = attempt(browser, "alice", data={"next": "/help/"})
    assert (response.status_code, response["Location"]) == (302, "/help/")
    assert browser.get("/help/").status_code == 200
    event = AuditEvent.objects.get(action="user.signed_in")
    assert (event.actor_name, event.object_id) == ("alice", str(alice.pk))


def test_a_wrong_password_opens_nothing_and_is_on_record(alice):
    browser = Client()
    response = attempt(browser, "alice", "wrong")
    assert response.status_code == 401
    assert b"name or the password is wrong" in response.content
    assert browser.get("/help/").status_code == 302
    event = AuditEvent.objects.get(action="user.sign_in_refused")
    assert (event.object_id, event.actor_name, event.outcome) == (str(alice.pk), "sign-in", "refused")


def test_the_name_typed_for_an_unknown_account_is_not_kept(db):
    attempt(Client(), "my-secret-typed-as-name", "wrong")
    event = AuditEvent.objects.get(action="user.sign_in_refused")
    assert event.object_id == "unknown"
    assert b"my-secret" not in bytes(event.canon)
    assert not SignInBudget.objects.filter(key__contains="my-secret").exists()


@pytest.mark.parametrize("kind", ["unknown", "disabled", "service"])
def test_every_refusal_is_the_same_answer(kind, alice):
    alice.is_active = kind != "disabled"
    alice.save()
    factories.make_user("robot", is_service=True)
    name = {"unknown": "nobody", "disabled": "alice", "service": "robot"}[kind]
    refused, reference = attempt(Client(), name), attempt(Client(), "somebody-else", "wrong")
    assert refused.status_code == reference.status_code == 401
    assert text_of(refused, name) == text_of(reference, "somebody-else")


def text_of(response, name):
    """The page without what differs by nature: the name typed, the token, the request's id, the clock."""
    page = response.content.decode().replace(name, "NAME")
    return [line for line in page.splitlines() if "csrf" not in line and "data-now" not in line]


@pytest.mark.parametrize("typed", ["ALICE", " alice ", "alice", "àlicé"])
def test_width_case_and_accents_of_a_name_do_not_matter(typed, alice):
    assert attempt(Client(), typed).status_code == 302


# At most ten wrong guesses in a quarter of an hour


def test_the_eleventh_guess_is_not_evaluated_even_if_it_is_right(alice):
    browser = Client()
    assert [attempt(browser, "alice", "wrong").status_code for _ in range(10)] == [401] * 10
    refused = attempt(browser, "alice")
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 900
    assert b"Too many tries" in refused.content


def test_a_thousand_guesses_with_rotating_addresses_and_spellings_are_ten(alice, monkeypatch):
    checked = []
    monkeypatch.setattr(hashers, "check_password", mock.Mock(side_effect=hashers.check_password))
    monkeypatch.setattr(User, "check_password", lambda self, raw: checked.append(raw) or False)
    browser, spellings = Client(), ["alice", "Alice", "ALICE", "alice", "alicé", "àlice", "alice ", "alicé"]
    answers = set()
    for number in range(1000):
        address = f"10.0.{number // 250}.{number % 250}"
        headers = {
            "X-Forwarded-For": address,
            "X-Real-IP": address,
            "Forwarded": f"for={address}",
            "X_Forwarded_For": address,
        }
        answers.add(
            attempt(browser, spellings[number % len(spellings)], f"guess {number}", headers=headers).status_code
        )
    assert answers == {401, 429}
    assert len(checked) == 10


@pytest.mark.django_db(transaction=True)
def test_parallel_guesses_are_ten_as_well():
    now, start = timezone.now(), Barrier(32)

    def guess(number):
        start.wait()
        try:
            budget.spend(budget.keys_of("alice", f"10.0.0.{number}"), at=now + timedelta(microseconds=number))
        except budget.TooManyGuesses:
            return "refused"
        finally:
            connection.close()
        return "evaluated"

    with ThreadPoolExecutor(32) as pool:
        results = list(pool.map(guess, range(32)))
    assert results.count("evaluated") == 10


def test_right_passwords_are_not_counted(alice):
    assert [attempt(Client(), "alice").status_code for _ in range(25)] == [302] * 25


def test_the_budget_slides(alice):
    begin = timezone.now()
    with time_machine.travel(begin, tick=False) as clock:
        attempt(Client(), "alice", "wrong")
        clock.shift(timedelta(minutes=14))
        assert [attempt(Client(), "alice", "wrong").status_code for _ in range(10)] == [401] * 9 + [429]
        clock.shift(timedelta(minutes=1, seconds=1))  # only the first guess has left the quarter of an hour
        assert [attempt(Client(), "alice", "wrong").status_code for _ in range(2)] == [401, 429]
        clock.shift(timedelta(minutes=15))
        assert attempt(Client(), "alice").status_code == 302


def test_one_address_guesses_two_hundred_times_at_all_accounts_together(db, monkeypatch):
    monkeypatch.setattr(budget, "GUESSES_PER_ADDRESS", 3)
    assert [attempt(Client(), f"user{number}", "wrong").status_code for number in range(4)] == [401, 401, 401, 429]
    assert attempt(Client(REMOTE_ADDR="192.0.2.7"), "user9", "wrong").status_code == 401


def test_an_address_counts_as_its_ipv6_network(db, monkeypatch):
    monkeypatch.setattr(budget, "GUESSES_PER_ADDRESS", 1)
    assert attempt(Client(REMOTE_ADDR="2001:db8::1"), "a1", "wrong").status_code == 401
    assert attempt(Client(REMOTE_ADDR="2001:db8::2:1"), "a2", "wrong").status_code == 429
    assert attempt(Client(REMOTE_ADDR="2001:db8:0:1::1"), "a3", "wrong").status_code == 401


def test_behind_a_proxy_only_the_address_it_added_counts(db, monkeypatch, settings):
    settings.BEHIND_PROXY = True
    monkeypatch.setattr(budget, "GUESSES_PER_ADDRESS", 1)
    codes = [
        attempt(Client(), f"b{n}", "x", headers={"X-Forwarded-For": f"10.0.0.{n}, 192.0.2.1"}).status_code
        for n in range(2)
    ]
    assert codes == [401, 429]


# Unreadable input is refused before anything is hashed


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("alice\0", PASSWORD), ("alice", "x\0y"), ("alice", "x" * 1025), ("alice", "é" * 600), ("alice", "x" * 1_000_000),
        ("a" * 61, "x"), ("a" * 5000, "x"), ("ﷺ" * 61, "x"), ("", ""), ("alice", ""),
    ],
    ids=["NUL in name", "NUL in password", "long", "long in bytes", "1 MB", "61", "5000", "expanding", "empty", "no password"],
)  # fmt: skip
def test_unreadable_input_is_refused_quickly_and_unhashed(username, password, alice, monkeypatch):
    monkeypatch.setattr(User, "check_password", mock.Mock(side_effect=AssertionError("hashed")))
    monkeypatch.setattr(User, "set_password", mock.Mock(side_effect=AssertionError("hashed")))
    browser = Client()
    begin = time.perf_counter()
    response = attempt(browser, username, password)
    assert response.status_code == 400
    assert time.perf_counter() - begin < 0.1
    assert not SignInBudget.objects.exists()


def test_more_than_a_megabyte_is_refused(alice):
    assert attempt(Client(), "alice", "x" * 1_100_000).status_code in {400, 413}


# Where it leads


@pytest.mark.parametrize(
    "goal",
    [
        "//evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\\evil.example",
        "/\tevil",
        "\x0b//evil",
        "evil.example",
    ],
)
def test_no_link_leads_away_from_this_site(goal, alice):
    response = attempt(Client(), "alice", data={"next": goal})
    assert (response.status_code, response["Location"]) == (302, "/")


def test_signing_in_leads_back_to_where_a_link_led(alice):
    browser = Client()
    asked = browser.get("/cases/0190a000-0000-7000-8000-000000000000/?x=1")
    assert asked["Location"] == "/sign-in/?next=/cases/0190a000-0000-7000-8000-000000000000/%3Fx%3D1"
    assert (
        b'name="next" value="/cases/0190a000-0000-7000-8000-000000000000/?x=1"'
        in browser.get(asked["Location"]).content
    )


# No audit, no session


def test_without_an_event_nobody_is_signed_in(alice, monkeypatch):
    monkeypatch.setattr("reviewapp.audit.actions._row", mock.Mock(side_effect=OperationalError))
    browser = Client()
    assert attempt(browser, "alice").status_code == 503
    assert COOKIE not in browser.cookies


def test_passwords_are_hashed_with_argon2_and_an_unknown_name_costs_a_hash_as_well(alice, settings):
    settings.PASSWORD_HASHERS = product.PASSWORD_HASHERS
    alice.set_password(PASSWORD)
    alice.save()
    assert alice.password.startswith("argon2$argon2id$")
    times = {"alice": [], "nobody-at-all": []}
    for _ in range(7):
        for name, taken in times.items():
            begin = time.perf_counter()
            with pytest.raises(Exception, match="wrong"):
                sign_in_action(username=name, password="wrong", address="", request_id="", at=timezone.now())
            taken.append(time.perf_counter() - begin)
    known, unknown = median(times["alice"]), median(times["nobody-at-all"])
    assert abs(known - unknown) < 0.35 * max(known, unknown)
