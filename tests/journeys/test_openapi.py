"""The API's own description: complete, right about every answer, and readable in a browser under the strict policy."""

import json
import random
import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import hypothesis
import pytest
import requests
import schemathesis
from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import HealthCheck, Phase, settings
from playwright.sync_api import sync_playwright
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from reviewapp.access.models import User
from reviewapp.cases.feedback import label_decisions
from reviewapp.datasets.freezing import freeze_pending
from reviewapp.monitoring import forecasting
from reviewapp.quality import queries as quality
from reviewapp.quality import samples
from reviewapp.quality.agreement import work_out
from reviewapp.quality.models import QualityReport
from reviewapp.quality.queries import SeededAnswer
from reviewapp.quality.reliance import figures
from tests import factories
from tests.journeys.conftest import Served, body

pytestmark = [pytest.mark.xdist_group("openapi"), pytest.mark.django_db, pytest.mark.timeout(400)]
EXAMPLES = 25
METHODS = ("get", "post", "put", "patch", "delete")
WRITES = METHODS[1:]
PROBLEMS = {"400", "401", "403", "404", "429", "503"}
PROBLEMS_OF_WRITES = PROBLEMS | {"409", "413", "415", "422"}


@pytest.fixture(scope="module")
def document(served: Served) -> dict[str, Any]:
    return dict(httpx.get(f"{served.url}/api/v1/openapi.json", verify=False).json())


@pytest.fixture(scope="module")
def schema(served: Served) -> Any:
    found = schemathesis.openapi.from_url(f"{served.url}/api/v1/openapi.json")
    found.config.generation.update(modes=list(schemathesis.GenerationMode))
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def served_addresses() -> set[tuple[str, str]]:
    """Every (method, path) of the URLconf under /api/v1/."""
    return set(_walk(get_resolver().url_patterns, ""))


def _walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, str]]:
    for entry in patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, path)
        elif path.startswith("api/v1/") and hasattr(entry.callback, "view_class"):
            for method in METHODS:
                if hasattr(entry.callback.view_class, method):
                    yield method, "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", path)


def test_every_address_of_the_api_is_described(document):
    assert {(method, path) for method, path, _ in operations(document)} == served_addresses()


def test_it_is_openapi_3_1_and_says_how_to_sign_in(document):
    assert document["openapi"].startswith("3.1")
    assert document["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"
    assert all({"apiKey": []} in operation["security"] for _, _, operation in operations(document))


def test_every_problem_is_described(document):
    for method, path, operation in operations(document):
        problems = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
        assert (PROBLEMS_OF_WRITES if method in WRITES else PROBLEMS) <= set(problems), path
        for answer in problems.values():
            assert answer["description"]
            assert answer["content"] == {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemShape"}}
            }


def test_no_body_takes_a_field_that_is_not_listed(document):
    schemas = document["components"]["schemas"]
    for name in (
        "PredictionBody",
        "BatchBody",
        "SubjectShape",
        "GivenPrediction",
        "GivenExplanation",
        "LeaseBody",
        "RecuseBody",
        "EndBody",
        "SkillsBody",
        "OwnKeysBody",
        "AbsenceBody",
        "ShiftBody",
        "PendBody",
        "ReviewBody",
        "ReopenBody",
        "CommentBody",
        "BulkBody",
        "PatchedQueueBody",
        "WhatIfBody",
        "DatasetBody",
        "ResolveBody",
        "AnswersBody",
    ):
        assert schemas[name]["additionalProperties"] is False, name


def test_every_write_takes_an_idempotency_key(document):
    for method, path, operation in operations(document):
        named = [parameter["name"] for parameter in operation["parameters"]]
        assert named.count("Idempotency-Key") == (method in WRITES), path


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OPERATIONS = [
    ("GET", "/api/v1/adjudications", "carol"),
    ("GET", "/api/v1/audit-events", "auditor"),
    ("GET", "/api/v1/board", "carol"),
    ("GET", "/api/v1/cases", "alice"),
    ("POST", "/api/v1/cases/bulk", "carol"),
    ("GET", "/api/v1/cases/{case_id}", "alice"),
    ("POST", "/api/v1/cases/{case_id}/claim", "alice"),
    ("POST", "/api/v1/cases/{case_id}/heartbeat", "alice"),
    ("POST", "/api/v1/cases/{case_id}/pend", "alice"),
    ("POST", "/api/v1/cases/{case_id}/release", "alice"),
    ("POST", "/api/v1/cases/{case_id}/recuse", "alice"),
    ("POST", "/api/v1/cases/{case_id}/review", "alice"),
    ("POST", "/api/v1/cases/{case_id}/undo", "alice"),
    ("POST", "/api/v1/cases/{case_id}/reopen", "carol"),
    ("GET", "/api/v1/cases/{case_id}/comments", "alice"),
    ("POST", "/api/v1/cases/{case_id}/comments", "alice"),
    ("POST", "/api/v1/cases/{case_id}/comments/{comment_id}/withdraw", "alice"),
    ("GET", "/api/v1/mentions", "alice"),
    ("POST", "/api/v1/cases/{case_id}/reopen-requests", "alice"),
    ("GET", "/api/v1/reopen-requests", "carol"),
    ("POST", "/api/v1/reopen-requests/{request_id}/grant", "carol"),
    ("POST", "/api/v1/reopen-requests/{request_id}/decline", "carol"),
    ("POST", "/api/v1/cases/{case_id}/what-if", "alice"),
    ("POST", "/api/v1/cases/{case_id}/flips", "alice"),
    ("POST", "/api/v1/cases/{case_id}/corrections", "alice"),
    ("POST", "/api/v1/cases/{case_id}/documents", "alice"),
    ("POST", "/api/v1/predictions/{prediction_id}/documents", "sender"),
    ("GET", "/api/v1/cases/{case_id}/similar", "alice"),
    ("GET", "/api/v1/cases/{case_id}/presence", "alice"),
    ("GET", "/api/v1/conflicts", "carol"),
    ("POST", "/api/v1/conflicts/{conflict_id}/end", "carol"),
    ("GET", "/api/v1/datasets", "ml"),
    ("POST", "/api/v1/datasets", "ml"),
    ("GET", "/api/v1/datasets/{dataset_id}", "ml"),
    ("GET", "/api/v1/datasets/{dataset_id}/download", "ml"),
    ("GET", "/api/v1/datasets/{dataset_id}/manifest", "ml"),
    ("GET", "/api/v1/forecasts", "carol"),
    ("GET", "/api/v1/labels", "ml"),
    ("GET", "/api/v1/models", "ml"),
    ("GET", "/api/v1/models/{name}/versions", "ml"),
    ("GET", "/api/v1/predictions", "sender"),
    ("POST", "/api/v1/predictions", "sender"),
    ("GET", "/api/v1/predictions/{prediction_id}", "sender"),
    ("POST", "/api/v1/predictions/batch", "sender"),
    ("GET", "/api/v1/quality/agreement", "carol"),
    ("GET", "/api/v1/quality/reliance", "carol"),
    ("POST", "/api/v1/quality/answers", "carol"),
    ("GET", "/api/v1/quality/samples", "carol"),
    ("POST", "/api/v1/quality/samples/{sample_id}/resolve", "carol"),
    ("GET", "/api/v1/queues/{slug}", "alice"),
    ("PATCH", "/api/v1/queues/{slug}", "carol"),
    ("POST", "/api/v1/queues/{slug}/claim", "alice"),
    ("GET", "/api/v1/queues/{slug}/skills", "carol"),
    ("POST", "/api/v1/queues/{slug}/skills", "carol"),
    ("GET", "/api/v1/me/keys", "alice"),
    ("PUT", "/api/v1/me/keys", "alice"),
    ("GET", "/api/v1/me/absence", "alice"),
    ("PUT", "/api/v1/me/absence", "alice"),
    ("PUT", "/api/v1/queues/{slug}/shift", "carol"),
    ("DELETE", "/api/v1/queues/{slug}/shift", "carol"),
    ("GET", "/api/v1/use-cases", "ml"),
]


def test_every_operation_is_fuzzed(document):
    assert {(method, path) for method, path, _ in OPERATIONS} == {
        (m.upper(), path) for m, path, _ in operations(document)
    }


def _rely(hold: Any, served: Served, asked: Any) -> None:
    """A report with one person's answers in it."""
    hold("GET", "/api/v1/quality/reliance", "carol", 200, **asked)
    person = User.objects.get(username="alice").pk
    answers = [
        SeededAnswer(person, "deny", "deny", known, known == "deny", 2.0, False) for known in ("deny", "approve")
    ]
    with patch.object(quality, "seeded_answers", lambda *_, **__: answers):
        body = figures(served.office.queue, until=factories.now())
    QualityReport.objects.create(queue=served.office.queue, kind="reliance", made_at=factories.now(), body=body)
    read = hold("GET", "/api/v1/quality/reliance", "carol", 200, **asked).json()
    assert [row["person"] for row in read["people"]] == ["alice"]
    hold("GET", "/api/v1/quality/reliance", "alice", 404, **asked)


def _judge(hold: Any, served: Served, asked: Any, *, decided: str) -> str:
    """A lead says what of a sample that was answered otherwise, and another such waits; returns its id. What is `decided` gets a known answer."""
    path, body = "/api/v1/quality/samples/{sample_id}/resolve", {"ruling": "wrong", "reason": "As the payslip says"}
    hold("GET", "/api/v1/quality/samples", "carol", 200, **asked)
    done, waits = (factories.make_sample(served.office, User.objects.get(username="bob")) for _ in range(2))
    at = {"sample_id": str(done.pk)}
    hold("POST", path, "alice", 404, at=at, json=body)
    hold("POST", path, "carol", 422, at=at, json={**body, "ruling": "perhaps"})
    hold("POST", path, "carol", 200, at=at, json=body)
    hold("POST", path, "carol", 409, at=at, json=body)
    samples.work_out(at=factories.now() + timedelta(days=1))
    case = hold("GET", "/api/v1/cases/{case_id}", "carol", 200, at={"case_id": decided}).json()
    known = {"external_id": case["external_id"], "outcome": "approve", "reason": "Paid back"}
    for who, outcome, status in (("alice", "approve", 404), ("carol", "maybe", 422), ("carol", "approve", 201)):
        sent = {"queue": "loans", "items": [known | {"outcome": outcome}]}
        hold("POST", "/api/v1/quality/answers", who, status, json=sent)
    read = hold("GET", "/api/v1/quality/samples", "carol", 200, **asked).json()
    assert (read["figures"]["automatic"]["wrong"], [row["id"] for row in read["results"]]) == (1, [str(waits.pk)])
    return str(waits.pk)


def _differ(hold: Any, case_id: str) -> None:
    """Two people answer otherwise, and a lead decides."""
    place, queue = {"at": {"case_id": case_id}}, {"at": {"slug": "loans"}}
    policy = {"outcomes": ["deny"], "amounts": [{"feature": "loan_amount", "least": 1}], "share": 0.5}
    hold("PATCH", "/api/v1/queues/{slug}", "carol", 200, **queue, json={"review_policy": policy})
    hold("PATCH", "/api/v1/queues/{slug}", "carol", 422, **queue, json={"review_policy": {"outcomes": ["maybe"]}})
    for who, answer in (
        ("alice", {"answer": "agree"}),
        ("bob", {"answer": "correct", "outcome": "approve", "note": "x"}),
    ):
        lease = hold("POST", "/api/v1/cases/{case_id}/claim", who, 200, **place).json()["lease"]["number"]
        hold("POST", "/api/v1/cases/{case_id}/review", who, 200, **place, json={"lease": lease, **answer})
    hold("POST", "/api/v1/cases/{case_id}/claim", "alice", 403, **place)
    (differing,) = hold("GET", "/api/v1/adjudications", "carol", 200).json()["results"]
    assert differing["id"] == case_id
    hold("POST", "/api/v1/queues/{slug}/claim", "alice", 404, **queue, json={"adjudicate": True})
    taken = hold("POST", "/api/v1/queues/{slug}/claim", "carol", 200, **queue, json={"adjudicate": True}).json()
    assert len(taken["answers"]) == 2
    hold("PATCH", "/api/v1/queues/{slug}", "carol", 200, **queue, json={"review_policy": {}})


def _discuss(hold: Any, case_id: str) -> str:
    """Alice writes to Bob, who reads it; she withdraws one comment and leaves another, whose id is returned."""
    place = {"at": {"case_id": case_id}}
    path = "/api/v1/cases/{case_id}/comments"
    written = [
        hold("POST", path, "alice", 201, **place, json={"text": text}).json()["id"]
        for text in ("@bob, look at this.", "No need.")
    ]
    hold("POST", path, "alice", 422, **place, json={"text": "@mallory, look at this."})
    hold("POST", path, "mallory", 404, **place, json={"text": "Let me in."})
    assert len(hold("GET", "/api/v1/mentions", "bob", 200).json()["results"]) == 1
    for status in (200, 409):
        at = {"at": {"case_id": case_id, "comment_id": written[1]}}
        hold("POST", f"{path}/{{comment_id}}/withdraw", "alice", status, **at)
    at = {"at": {"case_id": case_id, "comment_id": written[0]}}
    hold("POST", f"{path}/{{comment_id}}/withdraw", "bob", 403, **at)
    assert len(hold("GET", path, "bob", 200, **place).json()["results"]) == 2
    return written[0]


def _correct(hold: Any, case_id: str) -> None:
    """Inputs are corrected where the model is registered; here it runs elsewhere."""
    place = {"at": {"case_id": case_id}}
    given = {"lease": 1, "changes": {"income": 1}, "sources": {"income": "payslip"}}
    hold("POST", "/api/v1/cases/{case_id}/corrections", "alice", 409, **place, json=given)
    hold("POST", "/api/v1/cases/{case_id}/corrections", "alice", 422, **place, json={**given, "sources": []})


def _ask(hold: Any, case_id: str) -> str:
    """Alice and bob ask for a decided case; bob is declined, then she is granted it. The id of his question is returned."""
    place, path = {"at": {"case_id": case_id}}, "/api/v1/cases/{case_id}/reopen-requests"
    ids = {}
    for who in ("alice", "bob"):
        ids[who] = hold("POST", path, who, 201, **place, json={"reason": "New papers"}).json()["id"]
        hold("POST", path, who, 409, **place, json={"reason": "New papers"})
    hold("POST", path, "auditor", 403, **place, json={"reason": "New papers"})
    hold("POST", path, "alice", 422, **place, json={"reason": ""})
    assert len(hold("GET", "/api/v1/reopen-requests", "carol", 200, params={"state": "open"}).json()["results"]) == 2
    answers = (("bob", "decline", {"json": {"reason": "They are old"}}), ("alice", "grant", {}))
    for who, answer, sent in answers:
        at = {"at": {"request_id": ids[who]}}
        hold("POST", f"/api/v1/reopen-requests/{{request_id}}/{answer}", who, 403, **at, **sent)
        for status in (200, 409):
            hold("POST", f"/api/v1/reopen-requests/{{request_id}}/{answer}", "carol", status, **at, **sent)
    assert len(hold("GET", "/api/v1/reopen-requests", "bob", 200).json()["results"]) == 1
    return ids["bob"]


def _set(hold: Any) -> None:
    """What people set for themselves, and leads for their queue."""
    for own, status in (({"a": "q"}, 200), ({"a": "c"}, 422), ({"0": "q"}, 422), ({}, 200)):
        hold("PUT", "/api/v1/me/keys", "alice", status, json={"own_keys": own})
    hold("GET", "/api/v1/me/keys", "alice", 200)
    for until, status in ((tomorrow(), 200), ("2020-01-01T00:00:00Z", 422), (None, 200)):
        hold("PUT", "/api/v1/me/absence", "alice", status, json={"away_until": until})
    hold("GET", "/api/v1/me/absence", "alice", 200)
    shift = {"people": 3, "until": (factories.now() + timedelta(hours=8)).isoformat()}
    for who, status, changes in (("carol", 200, {}), ("alice", 404, {}), ("carol", 422, {"people": -1})):
        hold("PUT", "/api/v1/queues/{slug}/shift", who, status, at={"slug": "loans"}, json={**shift, **changes})
    hold("DELETE", "/api/v1/queues/{slug}/shift", "carol", 204, at={"slug": "loans"})
    skilled = {"at": {"slug": "loans"}, "json": {"person": "alice", "skills": ["large loans"]}}
    for who, status in (("carol", 200), ("alice", 403)):
        hold("POST", "/api/v1/queues/{slug}/skills", who, status, **skilled)
    read = hold("GET", "/api/v1/queues/{slug}/skills", "carol", 200, at={"slug": "loans"}).json()
    assert read["skills"] == ["large loans"]
    rules = [{"when": [{"field": "features.income", "op": "lt", "value": 1}], "skill": "large loans"}]
    hold("PATCH", "/api/v1/queues/{slug}", "carol", 200, at={"slug": "loans"}, json={"skill_rules": rules})
    hold("PATCH", "/api/v1/queues/{slug}", "carol", 422, at={"slug": "loans"}, json={"skill_rules": [{}]})


def _link(hold: Any, place: Any) -> Any:
    """A lead says who knows the person of the case that bob stepped back from, and ends it."""
    linked = {"person": "alice", "reason": "They are neighbours."}
    for who, status in (("carol", 200), ("carol", 409), ("alice", 403)):
        hold("POST", "/api/v1/cases/{case_id}/recuse", who, status, **place, json=linked)
    hold("POST", "/api/v1/cases/{case_id}/recuse", "carol", 422, **place, json={"person": "alice"})
    (newest, own) = hold("GET", "/api/v1/conflicts", "carol", 200).json()["results"]
    assert (newest["person"]["username"], own["recorded_by"]) == ("alice", None)
    hold("GET", "/api/v1/conflicts", "alice", 404)
    ending = {"at": {"conflict_id": newest["id"]}, "json": {"reason": "They moved."}}
    for status in (200, 409):
        hold("POST", "/api/v1/conflicts/{conflict_id}/end", "carol", status, **ending)
    return newest


def tomorrow() -> str:
    return (factories.now() + timedelta(days=1)).isoformat()


GOOD = {
    "/api/v1/predictions": body,
    "/api/v1/predictions/batch": lambda: {"items": [body()]},
    "/api/v1/datasets": lambda: {"use_case": "loans", "name": "fuzz"},
    "/api/v1/cases/{case_id}/pend": lambda: {"lease": 1, "follow_up_at": tomorrow(), "awaited": "payslip"},
    "/api/v1/cases/{case_id}/review": lambda: {"lease": 1, "answer": "agree"},
    "/api/v1/queues/{slug}": lambda: {"sla_minutes": 45},
    "/api/v1/cases/{case_id}/recuse": lambda: {"person": "bob", "reason": "fuzz"},
    "/api/v1/queues/{slug}/skills": lambda: {"person": "bob", "skills": ["cardiology"]},
    "/api/v1/me/keys": lambda: {"own_keys": {"a": "q"}},
    "/api/v1/me/absence": lambda: {"away_until": tomorrow()},
    "/api/v1/queues/{slug}/shift": lambda: {"people": 2, "until": tomorrow()},
    "/api/v1/cases/bulk": lambda: {"act": "release", "cases": [str(uuid.uuid4())], "reason": "fuzz"},
    "/api/v1/cases/{case_id}/comments": lambda: {"text": "fuzz"},
    "/api/v1/cases/{case_id}/reopen-requests": lambda: {"reason": "fuzz"},
    "/api/v1/reopen-requests/{request_id}/decline": lambda: {"reason": "fuzz"},
    "/api/v1/cases/{case_id}/what-if": lambda: {"changes": {"income": 1}},
    "/api/v1/quality/samples/{sample_id}/resolve": lambda: {"ruling": "stands", "reason": "fuzz"},
    "/api/v1/quality/answers": lambda: {
        "queue": "loans",
        "items": [{"external_id": "x", "outcome": "deny", "reason": "f"}],
    },
}


def nearly_good(path: str, generated: Any, pick: random.Random) -> Any:
    """A good body with one field of a generated one, so that what is behind the first check is reached too."""
    if path not in GOOD or not isinstance(generated, dict) or not generated:
        return generated
    name = pick.choice(sorted(generated))
    if path.endswith("batch") and isinstance(generated[name], list):
        items = [nearly_good("/api/v1/predictions", item, pick) for item in generated[name]]
        return {name: items}
    return {**GOOD[path](), name: generated[name]}


@pytest.fixture(scope="module")
def line() -> Iterator[requests.Session]:
    """Connections that are kept from one request to the next, and that add no header of their own."""
    with requests.Session() as session:
        session.headers.clear()
        session.trust_env = False
        yield session


@pytest.mark.parametrize(("method", "path", "who"), OPERATIONS, ids=lambda value: value)
def test_generated_requests_find_no_5xx_and_no_answer_that_is_not_described(
    served, schema, story, line, method, path, who
):
    """Good and bad requests by the description, with ids and slugs that exist mixed in."""
    operation = schema[path][method]
    known = {name: value for name, value in story.items() if f"{{{name}}}" in path}
    pick = random.Random(7)
    headers = {"Authorization": f"Bearer {served.tokens[who]}"}

    @hypothesis.seed(7)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=False,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(
        case=operation.as_strategy() | operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)
    )
    def ask(case: Any) -> None:
        if pick.random() < 0.7:
            case.path_parameters = {**(case.path_parameters or {}), **known}
            case.body = nearly_good(path, case.body, pick)
        case.call_and_validate(headers=headers, timeout=60, checks=CHECKS, session=line)

    ask()


@pytest.fixture(scope="module")
def story(served: Served, schema: Any) -> dict[str, str]:
    """Answers of a whole life, each held against its description; returns ids that exist."""

    def hold(method: str, path: str, who: str, status: int, at: dict[str, str] | None = None, **parts: Any) -> Any:
        answer = served.api(who).request(method, path.format(**at or {}), **parts)
        assert answer.status_code == status, answer.text
        schema[path][method].validate_response(answer)
        return answer

    factories.make_model(served.office.use_case)
    brought = body(
        model="credit-risk", model_version="1", occurred_at="2026-11-20T12:00:00Z", context={"branch": "Leeds"}
    )
    sent = hold("POST", "/api/v1/predictions", "sender", 201, json=brought).json()
    hold("POST", "/api/v1/predictions", "sender", 200, json=brought)
    hold("POST", "/api/v1/predictions", "sender", 409, json={**brought, "context": {}})
    hold("POST", "/api/v1/predictions", "sender", 422, json={**brought, "more": 1})
    auto = {"outcome": "approve", "probabilities": {"approve": 0.99, "deny": 0.01}}
    hold("POST", "/api/v1/predictions", "sender", 201, json=body(prediction=auto, explanation=None))
    items = [body(), body(), {"use_case": "nowhere"}, 7]
    hold("POST", "/api/v1/predictions/batch", "sender", 200, json={"items": items})
    lines = b"\n".join(json.dumps(item).encode() for item in items) + b"\nnot json"
    hold(
        "POST",
        "/api/v1/predictions/batch",
        "sender",
        200,
        content=lines,
        headers={"Content-Type": "application/x-ndjson"},
    )
    for _ in range(2):
        case = hold("POST", "/api/v1/queues/{slug}/claim", "alice", 200, at={"slug": "loans"}).json()
        place = {"at": {"case_id": case["id"]}, "json": {"lease": case["lease"]["number"]}}
        hold("POST", "/api/v1/cases/{case_id}/heartbeat", "alice", 200, **place)
        hold("POST", "/api/v1/cases/{case_id}/release", "alice", 200, **place)
        hold("POST", "/api/v1/cases/{case_id}/release", "alice", 409, **place)
        again = hold("POST", "/api/v1/queues/{slug}/claim", "alice", 200, at={"slug": "loans"}).json()
        wait = {"lease": again["lease"]["number"], "follow_up_at": tomorrow(), "awaited": "payslip"}
        place = {"at": {"case_id": again["id"]}}
        hold("POST", "/api/v1/cases/{case_id}/pend", "alice", 422, **place, json={**wait, "awaited": " "})
        hold("POST", "/api/v1/cases/{case_id}/pend", "alice", 200, **place, json=wait)
        hold("POST", "/api/v1/cases/{case_id}/pend", "alice", 409, **place, json=wait)
        hold("GET", "/api/v1/cases/{case_id}", "alice", 200, **place)
        hold("GET", "/api/v1/cases", "alice", 200, params={"status": "pended"})
        again = hold("POST", "/api/v1/cases/{case_id}/claim", "alice", 200, **place).json()
        hold("POST", "/api/v1/cases/{case_id}/claim", "alice", 409, **place)
        answer = {
            "lease": again["lease"]["number"],
            "answer": "correct",
            "outcome": "approve",
            "note": "seen",
            "active_seconds": 1.5,
        }
        hold("POST", "/api/v1/cases/{case_id}/review", "alice", 200, at={"case_id": again["id"]}, json=answer)
    hold("POST", "/api/v1/queues/{slug}/claim", "carol", 204, at={"slug": "loans-lead"})
    taken = hold("POST", "/api/v1/queues/{slug}/claim", "alice", 200, at={"slug": "loans"}).json()["id"]
    hold("GET", "/api/v1/board", "carol", 200)
    hold("GET", "/api/v1/board", "alice", 404)
    order = {"act": "release", "cases": [taken, case["id"], str(uuid.uuid4())], "reason": "The shift ends"}
    done = hold("POST", "/api/v1/cases/bulk", "carol", 200, json=order).json()
    assert [result["status"] for result in done["results"]] == [200, 409, 404]
    hold("POST", "/api/v1/cases/bulk", "carol", 422, json={**order, "act": "reassign"})
    asked = {"params": {"queue": "loans"}}
    hold("GET", "/api/v1/quality/agreement", "carol", 200, **asked)  # nothing is worked out yet
    _differ(hold, taken)
    work_out(at=factories.now())
    assert hold("GET", "/api/v1/quality/agreement", "carol", 200, **asked).json()["asked"]["n"] == 1
    hold("GET", "/api/v1/quality/agreement", "alice", 404, **asked)
    _rely(hold, served, asked)
    sample_id = _judge(hold, served, asked, decided=again["id"])
    hold("GET", "/api/v1/forecasts", "carol", 200)  # likewise
    forecasting.work_out(at=factories.now())
    lines = {row["queue"]: row["forecast"] for row in hold("GET", "/api/v1/forecasts", "carol", 200).json()["results"]}
    assert lines["loans"]["lack"] == "few_days"
    hold("GET", "/api/v1/forecasts", "alice", 404)
    place = {"at": {"slug": "loans"}}
    read = hold("GET", "/api/v1/queues/{slug}", "alice", 200, **place).json()
    changed = {"sla_minutes": 90, "seen": read["seen"]}
    hold("PATCH", "/api/v1/queues/{slug}", "carol", 200, **place, json=changed)
    hold("PATCH", "/api/v1/queues/{slug}", "carol", 409, **place, json=changed)
    hold("PATCH", "/api/v1/queues/{slug}", "carol", 422, **place, json={"sla_minutes": 0})
    hold("PATCH", "/api/v1/queues/{slug}", "alice", 403, **place, json={"sla_minutes": 90})
    hold("PATCH", "/api/v1/queues/{slug}", "carol", 200, **place, json={"blind_share": 1})
    blind = hold("POST", "/api/v1/predictions", "sender", 201, json=body()).json()["case"]["id"]
    hold("PATCH", "/api/v1/queues/{slug}", "carol", 200, **place, json={"blind_share": 0})
    hold("GET", "/api/v1/cases", "alice", 200)
    place = {"at": {"case_id": blind}}
    seen = hold("POST", "/api/v1/cases/{case_id}/claim", "alice", 200, **place).json()
    answer = {"lease": seen["lease"]["number"], "outcome": "deny", "sure": 2, "shown": seen["shown"]}
    for status, word in ((409, "correct"), (200, "blind"), (409, "blind")):
        hold("POST", "/api/v1/cases/{case_id}/review", "alice", status, **place, json={**answer, "answer": word})
    hold("GET", "/api/v1/cases/{case_id}", "alice", 200, **place)
    label_decisions(at=factories.now())
    subject = {**body()["subject"], "reference": "CUST-1"}
    known = hold("POST", "/api/v1/predictions", "sender", 201, json=body(subject=subject)).json()["case"]["id"]
    place = {"at": {"case_id": known}}
    lease = hold("POST", "/api/v1/cases/{case_id}/claim", "bob", 200, **place).json()["lease"]["number"]
    for status in (200, 409):
        hold("POST", "/api/v1/cases/{case_id}/recuse", "bob", status, **place, json={"lease": lease})
    _set(hold)
    newest = _link(hold, place)
    frozen = hold("POST", "/api/v1/datasets", "ml", 201, json={"use_case": "loans", "name": "November"}).json()
    hold("GET", "/api/v1/datasets/{dataset_id}/manifest", "ml", 409, at={"dataset_id": frozen["id"]})
    freeze_pending(at=factories.now())
    place = {"at": {"dataset_id": frozen["id"]}}
    hold("GET", "/api/v1/datasets/{dataset_id}", "ml", 200, **place)
    hold("GET", "/api/v1/datasets/{dataset_id}/manifest", "ml", 200, **place)
    hold("GET", "/api/v1/datasets/{dataset_id}/download", "ml", 200, params={"format": "jsonl"}, **place)
    hold("GET", "/api/v1/predictions/{prediction_id}", "sender", 200, at={"prediction_id": sent["id"]})
    hold("GET", "/api/v1/cases/{case_id}", "alice", 200, at={"case_id": again["id"]})
    hold("POST", "/api/v1/cases/{case_id}/flips", "alice", 409, at={"case_id": again["id"]})
    hold("GET", "/api/v1/cases/{case_id}/presence", "alice", 200, at={"case_id": again["id"]})
    hold("GET", "/api/v1/cases/{case_id}/similar", "alice", 200, at={"case_id": again["id"]})
    for changes, status in (({"income": 1}, 409), (None, 422), ([], 422)):
        place = {"at": {"case_id": again["id"]}, "json": {"changes": changes}}
        hold("POST", "/api/v1/cases/{case_id}/what-if", "alice", status, **place)
    _correct(hold, again["id"])
    hold("GET", "/api/v1/models/{name}/versions", "ml", 200, at={"name": "credit-risk"})
    for path, who in (
        ("predictions", "sender"),
        ("cases", "alice"),
        ("labels", "ml"),
        ("datasets", "ml"),
        ("use-cases", "ml"),
        ("models", "ml"),
        ("audit-events", "auditor"),
    ):
        hold("GET", f"/api/v1/{path}", who, 200)
        assert hold("GET", f"/api/v1/{path}", who, 200, params={"page_size": 1}).json()["results"], path
        hold("GET", f"/api/v1/{path}", who, 400, params={"page_size": 0})
    hold("GET", "/api/v1/audit-events", "ml", 403)
    waiting = served.send()["case"]["id"]
    return {
        "case_id": waiting,
        "conflict_id": newest["id"],
        "comment_id": _discuss(hold, waiting),
        "request_id": _ask(hold, again["id"]),
        "dataset_id": frozen["id"],
        "sample_id": sample_id,
        "prediction_id": sent["id"],
        "slug": "loans",
        "name": "credit-risk",
    }


def test_every_answer_of_a_whole_life_is_as_described(story):
    assert story["case_id"]


def test_no_key_and_a_wrong_path_answer_as_described(served, schema):
    answer = httpx.get(f"{served.url}/api/v1/cases", verify=False)
    assert answer.status_code == 401
    schema["/api/v1/cases"]["GET"].validate_response(answer)
    absent = httpx.get(f"{served.url}/api/v1/nowhere", verify=False)
    assert (absent.status_code, absent.headers["content-type"]) == (404, "application/problem+json")


def test_the_docs_page_shows_every_operation_and_breaks_no_policy(served, document):
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.goto(f"{served.url}/api/docs/", wait_until="networkidle", timeout=90_000)
        page.wait_for_selector(".opblock", timeout=90_000)
        shown = page.locator(".opblock").count()
        page.locator(".opblock-summary-control").first.click()
        page.wait_for_selector(".opblock-body", timeout=30_000)
        browser.close()
    assert shown == len(list(operations(document)))
    assert [text for text in said if "Content Security Policy" in text] == []


PAGES = {
    "alice": [
        "/my-work/",
        "/queues/",
        "/queues/loans/",
        "/cases/{case_id}/",
        "/reviews/",
        "/models/",
        "/policies/loans/",
        "/help/",
    ],
    "ml": [
        "/labels/",
        "/datasets/",
        "/datasets/{dataset_id}/",
        "/models/credit-risk/",
        "/predictions/{prediction_id}/routing/",
    ],
    "admin": ["/people/", "/people/new/", "/keys/", "/keys/new/", "/people/roles/Reviewer/"],
    "auditor": ["/audit/", "/audit/?show=changes"],
}
HEAVY = re.compile(
    r"/(scipy|pandas|sklearn|shap|numba|llvmlite|xgboost|lightgbm)[/.]|libgomp"
)  # numpy comes with pyarrow, once somebody takes a Parquet file


def test_the_web_processes_hold_no_model_library_after_every_page(served, story):
    """What is mapped into the very processes that served all of the above."""
    for name, paths in PAGES.items():
        browser = served.browser(name)
        for path in paths:
            assert browser.get(path.format(**story)).status_code == 200, path
    processes = list(family(served.programs.supervisor._running["web"].process.pid))
    assert len(processes) >= 3, "the master and two workers"
    for process in processes:
        mapped = (process / "maps").read_text()
        assert "psycopg" in mapped or process == processes[0]
        assert HEAVY.findall(mapped) == []
        assert "/numpy/" not in mapped or "/pyarrow/" in mapped


def family(pid: int) -> Iterator[Path]:
    """A process and its descendants, under /proc."""
    yield Path(f"/proc/{pid}")
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from family(int(child))
