"""One answer, through the front door."""

from reviewapp.cases.models import Case


def take_and_answer(client, case: Case, outcome: str, **given) -> None:
    lease = client.post(f"/api/v1/cases/{case.pk}/claim").json()["lease"]["number"]
    body = {"answer": "agree"} if outcome == case.advised else {"answer": "correct", "outcome": outcome, "note": "x"}
    answered = client.post(f"/api/v1/cases/{case.pk}/review", {"lease": lease, **body, **given})
    assert answered.status_code == 200, answered.content
