"""By keyboard alone: everything can be reached, it shows where one is, and keys rest while one types."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import take

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]

# What Tab must reach: a group of radio buttons is one stop, and so is what a closed disclosure hides: none.
_STOPS = """() => {
  const named = new Map();
  for (const element of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")) {
    if (element.disabled || !element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true })) continue;
    named.set(element.type === "radio" ? element.form.id + element.name : element, element);
  }
  [...named.values()].forEach((element, number) => { element.dataset.stop = number; });
  return named.size;
}"""
_HERE = """() => {
  const element = document.activeElement;
  if (element === document.body) return null;
  const face = element.matches("[type=radio], [type=checkbox]") ? element.nextElementSibling ?? element : element;
  const looks = [element, face].map((part) => getComputedStyle(part));
  const outlined = looks.some((look) => look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2);
  const stop = element.dataset.stop ?? document.querySelector(`input[type=radio][name="${element.name}"][data-stop]`)?.dataset.stop;
  return { stop, outlined, html: element.outerHTML.slice(0, 120) };
}"""


def _walk(page: Page) -> tuple[set[str], list[str]]:
    """(stops reached, stops that never had a visible focus) from the top of the page until Tab leaves it."""
    reached, seen, met = set(), set(), set()
    page.evaluate("document.activeElement.blur()")
    for _ in range(300):
        page.keyboard.press("Tab")
        here = page.evaluate(_HERE)
        if here is None or (here["stop"] in reached and here["stop"] == "0"):
            break
        if here["stop"] is not None:
            reached.add(here["stop"])
        met.add(here["html"])
        if here[
            "outlined"
        ]:  # a field for a day is several stops; the browser outlines the last, its calendar, by itself
            seen.add(here["html"])
    return reached, sorted(met - seen)


@pytest.mark.parametrize(
    ("username", "path"),
    [
        ("underwriter2", "case"),
        ("underwriter2", "/my-work/"),
        ("underwriter2", "/queues/mortgage-underwriting/"),
        ("admin", "/people/new/"),
        ("admin", "/policies/ward-triage/publish"),
        ("mlteam", "/labels/?use_case=mortgage-underwriting"),
        ("auditor", "/audit/"),
    ],
)
def test_tab_reaches_everything_and_shows_where_it_is(world, person, held_out, username, path):
    page = person(username)
    page.route("**/my-work/*/**", lambda route: route.abort())  # a live refresh in the middle would take the marks away
    if path == "case":
        (case,) = world.cases(held_out["mortgage-underwriting"], "APP-T", wanted=1)
        take(page, world.url + case["case"]["url"])
    else:
        page.goto(world.url + path)
    wanted = {str(number) for number in range(page.evaluate(_STOPS))}
    reached, hidden = _walk(page)
    missed = [
        page.locator(f"[data-stop='{stop}']").evaluate("element => element.outerHTML.slice(0, 120)")
        for stop in wanted - reached
    ]
    assert missed == []
    assert hidden == []


@pytest.fixture
def held(world, person, held_out):
    """A nurse's window on a case she holds."""
    (case,) = world.cases(held_out["ward-triage"][30:], "ENC-H", wanted=1)
    page = person("nurse2")
    take(page, world.url + case["case"]["url"])
    return page


def test_a_question_mark_lists_the_keys_of_the_page(held):
    held.keyboard.press("?")
    dialog = held.get_by_role("dialog", name="Keys on this page")
    expect(dialog).to_contain_text("Write a note")
    expect(dialog).to_contain_text("Release")
    held.keyboard.press("r")
    assert not held.locator("input[name=choice][value=refer]").is_checked(), "keys rest behind the list"
    held.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    held.keyboard.press("r")
    expect(held.locator("input[name=choice][value=refer]")).to_be_checked()


def test_keys_rest_while_one_types_and_where_they_are_switched_off(held):
    held.locator("#note").focus()
    held.keyboard.type("x r t g ? 1 seen")
    expect(held.locator("#note")).to_have_value("x r t g ? 1 seen")
    assert held.locator("input[name=choice]:checked").count() == 0
    expect(held.get_by_role("dialog")).to_be_hidden()
    held.evaluate("document.documentElement.dataset.shortcuts = 'off'; document.activeElement.blur()")
    held.keyboard.press("r")
    assert held.locator("input[name=choice]:checked").count() == 0


def test_a_key_chooses_and_never_submits(held):
    before = held.url
    for key in ("1", "y", "2"):
        held.keyboard.press(key)
    expect(held.locator("[data-record-text]")).to_contain_text("2 Very urgent")
    assert held.url == before
    expect(held.get_by_role("button", name="Record 2")).to_be_visible()


def test_the_skip_link_leads_past_the_menu(held):
    held.evaluate("document.activeElement.blur()")
    held.keyboard.press("Tab")
    held.keyboard.press("Enter")
    held.keyboard.press("Tab")
    assert held.evaluate("document.activeElement.closest('main') !== null")


def test_a_person_presses_their_own_keys(world, person, held_out):
    """Q for Agree; A then means nothing, and caps and the list of keys say so."""
    (case,) = world.cases(held_out["mortgage-underwriting"][170:], "APP-K", wanted=1)
    page = person("underwriter")
    page.goto(f"{world.url}/preferences/keys/")
    page.get_by_label("Agree").fill("q")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.locator(".notice").first).to_contain_text("Your keys are saved")
    try:
        take(page, world.url + case["case"]["url"])
        agree = page.locator("input[value=agree]")
        page.keyboard.press("a")
        expect(agree).not_to_be_checked()
        page.keyboard.press("q")
        expect(agree).to_be_checked()
        expect(agree.locator("xpath=..").locator(".key")).to_have_text("Q")
        page.keyboard.press("?")
        expect(page.locator("[data-keys-list]")).to_contain_text("Q")
    finally:
        page.goto(f"{world.url}/preferences/keys/")
        page.get_by_role("button", name="Give all keys back").click()
