"""The catalog through the API."""

import pytest

from reviewapp.access.rules import Scope
from tests import factories


@pytest.fixture
def version(office):
    return factories.make_model(office.use_case)


def test_use_cases_come_with_their_inputs_and_reasons(office, mel, api):
    answer = api(mel, Scope.CATALOG_READ).get("/api/v1/use-cases").json()
    (found,) = answer["results"]
    assert (found["slug"], found["outcome_kind"], found["schema"]["number"]) == ("loans", "categorical", 1)
    assert found["outcomes"][1] == {"value": "deny", "label": "Deny", "adverse": True}
    assert [feature["name"] for feature in found["schema"]["features"]][:2] == ["income", "debt_ratio"]
    assert [reason["code"] for reason in found["reason_codes"]] == ["R01", "R02"]
    assert (answer["next"], answer["previous"]) == (None, None)


def test_only_the_newest_inputs_and_unretired_reasons_are_in_force(office, mel, api):
    use_case = office.use_case
    use_case.schemas.create(number=2, body={"features": []}, digest="d" * 64, created_at=factories.now())
    use_case.reason_codes.filter(code="R01").update(retired_at=factories.now())
    (found,) = api(mel).get("/api/v1/use-cases").json()["results"]
    assert found["schema"]["number"] == 2
    assert [reason["code"] for reason in found["reason_codes"]] == ["R02"]


def test_models_and_versions(office, version, mel, api):
    client = api(mel)
    (model,) = client.get("/api/v1/models", use_case="loans").json()["results"]
    assert (model["name"], model["use_case"], model["live_version"]) == ("credit-risk", "loans", None)
    version.stage = "live"
    version.save()
    assert client.get("/api/v1/models").json()["results"][0]["live_version"] == "1"
    (found,) = client.get("/api/v1/models/credit-risk/versions").json()["results"]
    assert (found["version"], found["stage"], found["schema_number"], found["artifact_digest"]) == (
        "1",
        "live",
        1,
        None,
    )
    assert client.get("/api/v1/models", use_case="nothing").json()["results"] == []


def test_what_one_may_not_see_is_not_there(office, version, mallory, mel, api):
    client = api(mallory)
    assert "loans" not in str(client.get("/api/v1/use-cases").json())
    assert client.get("/api/v1/models").json()["results"] == []
    hidden, absent = (client.get(f"/api/v1/models/{name}/versions") for name in ("credit-risk", "nothing"))
    assert (hidden.status_code, hidden.json()) == (absent.status_code, absent.json())
    assert hidden.status_code == 404
    other = api(mel, Scope.LABELS_READ).get("/api/v1/models")
    assert (other.status_code, other.json()["code"]) == (403, "scope-missing")


def test_versions_page_by_cursor_newest_first(office, version, mel, api):
    for number in range(2, 8):
        factories.make_model(office.use_case, version=str(number))
    client, seen, cursor = api(mel), [], {}
    while cursor is not None:
        page = client.get("/api/v1/models/credit-risk/versions", page_size=3, **cursor).json()
        seen += [row["version"] for row in page["results"]]
        cursor = {"cursor": page["next"]} if page["next"] else None
    assert seen == ["7", "6", "5", "4", "3", "2", "1"]


@pytest.mark.parametrize(
    "query", ["?cursor=x", "?page_size=0", "?page_size=201", "?stage=live", "?page_size=5&page_size=6"]
)
def test_a_list_is_strict_about_its_address(office, version, mel, api, query):
    for path in ("use-cases", "models", "models/credit-risk/versions"):
        assert api(mel).get(f"/api/v1/{path}{query}").status_code == 400
