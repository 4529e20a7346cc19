"""A reviewer asks the model about other inputs: in place with a script, by a page without one. Answered by the real model worker."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import take

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]
FIELDS = {
    "mortgage-underwriting": ("underwriter", "#what-if-obrat", "95"),
    "ward-triage": ("nurse", "#what-if-hrt", "150"),
}


@pytest.mark.parametrize("slug", FIELDS)
def test_a_reviewer_asks_by_keyboard_and_keeps_what_they_were_writing(world, person, held_out, slug):
    username, field, value = FIELDS[slug]
    (case,) = world.cases(held_out[slug][90:], "WHAT-", wanted=1)
    page = person(username)
    take(page, f"{world.url}{case['case']['url']}")
    place = page.url
    page.fill("#note", "Half a thought")
    page.locator("h1").click()
    page.keyboard.press("w")
    expect(page.locator("#what-if summary")).to_be_focused()
    page.fill(field, value)
    page.keyboard.press("Enter")
    result = page.locator("[data-what-if-result]")
    expect(result).to_contain_text("The model would")
    expect(result).to_be_focused()
    expect(result.locator(".what-if__moves tbody tr").first).to_contain_text("towards")
    expect(page.locator(field)).to_have_value(value)
    expect(page.locator("#note")).to_have_value("Half a thought")
    assert page.url == place


def test_a_value_that_cannot_be_is_told_in_place_and_in_the_units_shown(world, person, held_out):
    (case,) = world.cases(held_out["mortgage-underwriting"][110:], "WHAT-", wanted=1)
    page = person("underwriter2")
    page.goto(f"{world.url}{case['case']['url']}")
    page.locator("#what-if summary").click()
    page.fill("#what-if-loanamt", "1")
    page.get_by_role("button", name="Ask the model").click()
    expect(page.locator("#what-if-loanamt-error")).to_have_text("Allowed: $1,000 to $5,000,000.")
    expect(page.locator("#what-if [role=alert]").first).to_be_focused()
    page.context.set_offline(True)
    page.get_by_role("button", name="Ask the model").click()
    expect(page.locator("[data-what-if-offline]")).to_be_visible()
    page.context.set_offline(False)
    page.fill("#what-if-loanamt", "400000")
    page.get_by_role("button", name="Ask the model").click()
    expect(page.locator("[data-what-if-result]")).to_contain_text("$400,000")
    expect(page.locator("[data-what-if-offline]")).to_be_hidden()


def test_it_works_without_a_script(world, person, held_out):
    (case,) = world.cases(held_out["mortgage-underwriting"][120:], "WHAT-", wanted=1)
    page = person("underwriter2", java_script_enabled=False)
    page.goto(f"{world.url}{case['case']['url']}")
    page.locator("#what-if summary").click()
    page.fill("#what-if-obrat", "95")
    page.get_by_role("button", name="Ask the model").click()
    page.wait_for_url("**/?what_if=*")
    expect(page.locator("[data-what-if-result]")).to_contain_text("The model would")
    expect(page.locator("#what-if-obrat")).to_have_value("95")
