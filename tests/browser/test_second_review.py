"""Two nurses who differ, each without seeing the other, and the charge nurse who decides between them, by keyboard."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitors, take
from tests.browser.looking import flaws

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]
WARD = "ward-triage"


@pytest.fixture(scope="module")
def second_review(world, windows):
    """The lead asks for a second answer of every case, and no longer afterwards."""
    visitors = Visitors(windows)
    page = visitors.open("lead")
    _ask_for_second(page, world.url, True)
    yield
    _ask_for_second(page, world.url, False)
    faults = visitors.faults()
    visitors.close()
    assert faults == []


def _ask_for_second(page: Page, url: str, wanted: bool) -> None:
    page.goto(f"{url}/queues/{WARD}/settings/")
    page.get_by_label("Every answer", exact=True).set_checked(wanted)
    assert flaws(page) == []
    page.locator("#second-review button[type=submit]").click()
    expect(page.locator(".notice").first).to_contain_text("Saved: Second review")


def _level(page: Page, key: str, note: str) -> None:
    page.fill("#note", note)
    page.locator("#answer-title").click()
    page.keyboard.press(key)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".notice").first).to_contain_text("Recorded")


def test_two_nurses_differ_and_a_charge_nurse_decides(world, person, held_out, second_review):
    (case,) = world.cases(held_out[WARD][60:], "ENC-S", wanted=1)
    url = world.url + case["case"]["url"]
    first, second, lead = person("nurse"), person("nurse2"), person("lead")
    take(first, url)
    _level(first, "2", "Chest pain since this morning.")
    take(second, url)
    expect(second.locator("main")).not_to_contain_text("Chest pain since this morning.")
    offered = second.locator("#comment-person option", has_text="Nurse 1")  # to mention on every case of the queue
    expect(second.get_by_text("Nurse 1")).to_have_count(offered.count())
    _level(second, "4", "Pain is gone, walks without help.")
    lead.goto(f"{world.url}/adjudication/")
    expect(lead.get_by_role("row").filter(has_text=case["external_id"])).to_be_visible()
    assert flaws(lead) == []
    lead.keyboard.press("g")
    expect(lead.get_by_role("heading", name="Two reviewers disagree. Your answer binds.")).to_be_visible()
    expect(lead.locator(".zone--answers")).to_contain_text("Chest pain since this morning.")
    expect(lead.locator(".zone--answers")).not_to_contain_text("Nurse")
    assert flaws(lead) == []
    _level(lead, "2", "Troponin is raised.")
    lead.goto(url)
    story = lead.locator(".timeline")
    for words in ("Nurse 1", "Nurse 2", "Chest pain since this morning.", "Pain is gone", "Troponin is raised."):
        expect(story).to_contain_text(words)
    expect(lead.locator("#answer-title")).to_contain_text("Decided")


def test_a_binding_answer_without_a_why_is_sent_back(world, person, held_out, second_review):
    (case,) = world.cases(held_out[WARD][90:], "ENC-T", wanted=1)
    url = world.url + case["case"]["url"]
    for nurse, key in ((person("nurse"), "1"), (person("nurse2"), "5")):
        take(nurse, url)
        _level(nurse, key, "")
    lead = person("lead")
    take(lead, url)
    lead.locator("#answer-title").click()
    lead.keyboard.press("1")
    lead.keyboard.press("Control+Enter")
    expect(lead.locator("#note-error")).to_have_text("Say why: both reviewers read it.")
    assert flaws(lead) == []
