"""People write to each other about a case: by keyboard, and without any script."""

import pytest
from playwright.sync_api import expect

from tests.browser.looking import flaws

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]


def test_an_underwriter_asks_another_by_keyboard_and_she_hears_of_it_where_she_is(world, person, held_out):
    (prediction,) = world.cases(held_out["mortgage-underwriting"], "APP-C", wanted=1)
    place = f"{world.url}{prediction['case']['url']}"
    other = person("underwriter2")
    other.goto(f"{world.url}/my-work/")
    page = person("underwriter")
    page.goto(place)
    page.keyboard.press("d")
    expect(page.locator("#comment")).to_be_focused()
    page.keyboard.type("@underwriter2 is this payslip <b>real</b>?\nIt says https://example.org/payslip.")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".notice").first).to_contain_text("Your comment is on the case.")
    expect(page.locator(".comment")).to_contain_text("is this payslip <b>real</b>?")
    assert page.locator(".comment a").count() == 0
    assert flaws(page) == []
    expect(other.locator("#mentions + *, section:has(#mentions)").last).to_contain_text(prediction["external_id"])
    other.get_by_role("link", name=prediction["external_id"]).first.click()
    expect(other.locator(".comment .tag")).to_have_text("mentions you")
    assert flaws(other) == []
    other.goto(f"{world.url}/my-work/")
    assert flaws(other) == []
    expect(other.locator("section:has(#mentions)")).not_to_contain_text("new")


def test_a_comment_is_written_refused_and_withdrawn_without_a_script(world, person, held_out):
    (prediction,) = world.cases(held_out["mortgage-underwriting"][20:], "APP-C", wanted=1)
    page = person("underwriter", java_script_enabled=False)
    page.goto(f"{world.url}{prediction['case']['url']}")
    page.fill("#comment", "@nobody-here look")
    page.get_by_role("button", name="Add comment").click()
    expect(page.locator("#comment-error")).to_contain_text("@nobody-here: nobody of that name can read this case.")
    expect(page.locator("#comment")).to_have_value("@nobody-here look")
    page.fill("#comment", "Look at the income.")
    page.locator("#comment-person").select_option("underwriter2")
    page.get_by_role("button", name="Add comment").click()
    expect(page.locator(".comment")).to_contain_text("@underwriter2 Look at the income.")
    page.get_by_role("button", name="Withdraw your comment").click()
    expect(page.locator(".comment")).to_contain_text("Withdrawn by its author.")
    expect(page.locator(".comment")).not_to_contain_text("income")
