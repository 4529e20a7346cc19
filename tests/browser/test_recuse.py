"""Somebody who knows the person of a case gives it to somebody else, by keyboard."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import take
from tests.browser.looking import flaws

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]


def test_an_underwriter_who_knows_the_applicant_steps_back(world, person, held_out):
    (prediction,) = world.cases(held_out["mortgage-underwriting"], "APP-K", wanted=1)
    page = person("underwriter")
    take(page, f"{world.url}{prediction['case']['url']}")
    page.keyboard.press("k")
    expect(page.locator("details.recuse")).to_have_attribute("open", "")
    expect(page.locator("details.recuse")).to_contain_text("cannot be taken back")
    assert flaws(page) == []
    page.locator("details.recuse").get_by_role("button", name="Give it to somebody else").press("Enter")
    expect(page.locator(".notice").first).to_contain_text("You get no case of this person any more")
    page.goto(f"{world.url}{prediction['case']['url']}")
    expect(page.locator(".timeline")).to_contain_text(re.compile("knows the person and gave the case back"))
    expect(page.get_by_role("button", name="Take this case")).to_have_count(0)
