"""What goes wrong at a desk: double clicks, the way back, a session that ends, no connection, texts that bite."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import fill_sign_in, take
from tests.browser.looking import flaws

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]

LOANS = "mortgage-underwriting"
BITING = [
    "<script>document.title='bitten'</script>",
    "<img src=x onerror=\"document.title='bitten'\">",
    "javascript:document.title='bitten'",
    "{{constructor.constructor('document.title=1')()}}",
    "{% debug %} ${7*7} \u202eleft",
]


def _case(world, bodies, prefix: str) -> dict:
    (case,) = world.cases(bodies, prefix, wanted=1)
    return case


@pytest.fixture
def desk(world, person, held_out):
    """(page, case): the underwriter at a case just taken."""
    case = _case(world, held_out[LOANS][100:], "APP-D")
    page = person("underwriter")
    take(page, world.url + case["case"]["url"])
    return page, case


def _posts(page: Page) -> list[str]:
    sent: list[str] = []
    page.on(
        "request",
        lambda request: (
            sent.append(request.url) if request.method == "POST" and request.url.endswith("/review/") else None
        ),
    )
    return sent


def test_a_double_click_gives_one_answer(desk):
    page, case = desk
    sent = _posts(page)
    page.locator("input[name=choice][value=agree]").check(force=True)
    page.locator("#answer button[type=submit]").evaluate(
        "button => { button.click(); setTimeout(() => button.click(), 40); }"
    )
    expect(page.locator(".notice").first).to_contain_text(f"Recorded: {case['external_id']}")
    assert len(sent) == 1


def test_a_key_held_down_gives_one_answer_and_the_way_back_gives_no_second(desk, world):
    page, _ = desk
    sent, here = _posts(page), page.url
    page.locator("input[name=choice][value=agree]").check(force=True)
    page.evaluate(
        """for (const repeat of [false, true, true]) document.body.dispatchEvent(
             new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true, bubbles: true, repeat }))"""
    )
    expect(page.locator(".notice").first).to_contain_text("Recorded")
    assert len(sent) == 1
    page.goto(f"{world.url}/my-work/")
    page.go_back()
    page.goto(here)
    expect(page.get_by_role("heading", name=re.compile("Decided"))).to_be_visible()
    expect(page.get_by_text("By Underwriter 1 at")).to_contain_text("as the model advised")
    assert page.locator("#answer").count() == 0


def test_an_old_page_of_a_decided_case_records_nothing_more(desk):
    page, case = desk
    other = page.context.new_page()
    other.goto(page.url)
    for window, choice in ((page, "agree"), (other, "refer")):
        window.locator(f"input[name=choice][value={choice}]").check(force=True)
        window.fill("#note", f"I would {choice}.")
    page.locator("#answer button[type=submit]").click()
    expect(page.locator(".notice").first).to_contain_text(f"Recorded: {case['external_id']}")
    other.locator("#answer button[type=submit]").click()
    expect(other.locator("[data-lease-notice]")).to_contain_text("You have answered")
    expect(other.locator("[data-lease-notice]")).to_contain_text("was not recorded")
    expect(other.locator("[data-lease-notice]")).to_contain_text("I would refer.")
    assert other.locator("#answer").count() == 0


def test_the_text_survives_the_end_of_the_session(world, visitors, held_out):
    case = _case(world, held_out[LOANS][110:], "APP-S")
    page = visitors.open_anew("underwriter2")
    take(page, world.url + case["case"]["url"])
    page.locator("input[name=choice][value=agree]").check(force=True)
    page.context.clear_cookies()
    page.fill("#note", "Talked to the employer at length.")
    notice = page.locator("[data-lease-notice]")
    expect(notice).to_contain_text("signed out")
    assert page.locator("#note").input_value() == "Talked to the employer at length."
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    with page.context.expect_page() as opened:
        notice.get_by_role("link").first.click()
    again = opened.value
    fill_sign_in(again, "underwriter2", world.passwords["underwriter2"])
    again.wait_for_url(lambda url: "/sign-in/" not in url)
    notice.get_by_role("button").first.click()
    expect(notice).to_be_empty()
    page.locator("#answer button[type=submit]").click()
    expect(page.locator(".notice").first).to_contain_text(f"Recorded: {case['external_id']}")


def test_without_a_connection_the_answer_waits_and_then_goes(desk):
    page, case = desk
    page.locator("input[name=choice][value=agree]").check(force=True)
    page.context.set_offline(True)
    page.fill("#note", "Written in a tunnel.")
    page.locator("#answer button[type=submit]").click()
    expect(page.locator("[data-lease-notice]")).to_contain_text(re.compile("connection|offline|reach", re.IGNORECASE))
    assert page.locator("#note").input_value() == "Written in a tunnel."
    page.context.set_offline(False)
    expect(page.locator("[data-lease-notice]")).to_be_empty(timeout=15_000)
    page.locator("#answer button[type=submit]").click()
    expect(page.locator(".notice").first).to_contain_text(f"Recorded: {case['external_id']}")


def test_a_case_out_of_reach_is_said_to_be_so_and_is_asked_for_no_more(desk):
    page, case = desk
    asked = []

    def absent(route):
        asked.append(route.request.url)
        route.fulfill(status=404, content_type="application/json", body="{}")

    page.route(re.compile(f"/cases/{case['case']['id']}/(draft|heartbeat)/$"), absent)
    page.clock.install()
    page.fill("#note", "Talked to the employer.")
    page.clock.run_for(2_000)
    notice = page.locator("[data-lease-notice]")
    expect(notice).to_contain_text("This case is out of your reach now")
    expect(page.locator("[data-draft-status]")).to_contain_text("on this page only")
    page.clock.run_for(60_000)
    page.locator("#answer button[type=submit]").click()
    expect(notice).to_contain_text("copy what you need")
    assert page.locator("#note").input_value() == "Talked to the employer."
    assert len(asked) == 1


def test_texts_that_bite_are_texts(world, person, held_out):
    bodies = (
        body | {"subject": {"name": BITING[0] + " " + "x" * 120, "reference": BITING[3]}}
        for body in held_out[LOANS][120:]
    )
    case = _case(world, bodies, "<b>{{7*7}}</b> ")
    page = person("underwriter")
    take(page, world.url + case["case"]["url"])
    expect(page.locator("h1")).to_have_text(case["external_id"])
    note = "\n".join(BITING) + "\n" + "Long. " * 1_600
    page.fill("#note", note[:10_000])
    page.locator("input[name=choice][value=refer]").check(force=True)
    page.locator("#answer button[type=submit]").click()
    expect(page.locator(".notice").first).to_contain_text("<b>{{7*7}}</b>")
    for username, path in [("underwriter", "/reviews/"), ("underwriter", "/my-work/"), ("lead", case["case"]["url"])]:
        window = person(username)
        window.goto(world.url + path)
        expect(window.locator("main")).to_contain_text("<b>{{7*7}}</b>")
        assert "bitten" not in window.title()
        assert window.locator("main b, main a[href^='javascript']").count() == 0
        assert flaws(window) == []
    expect(window.locator(".timeline")).to_contain_text("onerror")
