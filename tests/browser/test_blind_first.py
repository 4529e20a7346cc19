"""A blind case in a browser: one's own view, the model's advice, the answer changed or confirmed. By keyboard, without a script, on a phone."""

import re

import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import World, take
from tests.browser.looking import flaws

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]
LOANS, WARD = "mortgage-underwriting", "ward-triage"


def blind_case(world: World, visitors, bodies, slug: str):
    """A case of a queue whose lead has set it to be answered blind; the share is taken back once the case is there."""
    lead = visitors.open("lead")
    _set_share(lead, world, slug, "100")
    (case,) = world.cases(bodies, "BLIND-", wanted=1)
    _set_share(lead, world, slug, "0")
    lead.context.close()
    return case


def _set_share(page: Page, world: World, slug: str, percent: str) -> None:
    page.goto(f"{world.url}/queues/{slug}/settings/")
    page.locator("#blind [name=blind_share]").fill(percent)
    page.locator("#blind button[type=submit]").click()
    expect(page.locator(".notice").first).to_contain_text("Saved: Blind first")


def test_an_underwriter_answers_blind_sees_the_advice_changes_and_decides(world, visitors, person, held_out):
    case = blind_case(world, visitors, held_out[LOANS][200:], LOANS)
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


def test_a_nurse_confirms_with_two_presses_of_one_key(world, visitors, person, held_out):
    case = blind_case(world, visitors, held_out[WARD][200:], WARD)
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


def test_both_steps_work_without_a_script(world, visitors, person, held_out):
    case = blind_case(world, visitors, held_out[LOANS][230:], LOANS)
    page = person("underwriter2", java_script_enabled=False)
    page.goto(world.url + case["case"]["url"])
    page.get_by_role("button", name="Take this case").click()
    page.locator("input[value='outcome:deny']").check(force=True)
    page.fill("#note", "A correction needs one.")
    page.locator("#answer button[type=submit]").click()
    expect(page.locator(".views__own")).to_contain_text("Deny")
    page.locator("#answer button[type=submit]").click()
    expect(page.locator(".notice").first).to_contain_text(re.compile("Recorded: .*, Deny"))


def test_in_lists_the_case_says_withheld(world, visitors, person, held_out):
    case = blind_case(world, visitors, held_out[LOANS][250:], LOANS)
    page = person("underwriter")
    page.goto(f"{world.url}/queues/{LOANS}/?q={case['external_id']}")
    row = page.get_by_role("row").filter(has_text=case["external_id"])
    expect(row.get_by_text("withheld")).to_have_count(3)
    assert flaws(page) == []
    page.goto(f"{world.url}/queues/{LOANS}/?q={case['external_id']}&sort=confidence")
    expect(page.get_by_text("No case matches these filters")).to_be_visible()
