"""An underwriter asks a lead to reopen a decided case, and the lead says why not; no script is needed for it."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import take
from tests.browser.looking import flaws

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]


def test_an_underwriter_asks_and_reads_what_the_lead_answered(world, person, held_out):
    (case,) = world.cases(held_out["mortgage-underwriting"][160:], "APP-A", wanted=1)
    place = world.url + case["case"]["url"]
    page = person("underwriter")
    take(page, place)
    page.locator("input[name=choice]").first.check(force=True)
    page.locator("#answer button[type=submit]").click()
    expect(page.locator(".notice").first).to_contain_text("Recorded")
    page.goto(place)
    page.get_by_text("Ask to reopen this case").click()
    page.get_by_label("Reason").fill("The payslip was of another year, and of another person. " * 3)
    assert flaws(page) == []
    page.get_by_role("button", name="Ask a lead").click()
    expect(page.locator(".notice").first).to_contain_text("The leads are asked.")
    lead = person("lead", java_script_enabled=False)
    lead.goto(f"{world.url}/board/")
    lead.get_by_role("link", name="Asked to reopen").click()
    expect(lead.get_by_role("heading", level=1)).to_have_text("Asked to reopen")
    watched = person("lead")
    watched.goto(f"{world.url}/reopenings/")
    watched.get_by_text("Leave it decided…").first.click()
    assert flaws(watched) == []
    lead.get_by_text("Leave it decided…").first.click()
    lead.get_by_label("Why").fill("It is of this year.")
    lead.get_by_role("button", name="Leave it decided").click()
    expect(lead.locator(".notice").first).to_contain_text("stays decided")
    page.goto(f"{world.url}/my-work/")
    expect(page.locator("section:has(#asked)")).to_contain_text("It is of this year.")
    assert flaws(page) == []
