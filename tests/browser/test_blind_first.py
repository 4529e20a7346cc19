"""A blind case in a browser: one's own view, the model's advice, the answer changed or confirmed. By keyboard, without a script, on a phone."""

import re
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitors, Windows, World, take
from tests.browser.looking import flaws

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]
LOANS, WARD = "mortgage-underwriting", "ward-triage"


@pytest.fixture(scope="module")
def blind(world: World, windows: Windows, held_out) -> dict[str, list[dict[str, Any]]]:
    """Cases of queues whose lead has set them to be answered blind, as many as there are tests; then the shares are taken back."""
    visitors = Visitors(windows)
    lead = visitors.open("lead")
    for slug in (LOANS, WARD):
        _set_share(lead, world, slug, "100")
    cases = {
        slug: world.cases(held_out[slug][200:], "BLIND-", wanted=wanted) for slug, wanted in ((LOANS, 3), (WARD, 1))
    }
    for slug in (LOANS, WARD):
        _set_share(lead, world, slug, "0")
    faults = visitors.faults()
    visitors.close()
    assert faults == []
    return cases


def _set_share(page: Page, world: World, slug: str, percent: str) -> None:
    page.goto(f"{world.url}/queues/{slug}/settings/")
    page.locator("#blind [name=blind_share]").fill(percent)
    page.locator("#blind button[type=submit]").click()
    expect(page.locator(".notice").first).to_contain_text("Saved: Blind first")


def test_an_underwriter_answers_blind_sees_the_advice_changes_and_decides(world, person, blind):
    case = blind[LOANS].pop()
    advised = case["prediction"]["outcome"]
    own = "approve" if advised == "deny" else "deny"
    page = person("underwriter")
    take(page, world.url + case["case"]["url"])
    expect(page.get_by_role("heading", name="The model’s part is withheld")).to_be_visible()
    assert "The model advises" not in page.locator("main").inner_text()
    assert flaws(page) == []
    page.locator("h1").click()
    page.keyboard.press("1" if own == "approve" else "2")
    expect(page.locator("[data-record-text]")).to_have_text(f"Record {own}, show the model")
    page.get_by_text("Fairly").click()
    page.fill("#note", "Seen without help.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="The model advises")).to_be_visible()
    expect(page.locator(".views__own")).to_contain_text(own.capitalize())
    expect(page.locator(".views__own")).to_contain_text("fairly sure")
    expect(page.locator(".views__model")).to_contain_text(advised.capitalize())
    expect(page.locator(f"input[value='correct:{own}']")).to_be_checked()
    expect(page.locator("#note")).to_have_value("Seen without help.")
    expect(page.locator("[data-record-text]")).to_have_text(f"Confirm {own} and take next")
    assert flaws(page) == []
    page.locator("h1").click()
    page.keyboard.press("a")
    expect(page.locator("[data-record-text]")).to_have_text(f"Change to {advised} and take next")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".notice").first).to_contain_text(f"Recorded: {case['external_id']}, {advised.capitalize()}")
    page.goto(world.url + case["case"]["url"])
    expect(page.locator(".timeline")).to_contain_text(f"said {own}, before seeing the model’s advice.")
    assert _kept(world, case["case"]["id"]) == (own, 2, "blind", advised)


def _kept(world: World, case_id: str) -> tuple:
    with psycopg.connect(world.environment["DATABASE_URL"]) as connection:
        return connection.execute(
            "select b.outcome, b.sure, r.arm, r.outcome from cases_blindanswer b"
            " join cases_review r using (case_id, round, reviewer_id) where b.case_id = %s",
            [case_id],
        ).fetchone()


def test_a_nurse_confirms_with_two_presses_of_one_key(world, person, blind):
    case = blind[WARD].pop()
    page = person("nurse")
    take(page, world.url + case["case"]["url"])
    assert flaws(page) == []
    page.locator("h1").click()
    page.keyboard.press(case["prediction"]["outcome"])
    page.keyboard.press("Control+Enter")
    expect(page.locator("#own-view")).to_contain_text("The same.")
    assert flaws(page) == []
    page.keyboard.press("Control+Enter")
    expect(page.locator(".notice").first).to_contain_text(f"Recorded: {case['external_id']}")


def test_both_steps_work_without_a_script(world, person, blind):
    case = blind[LOANS].pop()
    page = person("underwriter", java_script_enabled=False)  # whom "and take next" may have led to it already
    take(page, world.url + case["case"]["url"])
    page.locator("input[value='outcome:deny']").check(force=True)
    page.fill("#note", "A correction needs one.")
    page.locator("#answer button[type=submit]").click()
    expect(page.locator(".views__own")).to_contain_text("Deny")
    page.locator("#answer button[type=submit]").click()
    expect(page.locator(".notice").first).to_contain_text(re.compile("Recorded: .*, Deny"))


def test_in_lists_the_case_says_withheld(world, person, blind):
    case = blind[LOANS].pop()
    page = person("underwriter")
    page.goto(f"{world.url}/queues/{LOANS}/?q={case['external_id']}")
    row = page.get_by_role("row").filter(has_text=case["external_id"])
    expect(row.get_by_text("withheld")).to_have_count(3)
    assert flaws(page) == []
    page.goto(f"{world.url}/queues/{LOANS}/?q={case['external_id']}&sort=confidence")
    expect(page.get_by_text("No case matches these filters")).to_be_visible()
