"""A reviewer looks at similar decided cases, and asks what would change the advice: in place with a script, by a page without one."""

import time

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import UNDO_SECONDS, take

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]
MORTGAGE = "mortgage-underwriting"


@pytest.fixture
def decided(world, person, held_out):
    """A case that the underwriter agreed to, and another with the same inputs that came after it.

    No other test sends these rows: however many were decided meanwhile, none is as near.
    """
    (case,) = world.cases(held_out[MORTGAGE][300:], "SIM-", wanted=1)
    page = person("underwriter")
    take(page, f"{world.url}{case['case']['url']}")
    page.locator("input[name=choice][value=agree]").check(force=True)
    page.locator("#answer button[type=submit]").click()
    expect(page.locator(".notice").first).to_contain_text("Recorded")
    (asked,) = world.cases(held_out[MORTGAGE][300:], "SIM-", wanted=1)
    assert asked["explanation"]["contributions"] == case["explanation"]["contributions"]
    return case, f"{world.url}{asked['case']['url']}"


def test_similar_decided_cases_come_in_place_and_keep_what_was_written(decided, world, person):
    case, place = decided
    page = person("underwriter2")
    take(page, place)
    page.fill("#note", "Half a thought")
    page.locator("h1").click()
    link = page.locator(f"#similar .similar a[href='{case['case']['url']}']")
    deadline = time.monotonic() + UNDO_SECONDS + 60
    while True:
        page.keyboard.press("s")
        expect(page.locator("#similar [data-asked-result]")).to_be_focused()
        if link.count():
            break
        assert time.monotonic() < deadline, "a decided case is never found"
        time.sleep(1)
    assert page.locator("#similar .similar a").first.get_attribute("href") == case["case"]["url"], (
        "the nearest is first"
    )
    result = page.locator("#similar [data-asked-result]")
    expect(result).to_contain_text("Decided cases the model argued alike")
    expect(result).to_contain_text("as the model advised")
    expect(result.locator("table thead th").nth(2)).to_contain_text("-")
    expect(page.locator("#note")).to_have_value("Half a thought")
    assert page.url.partition("?")[0] == place


def test_what_would_change_this_is_answered_in_place_and_by_the_key(world, person, held_out):
    (case,) = world.cases(held_out[MORTGAGE][160:], "FLIP-", wanted=1)
    page = person("underwriter2")
    page.goto(f"{world.url}{case['case']['url']}")
    place = page.url
    page.keyboard.press("f")
    result = page.locator("#flips [data-asked-result]")
    expect(result).to_be_focused()
    expect(result).to_contain_text("It is not advice to the applicant")
    assert page.url == place
    page.context.set_offline(True)
    page.keyboard.press("f")
    expect(page.locator("#flips").get_by_text("There is no connection, so nobody was asked.")).to_be_visible()
    page.context.set_offline(False)


def test_both_work_without_a_script(world, person, held_out):
    (case,) = world.cases(held_out[MORTGAGE][170:], "BARE-", wanted=1)
    page = person("underwriter2", java_script_enabled=False)
    page.goto(f"{world.url}{case['case']['url']}")
    page.get_by_role("button", name="What would change this").click()
    page.wait_for_url("**/?flips=*")
    expect(page.locator("#flips [data-asked-result]")).to_contain_text("It is not advice to the applicant")
    page.get_by_role("link", name="Similar decided cases").click()
    page.wait_for_url("**/similar/#similar")
    expect(page.locator("#similar [data-asked-result]")).to_be_visible()


def test_a_patient_whose_inputs_nobody_can_change(world, person, held_out):
    (case,) = world.cases(held_out["ward-triage"][140:], "FLIP-", wanted=1)
    page = person("nurse")
    page.goto(f"{world.url}{case['case']['url']}")
    page.keyboard.press("f")
    expect(page.locator("#flips [data-asked-result]")).to_contain_text("No input of this case may be changed")
