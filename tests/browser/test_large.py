"""A use case of another size than the demo's: sixty long-named inputs, twelve outcomes, names from right to left."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import take
from tests.browser.looking import flaws

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]

INPUTS, OUTCOMES = 60, 12
SLUG = "claims-of-the-greater-region"
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"  # one word
NAME = "عبد الرحمن بن محمد الكرجي"


def _use_case() -> dict:
    features = [
        {
            "name": f"input_{n:02}",
            "kind": "number",
            "label": LONG if n == 7 else f"Measure number {n} of the second inspection, as reported",
            "unit": "kWh/m²",
            "group": f"Part {n // 10 + 1} of the report",
            "reference": {"low": 2, "high": 40, "text": "2 to 40 in buildings of its age and kind"} if n % 3 else None,
            "missing_allowed": True,
        }
        for n in range(INPUTS)
    ]
    outcomes = [
        {"value": f"o{n}", "label": f"Outcome {n}: settle in part {n}", "adverse": n > 6} for n in range(OUTCOMES)
    ]
    return {
        "slug": SLUG,
        "name": "Claims of the greater region",
        "description": "For a test",
        "subject_noun": "claimant",
        "case_noun": "claim",
        "case_noun_plural": "claims",
        "outcome_kind": "categorical",
        "outcomes": outcomes,
        "schema": {"features": [{key: value for key, value in row.items() if value is not None} for row in features]},
        "reasons": [{"code": "R01", "text": LONG, "subject_text": "A word.", "features": ["input_07"]}],
        "queues": [
            {"slug": SLUG, "name": "Claims of the greater region"},
            {"slug": f"{SLUG}-lead", "name": "Leads of claims", "is_lead": True},
        ],
    }


POLICY = {
    "rules": [],
    "always_review": [],
    "confidence_threshold": 1.0,
    "qa_share": 0.0,
    "default": {"queue": SLUG, "priority": 0},
}


def _claim() -> dict:
    return {
        "use_case": SLUG,
        "features": {f"input_{n:02}": None if n % 11 == 0 else round(1.37 * n, 2) for n in range(INPUTS)},
        "subject": {"name": NAME, "reference": "K-1"},
        "prediction": {"outcome": "o0", "probabilities": {f"o{n}": 0.45 if n == 0 else 0.05 for n in range(OUTCOMES)}},
        "explanation": {
            "method": "permutation",
            "output_space": "log_odds",
            "base_value": -1.0,
            "contributions": {f"input_{n:02}": round((-1) ** n * n / 100, 4) for n in range(INPUTS)},
        },
    }


@pytest.fixture
def claims(world, visitors, tmp_path):
    """The use case, its policy, and by the administrator's hand who may send and who may work."""
    for name, body in (("use-case", _use_case()), ("policy", POLICY)):
        (tmp_path / f"{name}.json").write_text(json.dumps(body))
    world.manage("create_use_case", str(tmp_path / "use-case.json"))
    world.manage("publish_policy", SLUG, str(tmp_path / "policy.json"), "--reason", "For a test")
    page = visitors.open("admin")
    for account, right in [
        ("intake", "Send on Claims"),
        ("intake", "Read predictions on Claims"),
        ("underwriter2", "Work on Claims"),
    ]:
        page.goto(f"{world.url}/people/?q={account}")
        page.get_by_role("link", name=account, exact=True).click()
        page.get_by_label(right).check()
        page.get_by_role("button", name="Save rights").click()
        expect(page.get_by_label(right)).to_be_checked()


def test_sixty_inputs_and_twelve_outcomes_fit(world, visitors, claims):
    case = world.send(_claim(), "CLAIM-")
    page = visitors.open("underwriter2")
    take(page, world.url + case["case"]["url"])
    expect(page.locator(".fact")).to_have_count(INPUTS)
    expect(page.locator("input[name=choice]")).to_have_count(OUTCOMES + 2)
    expect(page.get_by_role("link", name="a model elsewhere, version not stated")).to_be_visible()
    assert page.locator(".levels tbody tr").count() == OUTCOMES
    assert page.locator(".waterfall tbody tr").count() < 20, "small inputs are folded"
    assert flaws(page) == []
    page.goto(f"{world.url}/queues/{SLUG}/")
    assert flaws(page) == []
