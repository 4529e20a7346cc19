"""Every page of every role: axe finds nothing, nothing scrolls sideways, no policy is violated, no script fails, nobody else is asked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from reviewapp.demo.scorecard import score
from tests.browser.conftest import Visitors, Windows, World, fill_sign_in
from tests.browser.looking import flaws

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]

MORTGAGE, TRIAGE = "mortgage-underwriting", "ward-triage"
PAGES = {
    "underwriter": [
        "/my-work/", "/queues/", f"/queues/{MORTGAGE}/", f"/queues/{MORTGAGE}/?sort=confidence&time=breached&q=NONE", "held", "open", "agreed",
        "corrected", "similar", "elsewhere", "unexplained", "/reviews/", "/reviews/?answer=cannot_tell", "/quality/mine/",
        "/help/", "/help/reviewer/", "/password/", "/preferences/keys/", "correct",
    ],
    "underwriter2": ["held", "pended", "pended list", "/reviews/", "/my-work/"],
    "nurse": ["/my-work/", f"/queues/{TRIAGE}/", "nurse holds", "nurse decided"],
    "lead": [
        "/my-work/", "/queues/", "/board/", "/board/?state=waiting&queue=ward-charge-nurse", "/board/forecast/", "/adjudication/",
        "/reopenings/", "/conflicts/", "conflict",
        f"/queues/{MORTGAGE}/settings/", f"/queues/{TRIAGE}/settings/", f"/queues/{TRIAGE}/skills/",
        "/quality/", "/quality/reliance/", "/quality/samples/", "/quality/answers/", "referred", "agreed", "/help/lead/",
        "/policies/", f"/policies/{MORTGAGE}/", f"/policies/{MORTGAGE}/1/", "routing",
    ],
    "mlteam": [
        f"/labels/?use_case={MORTGAGE}", f"/labels/?use_case={TRIAGE}&agreement=overrides", "/datasets/", "dataset", "/models/",
        "/models/credit-risk/", "model version", "/help/ml/",
    ],
    "admin": [
        "/people/", "/people/?q=nobody", "/people/new/", "person", "service", "/people/roles/Reviewer/", "/keys/", "/keys/?q=nothing",
        "/keys/new/", "/audit/", "event", f"/policies/{TRIAGE}/", f"/policies/{TRIAGE}/publish", "model version", "/help/admin/", "/help/client/",
    ],
    "auditor": ["/audit/", "/audit/?action=case.reviewed", "event", "agreed", "/help/auditor/"],
}  # fmt: skip
EVERY = [(username, name) for username, names in PAGES.items() for name in names]


@dataclass
class Rooms:
    """Windows that stay open from page to page, and where the pages with an id are."""

    visitors: Visitors
    url: str
    paths: dict[str, str] = field(default_factory=dict)
    _windows: dict[str, Page] = field(default_factory=dict)

    def window(self, username: str) -> Page:
        if username not in self._windows:
            self._windows[username] = self.visitors.open(username)
        return self._windows[username]

    def go(self, username: str, name: str) -> tuple[Page, int]:
        page = self.window(username)
        answer = page.goto(self.url + self.paths.get(name, name))
        assert answer is not None
        return page, answer.status


@pytest.fixture(scope="module")
def rooms(world: World, windows: Windows, held_out) -> Iterator[Rooms]:
    visitors = Visitors(windows)
    found = Rooms(visitors, world.url)
    _furnish(found, world, held_out)
    yield found
    visitors.close()


def _furnish(rooms: Rooms, world: World, held_out) -> None:
    loans, patients = held_out[MORTGAGE], held_out[TRIAGE]
    names = ["agreed", "corrected", "referred", "held", "open", "pended"]
    for name, case in zip(names, world.cases(loans[40:], "APP-P", wanted=len(names)), strict=True):
        rooms.paths[name] = case["case"]["url"]
        rooms.paths["routing"] = f"/predictions/{case['id']}/routing/"
    (scored,) = world.cases((body | score(body["features"]) for body in loans[60:]), "APP-B", wanted=1)
    bare = ({"explanation": None} | body | _without_reasons(score(body["features"])) for body in loans[60:])
    (unexplained,) = world.cases(bare, "APP-U", wanted=1)
    rooms.paths |= {"elsewhere": scored["case"]["url"], "unexplained": unexplained["case"]["url"]}
    seen, taken = world.cases(patients[20:], "ENC-P", wanted=2)
    rooms.paths |= {"nurse decided": seen["case"]["url"], "nurse holds": taken["case"]["url"]}
    rooms.paths["conflict"] = f"{rooms.paths['open']}conflict/"
    rooms.paths["similar"] = f"{rooms.paths['open']}similar/"
    for name, choice in [("agreed", "agree"), ("corrected", "correct"), ("referred", "refer")]:
        _answer(rooms, "underwriter", name, choice, "Seen, and talked to the applicant. " * 20)
    _answer(rooms, "nurse", "nurse decided", "outcome:2", "")
    _pend(rooms, "underwriter", "pended")
    rooms.paths["pended list"] = f"/queues/{MORTGAGE}/?state=pended"
    _take(rooms, "underwriter", "held")
    rooms.paths["correct"] = f"{rooms.paths['held']}correct/"
    _take(rooms, "nurse", "nurse holds")
    with world.api("ml") as api:
        made = api.post("/api/v1/datasets", json={"use_case": MORTGAGE, "name": "Everything so far"}).json()
    rooms.paths["dataset"] = f"/datasets/{made['id']}/"
    for username, start, pattern, name in [
        ("admin", "/people/", "/people/0", "person"),
        ("admin", "/keys/", "/people/0", "service"),
        ("admin", "/audit/", "/audit/0", "event"),
        ("mlteam", "/models/credit-risk/", "/models/credit-risk/0", "model version"),
    ]:
        page, _ = rooms.go(username, start)
        link = page.locator(f"main a[href^='{pattern}']").first.get_attribute("href")
        assert link
        rooms.paths[name] = link


def _without_reasons(scored: dict[str, Any]) -> dict[str, Any]:
    return {"prediction": scored["prediction"]}


def _take(rooms: Rooms, username: str, name: str) -> Page:
    page, _ = rooms.go(username, name)
    if not page.locator("#answer").count():
        page.get_by_role("button", name="Take this case").click()
    expect(page.locator("#answer")).to_be_visible()
    return page


def _answer(rooms: Rooms, username: str, name: str, choice: str, note: str) -> None:
    page = _take(rooms, username, name)
    page.locator(f"input[name=choice][value^='{choice}']").first.check(force=True)
    page.fill("#note", note)
    page.locator("#answer button[type=submit]").click()
    expect(page.locator(".notice").first).to_contain_text("Recorded")


def _pend(rooms: Rooms, username: str, name: str) -> None:
    page = _take(rooms, username, name)
    page.locator("details.pend summary").click()
    page.locator("input[name=follow_up][value=tomorrow]").check(force=True)
    page.fill("#awaited", "A payslip that is not older than three months, and the letter of the employer. " * 2)
    page.get_by_role("button", name="Pend and take next").click()
    expect(page.locator(".notice").first).to_contain_text("Pended until")
    release = page.get_by_role("button", name="Release")
    if release.count():  # the next case was taken, and nobody wants it here
        release.first.click()


@pytest.fixture
def look(rooms: Rooms) -> Iterator[Callable[[Page], None]]:
    """Look at the page from every side."""
    yield lambda page: _flawless(page)
    assert rooms.visitors.faults() == []


def _flawless(page: Page) -> None:
    assert flaws(page) == []


@pytest.mark.parametrize(("username", "name"), EVERY)
def test_page(rooms, look, username, name):
    page, status = rooms.go(username, name)
    assert status == 200
    expect(page.locator("h1")).to_have_count(1)
    look(page)


def test_every_place_of_the_menu_was_looked_at(rooms):
    for username, names in PAGES.items():
        page, _ = rooms.go(username, "/help/")
        places = [link.get_attribute("href") for link in page.locator(".nav a").all()]
        looked = {rooms.paths.get(name, name).partition("?")[0] for name in names} | {"/help/"}
        assert {place for place in places if place} <= looked | {name for others in PAGES.values() for name in others}
        assert "/labels/" not in places or any(name.startswith("/labels/") for name in names)


@pytest.mark.parametrize(
    ("username", "name", "status"),
    [("nurse", "/people/", 403), ("nurse", "open", 404), ("nurse", "/nothing-here/", 404)],
)
def test_page_of_a_refusal(rooms, look, username, name, status):
    page, answered = rooms.go(username, name)
    assert answered == status
    look(page)


def test_signing_in_and_failing_to(rooms, look, world):
    page = rooms.visitors.open_unknown()
    look(page)
    fill_sign_in(page, "nurse", "not the password")
    expect(page.get_by_text("You are not signed in")).to_be_visible()
    look(page)


def test_the_menu_and_the_list_of_keys(rooms, look):
    page, _ = rooms.go("underwriter", "held")
    page.locator("[data-menu] summary").click()
    look(page)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    look(page)


def test_an_answer_that_lacks_something(rooms, look):
    page = _take(rooms, "underwriter", "held")
    page.locator("#answer").evaluate("form => form.noValidate = true")
    page.fill("#note", "kept")
    page.locator("#answer button[type=submit]").click()
    expect(page.get_by_text("Your answer is not recorded yet")).to_be_visible()
    assert page.locator("#note").input_value() == "kept"
    look(page)


def test_a_case_about_to_be_pended(rooms, look):
    page = _take(rooms, "underwriter", "held")
    page.locator("details.pend summary").click()
    page.locator("input[name=follow_up][value=tomorrow]").check(force=True)
    look(page)
    page.locator("[data-pend]").evaluate("form => form.noValidate = true")
    page.fill("#awaited", " ")
    page.get_by_role("button", name="Pend and take next").click()
    expect(page.get_by_text("The case is not pended yet")).to_be_visible()
    look(page)


def test_an_answer_whose_lease_is_lost(rooms, look):
    page = _take(rooms, "nurse", "nurse holds")
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_role("button", name="Release").click()
    other.close()
    page.locator("input[name=choice]").first.check(force=True)
    page.fill("#note", "Seen at the bed.")
    page.locator("#answer button[type=submit]").click()
    expect(page.locator("[data-lease-notice]")).to_contain_text("Seen at the bed.")
    look(page)
    page.get_by_role("button", name="Take it again with my text").click()
    expect(page.locator("#note")).to_have_value("Seen at the bed.")


def test_a_preview_of_an_act_on_ticked_cases(rooms, look):
    page, _ = rooms.go("lead", "/board/")
    page.get_by_role("checkbox", name="Tick APP-").first.check()
    page.get_by_role("button", name="Give to").click()
    expect(page.get_by_role("heading", name="Give to somebody")).to_be_visible()
    look(page)
    page.get_by_label("Give to").select_option(label="Team lead")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("button", name="Give 1 case to Team lead")).to_be_visible()
    look(page)


@pytest.mark.parametrize(
    ("username", "name", "field", "good", "bad"),
    [("underwriter", "open", "obrat", "95", "900"), ("nurse", "nurse decided", "hrt", "150", "fast")],
)
def test_a_what_if_answered_and_refused(rooms, look, username, name, field, good, bad):
    page, _ = rooms.go(username, name)
    page.locator("#what-if summary").click()
    for value, told in ((good, page.locator("[data-what-if-result]")), (bad, page.locator(f"#what-if-{field}-error"))):
        page.fill(f"#what-if-{field}", value)
        page.get_by_role("button", name="Ask the model").click()
        expect(told).to_be_visible()
        look(page)


@pytest.mark.parametrize(("username", "name"), [("underwriter", "open"), ("nurse", "nurse decided")])
def test_what_would_change_it_and_what_was_decided_alike(rooms, look, username, name):
    page, _ = rooms.go(username, name)
    for part, key in (("#flips", "f"), ("#similar", "s")):
        page.keyboard.press(key)
        expect(page.locator(f"{part} [data-asked-result]")).to_be_visible()
    look(page)


def test_no_what_if_and_no_correction_of_a_model_that_is_not_here(rooms, look):
    page, _ = rooms.go("underwriter", "elsewhere")
    expect(page.locator("#what-if")).to_have_count(0)
    expect(page.get_by_role("link", name="Correct an input")).to_have_count(0)
    look(page)


def test_a_policy_looked_at_in_words(rooms, look):
    page, _ = rooms.go("admin", f"/policies/{TRIAGE}/publish")
    page.fill("[name=reason]", "A look only")
    page.get_by_role("button", name="Look at it in words").click()
    expect(page.get_by_role("button", name="Publish")).to_be_visible()
    look(page)


def test_a_password_and_a_key_that_are_shown_once(rooms, look):
    page, _ = rooms.go("admin", "/people/new/")
    page.fill("[name=display_name]", "Nurse 3")
    page.fill("[name=username]", "nurse3")
    page.get_by_role("button", name="Make this account").click()
    expect(page.get_by_role("heading", name="shown only now")).to_be_visible()
    look(page)
    page, _ = rooms.go("admin", "/keys/new/")
    page.fill("[name=name]", "Nightly export")
    page.locator("[name=owner]").select_option(index=1)
    page.locator("[name=scopes]").first.check()
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_role("heading", name="shown only now")).to_be_visible()
    look(page)


def test_the_description_of_the_api_needs_nobody_else(rooms):
    page = rooms.visitors.open_unknown()
    page.goto(f"{rooms.url}/api/docs/")
    expect(page.get_by_text("/api/v1/predictions/batch").first).to_be_visible()
    assert rooms.visitors.faults() == []
