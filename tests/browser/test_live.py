"""Pages that stay open: what others do announces itself, by socket within moments and without one within half a minute."""

import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import take

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]

LOANS = "mortgage-underwriting"


@pytest.fixture
def free_case(world, held_out):
    (case,) = world.cases(held_out[LOANS][80:], "APP-L", wanted=1)
    return world.url + case["case"]["url"]


def _open_with_a_socket(page: Page, url: str) -> None:
    """Open it and wait until its socket listens."""
    heard: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: heard.append(frame)))
    page.goto(url)
    deadline = time.monotonic() + 10
    while not heard and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    assert heard, "the page opened no socket"


def test_a_case_that_another_takes_announces_itself_within_moments(person, free_case):
    reader, taker = person("underwriter"), person("underwriter2")
    _open_with_a_socket(reader, free_case)
    height = reader.locator("h1").bounding_box()
    take(taker, free_case)
    news = reader.locator("[data-live-url*='/news/']")
    expect(news).to_contain_text("Underwriter 2 holds it", timeout=5_000)
    assert reader.locator("h1").bounding_box() == height, "what one reads does not jump"
    news.get_by_role("link", name="Show it as it is now").click()
    expect(reader.get_by_role("heading", name="Underwriter 2 holds it")).to_be_visible()


def test_a_new_case_is_announced_in_the_open_list_and_waits_for_a_click(world, person, held_out):
    page = person("underwriter")
    _open_with_a_socket(page, f"{world.url}/queues/{LOANS}/?sort=oldest")
    rows = page.locator("tbody tr").count()
    world.cases(held_out[LOANS][90:], "APP-M", wanted=1)
    expect(page.locator("[data-live]")).to_contain_text("new since you opened this page", timeout=5_000)
    assert page.locator("tbody tr").count() == rows


@pytest.fixture
def no_sockets(world):
    """The process of the sockets is killed; afterwards it runs again."""
    world.programs.lose("sockets")
    yield
    world.programs.start("sockets")


def test_without_sockets_an_open_page_is_right_within_half_a_minute(visitors, person, free_case, no_sockets):
    reader, taker = visitors.open_anew("underwriter"), person("underwriter2")
    reader.clock.install()  # half a minute of hers passes at once
    reader.goto(free_case)
    take(taker, free_case)
    news = reader.locator("[data-live-url*='/news/']")
    reader.wait_for_timeout(1_000)
    assert "Underwriter 2 holds it" not in news.inner_text(), "the socket was gone"
    reader.clock.fast_forward(30_000)
    expect(news).to_contain_text("Underwriter 2 holds it", timeout=5_000)
