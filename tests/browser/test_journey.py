"""The whole path, with real processes: a prediction by HTTP, the case page, agree and correct, the label, Parquet and CSV."""

import math
import re
import time
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.datasets.reading import frame

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(400)]

ROLES = [("mortgage-underwriting", "underwriter", "APP-J"), ("ward-triage", "nurse", "ENC-J")]


def _figures(page: Page) -> list[float]:
    """The pushes of the waterfall as printed, start first, end last."""
    texts = page.locator(".waterfall tbody tr td.num:last-child").all_inner_texts()
    return [float(re.match(r"[+−\d.]+", text.strip())[0].replace("−", "-")) for text in texts]


def _answer(page: Page, world, case: dict[str, Any], choice: str, note: str) -> None:
    page.goto(f"{world.url}{case['case']['url']}")
    if not page.locator("#answer").count():  # the answer before may have led on to this very case
        page.get_by_role("button", name="Take this case").click()
    page.locator(f"input[name=choice][value='{choice}']").check(force=True)
    page.fill("#note", note)
    page.locator("#answer button[type=submit]").click()
    expect(page.locator(".notice").first).to_contain_text("Recorded")


def _labels(world, slug: str, cases: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Labels by external id, once the worker has written them all."""
    with world.api("ml") as api, world.api("intake") as sender:
        wanted = {case["id"]: case["external_id"] for case in cases}
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            decided = {key: sender.get(f"/api/v1/predictions/{key}").json()["decision"] for key in wanted}
            rows = {row["decision"]: row for row in _pages(api, f"/api/v1/labels?use_case={slug}&page_size=200")}
            if all(decision and decision["id"] in rows for decision in decided.values()):
                return {wanted[key]: rows[decision["id"]] for key, decision in decided.items()}
            time.sleep(0.3)
    raise AssertionError("the worker wrote no label in 30 s")


def _pages(api, path: str) -> list[dict[str, Any]]:
    rows, cursor = [], ""
    while cursor is not None:
        page = api.get(path + (f"&cursor={cursor}" if cursor else "")).json()
        rows, cursor = rows + page["results"], page["next"]
    return rows


def _frozen(world, slug: str) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    with world.api("ml") as api:
        made = api.post("/api/v1/datasets", json={"use_case": slug, "name": f"Journey {slug}"}).json()
        deadline = time.monotonic() + 60
        while (state := api.get(f"/api/v1/datasets/{made['id']}").json())[
            "state"
        ] == "pending" and time.monotonic() < deadline:
            time.sleep(0.3)
        files = {
            form: api.get(f"/api/v1/datasets/{made['id']}/download?format={form}")
            for form in ("parquet", "csv", "jsonl")
        }
    assert {answer.status_code for answer in files.values()} == {200}
    return state, {form: frame(answer.content, form) for form, answer in files.items()}


@pytest.mark.parametrize(("slug", "username", "prefix"), ROLES)
def test_from_a_prediction_by_http_to_a_label_that_pandas_reads_back(world, person, held_out, slug, username, prefix):
    first, second = world.cases(held_out[slug], prefix, wanted=2)
    page = person(username)
    page.goto(f"{world.url}{first['case']['url']}")
    figures = _figures(page)
    assert len(figures) > 4
    assert math.isclose(sum(figures[:-1]), figures[-1], abs_tol=0.005), (
        "the printed contributions add up to the printed result"
    )
    explanation = first["explanation"]
    assert explanation["additive"] is True

    advised = first["prediction"]["outcome"]
    other = next(outcome for outcome in first["prediction"]["probabilities"] if outcome != advised)
    ordinal = slug == "ward-triage"
    _answer(page, world, first, f"outcome:{advised}" if ordinal else "agree", "")
    _answer(page, world, second, _correction(second, ordinal), "=SUM(A1) seen, a correction")

    labels = _labels(world, slug, [first, second])
    assert labels[first["external_id"]]["agrees"] is True
    assert labels[second["external_id"]]["agrees"] is False
    assert other in first["prediction"]["probabilities"]

    state, files = _frozen(world, slug)
    assert state["state"] == "frozen"
    assert len(files["parquet"]) >= 2
    pd.testing.assert_frame_equal(files["parquet"], files["csv"])
    pd.testing.assert_frame_equal(files["parquet"], files["jsonl"])
    row = files["parquet"].set_index("decision_id").loc[labels[second["external_id"]]["decision"]]
    assert row["outcome"] == labels[second["external_id"]]["outcome"] != second["prediction"]["outcome"]


def _correction(prediction: dict[str, Any], ordinal: bool) -> str:
    advised = prediction["prediction"]["outcome"]
    other = next(outcome for outcome in prediction["prediction"]["probabilities"] if outcome != advised)
    return f"outcome:{other}" if ordinal else f"correct:{other}"


def test_the_main_path_works_without_a_script(world, person, held_out):
    (case,) = world.cases(held_out["mortgage-underwriting"], "APP-N", wanted=1)
    page = person("underwriter2", java_script_enabled=False)
    page.goto(f"{world.url}{case['case']['url']}")
    page.get_by_role("button", name="Take this case").click()
    page.locator("input[name=choice][value=agree]").check(force=True)
    page.locator("#answer button[type=submit]").click()
    expect(page.locator(".notice").first).to_contain_text("Recorded")


def test_a_nurse_goes_through_ten_cases_by_keyboard_alone(world, person, held_out):
    """One key takes the first; each answer brings the next."""
    world.cases(held_out["ward-triage"], "ENC-K", wanted=10)
    page = person("nurse2")
    page.goto(f"{world.url}/")
    page.keyboard.press("g")
    page.wait_for_url("**/cases/**")
    expect(page.locator(".page-head")).to_contain_text(re.compile("next because: (priority \\d|.+ to breach|late by)"))
    answered = []
    for turn in range(10):
        answered.append(page.locator("h1").inner_text())
        level = str(1 + turn % 5)
        page.keyboard.press(level)
        expect(page.locator("[data-record-text]")).to_contain_text(level)
        page.keyboard.press("n")
        page.keyboard.type("2 g r seen at the bed")
        page.keyboard.press("Control+Enter")
        expect(page.locator(".notice").first).to_contain_text(f"Recorded: {answered[-1]}")
    assert len(set(answered)) == 10
