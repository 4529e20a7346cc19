"""A case that waits for a document: pended by key, warned of its due time, back by itself, and taken up again."""

import os
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import take

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]
MORTGAGE = "mortgage-underwriting"
AWAITED = "October payslip"


@pytest.fixture
def database(world) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    with psycopg.connect(world.environment["DATABASE_URL"], autocommit=True) as connection:
        yield connection


def _open(page: Page) -> None:
    page.keyboard.press("p")
    expect(page.locator("details.pend")).to_have_attribute("open", "")
    expect(page.locator("input[name=follow_up]").first).to_be_focused()


def test_pend_and_return(world, person, held_out, database):
    (prediction,) = world.cases(held_out[MORTGAGE], "APP-W", wanted=1)
    case = prediction["case"]
    page = person("underwriter")
    take(page, f"{world.url}{case['url']}")
    page.fill("#note", "The employer is asked.")
    expect(page.locator("[data-draft-status]")).to_contain_text("Draft saved")
    page.locator("h1").click()
    _open(page)
    warning = page.locator("[data-pend-late]")
    page.locator("input[name=follow_up][value='tomorrow']").check(force=True)
    expect(warning).to_contain_text("after the case is due")
    page.fill("#follow-up-at", _in_the_field(timedelta(minutes=2)))
    expect(page.locator("input[name=follow_up][value=at]")).to_be_checked()
    expect(warning).to_be_hidden()
    page.fill("#awaited", AWAITED)
    page.get_by_role("button", name="Pend and take next").click()
    expect(page.locator(".notice").first).to_contain_text("Pended until")

    page.goto(f"{world.url}/my-work/")
    expect(page.locator("section", has=page.get_by_role("heading", name="Pended by you"))).to_contain_text(AWAITED)
    page.goto(f"{world.url}{case['url']}")
    expect(page.get_by_role("heading", name=re.compile("Pended until"))).to_be_visible()
    expect(page.get_by_role("button", name="Take it up again")).to_be_visible()

    database.execute("update cases_case set follow_up_at = clock_timestamp() where id = %s", [case["id"]])
    _comes_back(page)
    expect(page.locator(".timeline")).to_contain_text("The follow-up time came")
    expect(page.locator(".timeline")).to_contain_text(AWAITED)
    page.get_by_role("button", name="Take this case").click()
    expect(page.locator("#note")).to_have_value("The employer is asked.")


def _in_the_field(ahead: timedelta) -> str:
    """The server of the tests runs in UTC."""
    assert os.environ.get("TIME_ZONE", "UTC") == "UTC"
    return f"{datetime.now(UTC) + ahead:%Y-%m-%dT%H:%M}"


def _comes_back(page: Page) -> None:
    """The beat looks every ten seconds."""
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        page.reload()
        if page.get_by_role("button", name="Take this case").count():
            return
        time.sleep(1)
    raise AssertionError("the case did not come back in 40 s")


def test_pending_works_without_a_script(world, person, held_out):
    (prediction,) = world.cases(held_out[MORTGAGE], "APP-V", wanted=1)
    page = person("underwriter2", java_script_enabled=False)
    page.goto(f"{world.url}{prediction['case']['url']}")
    page.get_by_role("button", name="Take this case").click()
    page.locator("details.pend summary").click()
    page.locator("input[name=follow_up][value='2h']").check(force=True)
    page.fill("#awaited", AWAITED)
    page.get_by_role("button", name="Pend and take next").click()
    expect(page.locator(".notice").first).to_contain_text("Pended until")
    page.goto(f"{world.url}{prediction['case']['url']}")
    page.get_by_role("button", name="Take it up again").click()
    expect(page.locator("#answer")).to_be_visible()
