"""The lead's board in a browser: reassigning in bulk, with a keyboard alone, without a script, and while it changes."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import take

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]

LOANS = "mortgage-underwriting"


@pytest.fixture
def held(world, person, held_out):
    """Two numbers of cases, both in the hands of the same underwriter."""
    page = person("underwriter")
    cases = world.cases(held_out[LOANS][100:], "APP-Q", wanted=2)
    take(page, world.url + cases[0]["case"]["url"])
    page.goto(world.url + cases[1]["case"]["url"])
    page.get_by_role("button", name="Take this case").click()
    expect(page.locator("#answer")).to_be_visible()
    return [case["external_id"] for case in cases]


def _holders(page: Page, names: list[str]) -> list[str]:
    return [
        page.get_by_role("row").filter(has_text=name).locator("td[data-label='Held by']").inner_text() for name in names
    ]


def test_a_lead_reassigns_in_bulk(world, person, held):
    page = person("lead")
    page.goto(f"{world.url}/board/?state=held")
    assert _holders(page, held) == ["Underwriter 1", "Underwriter 1"]
    for name in held:
        page.get_by_role("checkbox", name=f"Tick {name}").check()
    expect(page.locator("[data-ticks-count]")).to_have_text("2 ticked")
    page.get_by_role("button", name="Give to").click()
    page.get_by_label("Give to").select_option(label="Underwriter 2")
    page.get_by_label("Why").fill("The shift ends")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Give 2 cases to Underwriter 2").click()
    expect(page.locator(".notice").first).to_contain_text("2 cases given to Underwriter 2.")
    assert page.url == f"{world.url}/board/?state=held"
    assert _holders(page, held) == ["Underwriter 2", "Underwriter 2"]


def test_a_lead_takes_back_with_the_keyboard_alone(world, person, held):
    page = person("lead")
    page.goto(f"{world.url}/board/?state=held")
    page.keyboard.press("j")
    ticked = page.evaluate("document.activeElement.value")
    page.keyboard.press("Space")
    expect(page.locator(f"input[value='{ticked}']")).to_be_checked()
    page.keyboard.press("b")
    expect(page.get_by_role("heading", name="Take back: 1 case")).to_be_visible()
    page.get_by_label("Why").focus()
    page.keyboard.type("Nobody is there")
    page.keyboard.press("Enter")
    expect(page.locator(".notice").first).to_contain_text("1 case taken back.")
    expect(page.locator(f"input[value='{ticked}']")).to_have_count(0)


def test_without_a_script_the_board_is_plain_forms(world, person, held):
    page = person("lead", java_script_enabled=False)
    page.goto(f"{world.url}/board/?state=held")
    page.get_by_role("checkbox", name=f"Tick {held[0]}").check()
    page.get_by_role("button", name="Priority").click()
    page.get_by_label("New priority").fill("77")
    page.get_by_label("Why").fill("The applicant waits at the desk")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Give 1 case priority 77").click()
    expect(page.locator(".notice").first).to_contain_text("1 case changed to priority 77.")
    row = page.get_by_role("row").filter(has_text=held[0])
    expect(row.locator("td[data-label='Priority']")).to_have_text("77")


def test_the_board_says_that_it_changed_and_does_not_jump(world, person, held):
    page, other = person("lead"), person("underwriter")
    page.goto(f"{world.url}/board/?state=held")
    rows = page.locator(".board__cases tbody tr").count()
    other.goto(f"{world.url}/my-work/")
    other.locator("main form[action$='/release/'] button").first.click()
    news = page.get_by_text(re.compile("This list has changed"))
    expect(news).to_be_visible(timeout=30_000)
    assert page.locator(".board__cases tbody tr").count() == rows
    page.get_by_role("link", name="Show it as it is now").click()
    expect(page.locator(".board__cases tbody tr")).to_have_count(rows - 1)


def test_the_next_hours_are_told_at_once_and_a_shift_is_entered_without_a_script(world, person):
    page = person("lead")
    page.goto(f"{world.url}/board/")
    line = page.locator(".forecast li").filter(has_text="Mortgage underwriting").first
    expect(line).to_contain_text(re.compile("forecast|history", re.IGNORECASE))  # the demo has no past
    plain = person("lead", java_script_enabled=False)
    plain.goto(f"{world.url}/board/")
    plain.get_by_role("link", name="Forecast and who is on shift").click()
    queue = plain.get_by_role("region", name="Mortgage underwriting", exact=True)
    queue.get_by_label("Until").fill("17:30")
    queue.get_by_role("button", name="Save shift").click()
    expect(plain.get_by_role("alert")).to_contain_text("Reviewers on shift")
    queue.get_by_label("Reviewers on shift").fill("3")
    queue.get_by_role("button", name="Save shift").click()
    expect(plain.locator(".notice").first).to_contain_text("Mortgage underwriting: 3 on shift.")
    expect(queue).to_contain_text("3 reviewers until")
    queue.get_by_role("button", name="Clear").click()
    expect(queue).to_contain_text("Nothing is entered")
