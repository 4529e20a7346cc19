"""Seeding makes a whole office through the actions of the rooms, and the second time changes nothing."""

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from reviewapp.access.models import ApiKey, User
from reviewapp.audit.models import AuditEvent
from reviewapp.cases.models import Case
from reviewapp.catalog.models import ModelVersion, UseCase
from reviewapp.demo import access_file, data, mortgage, seeding, training, triage
from reviewapp.demo.feeding import body
from reviewapp.demo.people import PEOPLE
from reviewapp.demo.scenario import Scenario
from reviewapp.demo.split import arrivals
from reviewapp.intake.scoring import score_pending
from reviewapp.predictions.models import Prediction
from tests.factories import now

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("demo")]
NAMES = ["admin", "lead", "underwriter", "underwriter2", "nurse", "nurse2", "auditor", "mlteam"]


@pytest.fixture
def folder(
    demo_data: Path,
    artifact_of: Callable[[Scenario], Path],
    tmp_path: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A data folder of its own, with the data sets there already; models are trained in no time."""

    def train_model(scenario: Scenario, data: Path, folder: Path, *, at: object) -> None:
        shutil.copytree(artifact_of(scenario), folder)

    monkeypatch.setattr(training, "train_model", train_model)
    (tmp_path / data.FOLDER).symlink_to(demo_data)
    settings.DATA_DIR, settings.ARTIFACT_DIR = tmp_path, tmp_path / "artifacts"
    monkeypatch.setenv("BASE_URL", "http://127.0.0.1:8000")
    return tmp_path


@pytest.fixture
def seeded(folder: Path) -> dict[str, Any]:
    """What access.json tells after seeding."""
    call_command("seed_demo")
    return json.loads((folder / access_file.NAME).read_text())


def test_access_json_tells_accounts_and_keys_to_its_owner_alone(seeded: dict[str, Any], folder: Path) -> None:
    assert stat.S_IMODE((folder / access_file.NAME).stat().st_mode) == 0o600
    assert [account["username"] for account in seeded["accounts"]] == NAMES
    assert len({account["password"] for account in seeded["accounts"]}) == len(NAMES)
    assert set(seeded["api_keys"]) == {"intake", "ml", "reviewer"}
    assert seeded["base_url"] == "http://127.0.0.1:8000"


def test_everybody_signs_in_with_what_access_json_says(seeded: dict[str, Any]) -> None:
    for account in seeded["accounts"]:
        answer = Client().post("/sign-in/", {"username": account["username"], "password": account["password"]})
        assert answer.status_code == 302, account["username"]
    wrong = Client().post("/sign-in/", {"username": "nurse", "password": seeded["accounts"][0]["password"]})
    assert wrong.status_code != 302


def test_use_cases_stand_whole(seeded: dict[str, Any]) -> None:
    for scenario in (mortgage.SCENARIO, triage.SCENARIO):
        use_case = UseCase.objects.get(slug=scenario.slug)
        assert use_case.queues.get(is_lead=False).slug == scenario.slug
        assert use_case.queues.get(is_lead=True).slug == scenario.inboxes[1].slug
        assert use_case.schemas.get().digest == scenario.schema.digest
        assert use_case.policy_versions.get().number == 1
        assert use_case.reason_codes.count() == len(scenario.reasons)
        version = ModelVersion.objects.get(model__use_case=use_case, stage="live")
        assert version.model.name == scenario.model


def test_seeding_twice_changes_nothing(seeded: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeding, "seed_model", _never)
    monkeypatch.setattr(seeding, "seed_scorecard", _never)
    before = _everything(folder)
    call_command("seed_demo")
    assert _everything(folder) == before


def test_a_seeding_that_was_interrupted_is_finished(seeded: dict[str, Any], folder: Path) -> None:
    ApiKey.objects.filter(owner__username="ml").update(revoked_at=now())
    known = access_file.read(folder)
    access_file.write(folder, known | {"api_keys": {"intake": known["api_keys"]["intake"]}})
    call_command("seed_demo")
    again = access_file.read(folder)
    assert again["api_keys"]["intake"] == seeded["api_keys"]["intake"]
    assert again["api_keys"]["reviewer"] != seeded["api_keys"]["reviewer"]
    assert _status(again["api_keys"]["reviewer"], "/api/v1/cases") == 200
    assert _status(seeded["api_keys"]["reviewer"], "/api/v1/cases") == 401


def test_a_lost_access_json_is_made_again_with_new_passwords(seeded: dict[str, Any], folder: Path) -> None:
    (folder / access_file.NAME).unlink()
    call_command("seed_demo")
    again = access_file.read(folder)
    assert again["accounts"][0]["password"] != seeded["accounts"][0]["password"]
    assert _sign_in(again, "auditor").get("/audit/").status_code in (200, 302)


def test_all_of_it_is_on_the_trail_as_the_demos_doing(seeded: dict[str, Any]) -> None:
    assert set(AuditEvent.objects.values_list("actor_kind", "actor_name")) == {("system", "demo")}
    assert AuditEvent.objects.filter(action="user.created").count() == len(PEOPLE) + 3
    assert AuditEvent.objects.filter(action="model_version.promoted").count() == 2


def test_keys_open_what_they_are_for_and_nothing_else(seeded: dict[str, Any]) -> None:
    keys = seeded["api_keys"]
    allowed = {"intake": "/api/v1/predictions", "ml": "/api/v1/labels", "reviewer": "/api/v1/cases"}
    for name, key in keys.items():
        assert {other: _status(key, path) for other, path in allowed.items()} == {
            "intake": 200 if name in ("intake", "ml") else 403,
            "ml": 200 if name == "ml" else 403,
            "reviewer": 200 if name == "reviewer" else 403,
        }


def test_a_nurse_sees_the_ward_and_an_underwriter_the_loans(seeded: dict[str, Any]) -> None:
    nurse, underwriter = _sign_in(seeded, "nurse"), _sign_in(seeded, "underwriter")
    assert nurse.get("/queues/ward-triage/").status_code == 200
    assert nurse.get("/queues/mortgage-underwriting/").status_code == 404
    assert underwriter.get("/queues/mortgage-underwriting/").status_code == 200
    assert underwriter.get("/queues/ward-triage/").status_code == 404


def test_a_held_out_row_is_scored_explained_and_waits_for_a_person(seeded: dict[str, Any], demo_data: Path) -> None:
    client = Client(headers={"Authorization": f"Bearer {seeded['api_keys']['intake']}"})
    for scenario in (mortgage.SCENARIO, triage.SCENARIO):
        rows = arrivals(scenario, scenario.read(demo_data))[:30]
        items = [body(scenario, arrival, number) for number, arrival in enumerate(rows, start=190)]
        answer = client.post("/api/v1/predictions/batch", {"items": items}, content_type="application/json")
        assert {result["status"] for result in answer.json()["results"]} <= {201, 202}
    score_pending(at=now())
    assert Prediction.objects.filter(model_version__model__name="broker-scorecard", brought_along=True).count() == 3
    for scenario in (mortgage.SCENARIO, triage.SCENARIO):
        opened = Case.objects.filter(queue__slug=scenario.slug).select_related("prediction__explanation")
        assert opened
        assert all(case.prediction.explanation.additive for case in opened)
    replay = client.post("/api/v1/predictions/batch", {"items": items}, content_type="application/json")
    assert {result["status"] for result in replay.json()["results"]} == {200}


def test_without_data_the_command_ends_in_a_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / data.FOLDER).unlink()
    monkeypatch.setattr(data, "_unpack", _unreachable)
    with pytest.raises(CommandError, match="package index cannot be reached"):
        call_command("seed_demo")


def test_feeding_before_seeding_ends_in_a_sentence(folder: Path) -> None:
    with pytest.raises(CommandError, match="Run seed_demo"):
        call_command("feed_demo")


def _everything(folder: Path) -> list[Any]:
    tables: list[Callable[[], Any]] = [
        AuditEvent.objects.count,
        lambda: list(User.objects.order_by("pk").values_list("pk", "password", "session_epoch")),
        lambda: list(ApiKey.objects.order_by("pk").values_list("pk", "revoked_at")),
        lambda: list(ModelVersion.objects.order_by("pk").values_list("pk", "stage", "artifact_digest")),
    ]
    return [read() for read in tables] + [(folder / access_file.NAME).stat().st_mtime_ns]


def _status(key: str, path: str) -> int:
    return Client(headers={"Authorization": f"Bearer {key}"}).get(path).status_code


def _sign_in(seeded: dict[str, Any], name: str) -> Client:
    account = next(account for account in seeded["accounts"] if account["username"] == name)
    browser = Client()
    browser.post("/sign-in/", {"username": name, "password": account["password"]})
    return browser


def _never(*_: object, **__: object) -> None:
    raise AssertionError("trained again")


def _unreachable(_: Path) -> None:
    raise data.DataUnavailable(data._UNREACHABLE)
