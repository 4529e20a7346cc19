"""Looking at a page as everyone would: with assistive technology, on a phone, zoomed in, on a wide screen, by day and by night."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DESK, PHONE, ZOOMED, WIDE = (1440, 1000), (360, 740), (720, 500), (1920, 1080)  # 1440 wide at 200 % has 720 to lay out
OPTIONS = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
_AXE = Axe().axe_script
_TOO_WIDE = """() => {
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return [];
  const inside = (element) => element.closest(".scroll-x, .list, nav, pre, svg, dialog");
  return [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > room + 1 && !inside(element))
    .slice(0, 3).map((element) => element.outerHTML.slice(0, 120)).concat(["wider than " + room]);
}"""


def flaws(page: Page) -> list[str]:
    """What is wrong with the page: axe by day at a desk and by night on a phone, and what makes it scroll sideways anywhere.

    The widths come in an order that asks for the fewest changes of the window: each lays the page out anew.
    """
    _resize(page, *PHONE)
    page.emulate_media(color_scheme="dark")
    found = [f"phone, dark: {flaw}" for flaw in axe(page)]
    page.emulate_media(color_scheme="light")
    for width, height in (PHONE, ZOOMED, WIDE):
        _resize(page, width, height)
        found += [f"at {width}: {element}" for element in page.evaluate(_TOO_WIDE)]
    _resize(page, *DESK)
    return found + [f"desk, light: {flaw}" for flaw in axe(page)]


def axe(page: Page) -> list[str]:
    """What axe finds. Its half megabyte goes to a page once, and only what is wrong comes back: the rest took longer than looking."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(_AXE)
    violations = page.evaluate("options => axe.run(options).then(found => found.violations)", OPTIONS)
    return [
        f"{rule['id']} {node['html'][:200]} {node['failureSummary'][:300]}"
        for rule in violations
        for node in rule["nodes"]
    ]


def _resize(page: Page, width: int, height: int) -> None:
    if page.viewport_size != {"width": width, "height": height}:
        page.set_viewport_size({"width": width, "height": height})
