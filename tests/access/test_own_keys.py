"""What one presses for the keys of the product: saved for the person, refused where two things would have one key."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewapp.access.rules import KEY_WORDS, own_key_faults
from reviewapp.audit.models import AuditEvent
from reviewapp.cases.board_words import ACTS
from tests.architecture.source import TEMPLATES

PAGE = "/preferences/keys/"
ONE_KEY = re.compile(r'data-key="([^"{])"')


def press(browser, **own):
    typed = {f"key-{ord(key)}": own.get(key, key) for key in KEY_WORDS}
    return browser.post(PAGE, typed)


def test_own_keys_are_on_every_page_and_on_record(alice, bob, sign_in):
    browser = sign_in(alice)
    assert press(browser, a="q").status_code == 302
    assert 'data-own-keys="aq"' in browser.get("/my-work/").content.decode()
    assert "data-own-keys" not in sign_in(bob).get("/my-work/").content.decode()
    event = AuditEvent.objects.get(action="user.keys_changed")
    assert (event.actor_id, event.data) == (alice.pk, {"own_keys": {"a": "q"}})


def test_a_key_that_means_something_else_is_refused_beside_its_field_and_nothing_typed_is_lost(alice, sign_in):
    browser = sign_in(alice)
    answer = press(browser, a="c", n="h")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "This key is taken: Correct." in page
    assert 'value="h"' in page
    alice.refresh_from_db()
    assert alice.own_keys == {}


def test_two_keys_may_change_places_and_all_are_given_back_at_once(alice, sign_in):
    browser = sign_in(alice)
    press(browser, a="c", c="a")
    alice.refresh_from_db()
    assert alice.own_keys == {"a": "c", "c": "a"}
    assert browser.post(PAGE, {"reset": "yes"}).status_code == 302
    alice.refresh_from_db()
    assert alice.own_keys == {}


@pytest.mark.parametrize("pressed", ["1", "?", "aa", "ä", " x y ", "\x00", "<"])
def test_what_is_no_key_of_ours_is_refused(alice, sign_in, pressed):
    assert press(sign_in(alice), a=pressed).status_code in {400, 422}
    alice.refresh_from_db()
    assert alice.own_keys == {}


@given(
    st.dictionaries(
        st.sampled_from(sorted(KEY_WORDS)), st.sampled_from([*sorted(KEY_WORDS), "q", "h", "1"]), max_size=6
    )
)
def test_whatever_is_accepted_leaves_one_meaning_to_each_key(own):
    changed = {key: pressed for key, pressed in own.items() if key != pressed}
    pressed = [changed.get(key, key) for key in KEY_WORDS]
    assert bool(own_key_faults(changed)) == (len(set(pressed)) < len(pressed) or "1" in pressed)


def test_every_single_key_of_a_page_can_be_changed():
    on_pages = {key for page in TEMPLATES.rglob("*.html") for key in ONE_KEY.findall(page.read_text(encoding="utf-8"))}
    assert {"a", "c", "r", "t"} | {act["key"] for act in ACTS} | on_pages <= KEY_WORDS.keys()
    assert "e" in on_pages
