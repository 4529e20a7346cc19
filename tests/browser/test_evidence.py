"""An underwriter corrects an income with its source, and attaches a payslip and a photo; the model worker scores the case anew."""

import io
import re
import time

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from pypdf import PdfWriter

from tests.browser.conftest import take
from tests.browser.looking import flaws

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]


def payslip():
    writer, made = PdfWriter(), io.BytesIO()
    writer.add_blank_page(200, 200)
    writer.write(made)
    return {"name": "Payslip May.pdf", "mimeType": "application/pdf", "buffer": made.getvalue()}


def photo():
    made = io.BytesIO()
    Image.new("RGB", (900, 600), (30, 120, 90)).save(made, "JPEG")
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": made.getvalue()}


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_wrong_income_is_corrected_with_its_source(world, person, held_out, scripts):
    (prediction,) = world.cases(held_out["mortgage-underwriting"][130:], "CORR-", wanted=1)
    page = person("underwriter", java_script_enabled=scripts)
    take(page, f"{world.url}{prediction['case']['url']}")
    if scripts:
        page.keyboard.press("e")
    else:
        page.get_by_role("link", name="Correct an input").click()
    expect(page).to_have_url(re.compile("/correct/$"))
    if scripts:  # axe is a script itself
        assert flaws(page) == []
    page.fill("#value-obrat", "95")
    page.get_by_role("button", name="Correct and score anew").click()
    expect(page.get_by_role("alert")).to_contain_text("Say how you know it")
    page.fill("#source-obrat", "payslip of May")
    page.get_by_role("button", name="Correct and score anew").click()
    told = page.locator("#corrections")
    expect(told).to_contain_text("payslip of May")
    _until_scored_anew(page, told)
    if scripts:
        assert flaws(page) == []
    told.get_by_role("link", name="The case as it was before").click()
    expect(page.locator("h1")).to_contain_text("before the correction")
    if scripts:
        assert flaws(page) == []


def _until_scored_anew(page: Page, told: Locator) -> None:
    deadline = time.monotonic() + 30
    while not re.search("advice (was|is)", told.inner_text()):
        assert time.monotonic() < deadline, "the case was not scored anew in 30 s"
        page.wait_for_timeout(300)
        page.reload()


@pytest.mark.parametrize("width", [360, 1440])
def test_documents_are_attached_and_seen_beside_the_facts(world, person, held_out, width):
    (prediction,) = world.cases(held_out["mortgage-underwriting"][140:], "DOC-", wanted=1)
    page = person("underwriter")
    page.set_viewport_size({"width": width, "height": 800})
    take(page, f"{world.url}{prediction['case']['url']}")
    for file in (payslip(), photo()):
        page.set_input_files("#document-file", files=[file])
        page.get_by_role("button", name="Attach", exact=True).click()
        expect(page.locator("#documents")).to_contain_text(file["name"])
    page.locator("#documents summary").click()
    picture = page.locator("#documents img")
    expect(picture).to_be_visible()
    picture.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('#documents img').naturalWidth === 900")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert flaws(page) == []
    page.set_input_files("#document-file", files=[{"name": "x.pdf", "mimeType": "application/pdf", "buffer": b"no"}])
    page.get_by_role("button", name="Attach", exact=True).click()
    expect(page.locator("#documents").get_by_role("alert")).to_contain_text("Send a PDF, a PNG or a JPEG")
    expect(page.locator(".timeline")).to_contain_text("opened a document")
