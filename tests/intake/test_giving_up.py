"""The model worker gives up after its last try: the work is over, and whoever looks is told the truth."""

from datetime import timedelta

import pytest

from reviewapp.audit.models import AuditEvent
from reviewapp.intake import scoring
from reviewapp.intake.scoring import score_pending
from reviewapp.predictions.models import ModelWork, Prediction
from tests import factories
from tests.factories import NAMED

pytestmark = pytest.mark.django_db


@pytest.fixture
def broken(registered, monkeypatch) -> None:
    """The model cannot be run."""
    monkeypatch.setattr(scoring, "_runtime_of", lambda rows: 1 / 0)


def last_try() -> None:
    ModelWork.objects.update(tries=scoring.MOST_TRIES - 1)
    score_pending(at=factories.now() + timedelta(minutes=1))


def waiting(client) -> int:
    """What the metrics page counts."""
    lines = client.get("/metrics").content.decode().splitlines()
    [line] = [line for line in lines if line.startswith("countersign_model_work_pending ")]
    return int(float(line.split()[1]))


def test_reasons_are_promised_until_the_last_try_and_no_longer(office, broken, alice, api, sign_in, client):
    case = office.send(**NAMED, explanation=None)
    browser, path = sign_in(alice), f"/cases/{case.pk}/"
    score_pending(at=factories.now())
    assert "is computing them" in browser.get(path).content.decode()
    assert waiting(client) == 1
    last_try()
    page = browser.get(path).content.decode()
    assert "could not be computed" in page
    assert "is computing them" not in page
    assert "not registered here" not in page
    assert api(alice).get(f"/api/v1/cases/{case.pk}/similar").json()["status"] == "unavailable"
    assert waiting(client) == 0
    event = AuditEvent.objects.get(action="prediction.unexplained")
    assert (event.object_id, event.data) == (str(case.prediction_id), {"failure": "ZeroDivisionError"})


def test_a_prediction_that_cannot_be_scored_has_failed_and_waits_no_longer(office, broken, api, client, settings):
    settings.INTAKE_BACKLOG_LIMIT = 1
    sender = api(office.sender)
    bodies = [factories.prediction_body(prediction=None, explanation=None) for _ in range(3)]
    assert [sender.post("/api/v1/predictions", body).status_code for body in bodies] == [202, 202, 429]
    last_try()
    assert set(Prediction.objects.values_list("status", "failure")) == {("failed", "ZeroDivisionError")}
    assert waiting(client) == 0
    assert sender.post("/api/v1/predictions", bodies[2]).status_code == 202
