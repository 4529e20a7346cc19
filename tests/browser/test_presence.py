"""Two people at one case: each sees that the other is here, and nothing moves."""

import pytest
from playwright.sync_api import expect

from tests.browser.looking import flaws

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]


def test_two_underwriters_at_one_case_see_each_other_come_and_go(world, person, held_out):
    (prediction,) = world.cases(held_out["mortgage-underwriting"][60:], "APP-P", wanted=1)
    url = world.url + prediction["case"]["url"]
    first, second = person("underwriter"), person("underwriter2")
    first.goto(url)
    here = first.locator(".presence")
    first.wait_for_timeout(4_000)
    expect(here).to_be_empty()
    places = [first.locator(name).first.bounding_box() for name in ("h1", ".case", ".zone--facts")]
    second.goto(url)
    expect(here).to_have_text("Also here: Underwriter 2", timeout=8_000)
    expect(here).to_have_attribute("role", "status")
    assert [first.locator(name).first.bounding_box() for name in ("h1", ".case", ".zone--facts")] == places
    expect(second.locator(".presence")).to_have_text("Also here: Underwriter 1", timeout=8_000)
    assert flaws(first) == []
    second.goto(f"{world.url}/my-work/")
    expect(here).to_be_empty(timeout=8_000)
