"""Taking an answer back with one key, and a lead who reopens a case."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import UNDO_SECONDS, take
from tests.browser.looking import flaws

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]
LOANS = "mortgage-underwriting"


@pytest.fixture
def desk(world, person, held_out):
    """(page, case): the underwriter at a case just taken."""
    (case,) = world.cases(held_out[LOANS][140:], "APP-R", wanted=1)
    page = person("underwriter")
    take(page, world.url + case["case"]["url"])
    return page, case


def _agree(page, note):
    page.fill("#note", note)
    page.locator("#answer-title").click()
    page.keyboard.press("a")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".notice").first).to_contain_text("Recorded")


def test_one_key_takes_the_answer_back_with_its_text(desk):
    page, case = desk
    _agree(page, "Recorded too soon.")
    assert flaws(page) == []
    page.keyboard.press("z")
    expect(page.locator(".notice").first).to_contain_text("Your answer is taken back")
    expect(page.get_by_role("heading", level=1)).to_have_text(case["external_id"])
    expect(page.locator("#note")).to_have_value("Recorded too soon.")
    expect(page.locator("input[value=agree]")).to_be_checked()
    expect(page.locator(".timeline")).to_contain_text("took the answer back. It counts no more.")


def test_the_offer_goes_when_its_time_is_over(desk):
    page, _ = desk
    _agree(page, "Recorded in good time.")
    offer = page.get_by_role("button", name="Take it back")
    expect(offer).to_be_visible()
    expect(offer).to_have_count(0, timeout=(UNDO_SECONDS + 5) * 1000)


def test_a_lead_reopens_a_decided_case_with_a_reason(desk, world, person):
    page, case = desk
    _agree(page, "Looks right.")
    lead = person("lead")
    lead.goto(world.url + case["case"]["url"])
    lead.get_by_text("Reopen this case").click()
    lead.get_by_label("Reason").fill("The payslip was of another year.")
    assert flaws(lead) == []
    lead.get_by_role("button", name=re.compile("^Reopen$")).click()
    expect(lead.locator(".notice").first).to_contain_text("The case is open again")
    expect(lead.locator(".timeline")).to_contain_text("The payslip was of another year.")
    expect(lead.get_by_role("button", name="Take this case")).to_be_visible()
