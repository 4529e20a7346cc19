"""Bad input through the real server: bodies, values, addresses, headers. Refused as written, nothing changed, nobody's value repeated."""

import gzip
import json
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from reviewapp.cases.models import Case, Review
from tests.journeys.conftest import Served, body

pytestmark = [pytest.mark.xdist_group("bad_inputs"), pytest.mark.django_db, pytest.mark.timeout(300)]
ABSENT = "00000000-0000-7000-8000-000000000000"
CANARY = "c4n4ry-value"

POSTS = {
    "/api/v1/predictions": "sender",
    "/api/v1/predictions/batch": "sender",
    f"/api/v1/cases/{ABSENT}/claim": "alice",
    f"/api/v1/cases/{ABSENT}/heartbeat": "alice",
    f"/api/v1/cases/{ABSENT}/pend": "alice",
    f"/api/v1/cases/{ABSENT}/release": "alice",
    f"/api/v1/cases/{ABSENT}/recuse": "alice",
    f"/api/v1/cases/{ABSENT}/review": "alice",
    f"/api/v1/conflicts/{ABSENT}/end": "carol",
    "/api/v1/queues/loans/skills": "carol",
    "/api/v1/queues/loans/shift": "carol",
    "/api/v1/me/keys": "alice",
    "/api/v1/me/absence": "alice",
    f"/api/v1/cases/{ABSENT}/undo": "alice",
    f"/api/v1/cases/{ABSENT}/reopen": "alice",
    f"/api/v1/cases/{ABSENT}/what-if": "alice",
    f"/api/v1/cases/{ABSENT}/flips": "alice",
    f"/api/v1/cases/{ABSENT}/comments": "alice",
    f"/api/v1/cases/{ABSENT}/reopen-requests": "alice",
    f"/api/v1/reopen-requests/{ABSENT}/grant": "carol",
    f"/api/v1/reopen-requests/{ABSENT}/decline": "carol",
    f"/api/v1/cases/{ABSENT}/comments/{ABSENT}/withdraw": "alice",
    f"/api/v1/cases/{ABSENT}/corrections": "alice",
    "/api/v1/queues/loans/claim": "alice",
    "/api/v1/queues/loans": "carol",
    "/api/v1/datasets": "ml",
    f"/api/v1/quality/samples/{ABSENT}/resolve": "carol",
    "/api/v1/quality/answers": "carol",
}
PATCHES = {"/api/v1/queues/loans"}
PUTS = {"/api/v1/queues/loans/shift", "/api/v1/me/keys", "/api/v1/me/absence"}  # the others are POSTs
BARE = {
    f"/api/v1/cases/{ABSENT}/claim",
    f"/api/v1/cases/{ABSENT}/undo",
    f"/api/v1/cases/{ABSENT}/flips",
    f"/api/v1/cases/{ABSENT}/comments/{ABSENT}/withdraw",
    f"/api/v1/reopen-requests/{ABSENT}/grant",
    "/api/v1/queues/loans/claim",
}  # those that need no body
GETS = {
    "/api/v1/predictions": "sender",
    "/api/v1/cases": "alice",
    "/api/v1/labels": "ml",
    "/api/v1/datasets": "ml",
    "/api/v1/use-cases": "ml",
    "/api/v1/models": "ml",
    "/api/v1/audit-events": "auditor",
    "/api/v1/conflicts": "carol",
}


def post(served: Served, path: str, content: bytes, kind: str | None = "application/json", **headers: str) -> Any:
    given = {**({"Content-Type": kind} if kind is not None else {}), **headers}
    method = "PATCH" if path in PATCHES else "PUT" if path in PUTS else "POST"
    return served.api(POSTS[path]).request(method, path, content=content, headers=given)


def refused(answer: Any, status: int, code: str | None = None, asked: str = "") -> None:
    """`asked` names what was sent, where one test sends many things."""
    assert answer.status_code == status, (asked, answer.text[:500])
    assert answer.headers["content-type"] == "application/problem+json", asked
    assert code in {None, answer.json()["code"]}, (asked, answer.text[:500])
    assert CANARY not in answer.text, asked


Asked = Mapping[str, tuple[Callable[[], Any], int, str | None]]


def all_refused(served: Served, asked: Asked) -> None:
    """Each is answered with its status and code, and none changes a row. To read all rows is dear, so that is done around all of them;
    only when one did change something are they asked again, one by one, to tell which."""
    before = served.fingerprint()
    for name, (ask, status, code) in asked.items():
        refused(ask(), status, code, name)
    assert served.fingerprint() == before, _changing(served, asked)


def _changing(served: Served, asked: Asked) -> list[str]:
    found = []
    for name, (ask, _, _) in asked.items():
        before = served.fingerprint()
        ask()
        if served.fingerprint() != before:
            found.append(name)
    return found


@pytest.fixture(scope="module")
def waiting(served: Served) -> None:
    """A case waits, so that a claim that slips through would be seen."""
    served.send()


# A1 to A8, A11, A12, A15: bodies no door reads

UNREADABLE = {
    "A1 NUL in text": (b'{"external_id": "a\\u0000b"}', 400, "bad-text"),
    "A2 NUL in a nested value": (b'{"context": {"a": [{"b": "c4n4ry-value\\u0000"}]}}', 400, "bad-text"),
    "A2 NUL in a key": (b'{"features": {"a\\u0000": 1}}', 400, "bad-text"),
    "A1 raw NUL": (b'{"note": "a\x00b"}', 400, "bad-json"),
    "A3 lone surrogate": (b'{"context": {"a": "\\ud800"}}', 400, "bad-text"),
    "A3 lone surrogate in a key": (b'{"\\udfff": 1}', 400, "bad-text"),
    "A4 2^63": (b'{"lease": 9223372036854775808}', 400, "number-too-large"),
    "A4 -2^63-1": (b'{"lease": -9223372036854775809}', 400, "number-too-large"),
    "A5 100,000 deep": (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "too-deep"),
    "A5 100,000 objects deep": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400, "too-deep"),
    "A5 33 deep": (b'{"a":' + b"[" * 33 + b"]" * 33 + b"}", 400, "too-deep"),
    "A5 never closed": (b"[" * 100_000, 400, None),
    "A6 same key twice": (b'{"answer": "agree", "answer": "correct"}', 400, "duplicate-key"),
    "A6 same key twice inside": (b'{"a": {"b": 1, "b": 1}}', 400, "duplicate-key"),
    "A6 same key twice, once escaped": (b'{"lease": 1, "le\\u0061se": 2}', 400, "duplicate-key"),
    "A7 NaN": (b'{"a": NaN}', 400, "not-finite"),
    "A7 Infinity": (b'{"a": -Infinity}', 400, "not-finite"),
    "A7 1e400": (b'{"a": 1e400}', 400, "not-finite"),
    "A8 5,000 digits": (b'{"a": ' + b"1" * 5_000 + b"}", 400, "number-too-large"),
    "A11 invalid UTF-8": (b'{"a": "\xff\xfe"}', 400, "bad-encoding"),
    "A11 overlong UTF-8": (b'{"a": "\xc0\xaf"}', 400, "bad-encoding"),
    "A11 surrogate in UTF-8": (b'{"a": "\xed\xa0\x80"}', 400, "bad-encoding"),
    "A11 byte order mark": (b'\xef\xbb\xbf{"a": 1}', 400, "bad-encoding"),
    "A11 UTF-16": ('{"a": 1}'.encode("utf-16"), 400, "bad-encoding"),
    "A11 UTF-16 without a mark": ('{"a": 1}'.encode("utf-16-le"), 400, None),
    "A12 null": (b"null", 400, "not-an-object"),
    "A12 list": (b"[]", 400, "not-an-object"),
    "A12 text": (b'"x"', 400, "not-an-object"),
    "A12 number": (b"1", 400, "not-an-object"),
    "A12 blanks": (b"  ", 400, "bad-json"),
    "trailing comma": (b'{"a": 1,}', 400, "bad-json"),
    "two values": (b'{"a": 1}{"b": 2}', 400, "bad-json"),
    "comment": (b'{"a": 1 /* c */}', 400, "bad-json"),
    "single quotes": (b"{'a': 1}", 400, "bad-json"),
    "cut off": (b'{"a": "c4n4ry-value', 400, "bad-json"),
}


@pytest.mark.parametrize("path", POSTS)
def test_a_body_that_cannot_be_read_is_refused_everywhere(served, waiting, path):
    bodies = UNREADABLE.items()
    all_refused(served, {name: (partial(post, served, path, sent), *said) for name, (sent, *said) in bodies})


@pytest.mark.parametrize("path", sorted(set(POSTS) - BARE))
def test_a12_an_empty_body_is_refused_where_one_is_needed(served, waiting, before_now, path):
    assert post(served, path, b"").status_code in {400, 422}
    assert served.fingerprint() == before_now


# A10, A13, A14: what the body claims to be. Such a body is not read, so the server may hang up after its answer: nothing more is asked there.

LAST = {"Connection": "close"}
MEDIA = {
    **{
        f"A10 {charset}": f"application/json; charset={charset}"
        for charset in (
            "bz2_codec",
            "rot13",
            "idna",
            "utf-7",
            "utf-16",
            "latin-1",
            "unknown",
            "'utf-16'",
            '"utf-7"',
            "",
            "zlib_codec",
        )
    },
    "A10 charset twice": "application/json; charset=utf-8; charset=utf-7",
    "A10 blank before the sign": "application/json; charset = utf-7",
    "A10 RFC 5987": "application/json; charset*=utf-8''utf-7",
    "A13 XML": "application/xml",
    "A13 form": "application/x-www-form-urlencoded",
    "A13 multipart": "multipart/form-data; boundary=x",
    "A13 text": "text/plain",
    "A13 nothing": None,
    "A13 empty": "",
    "A13 JSON patch": "application/merge-patch+json",
    "A13 pickle": "application/python-pickle",
}


@pytest.mark.parametrize("path", POSTS)
def test_a_body_of_another_kind_is_refused_everywhere(served, waiting, path):
    asks = {name: partial(post, served, path, b'{"lease": 1}', kind=kind, **LAST) for name, kind in MEDIA.items()}
    all_refused(served, {name: (ask, 415, "unsupported-media-type") for name, ask in asks.items()})


@pytest.mark.parametrize(
    "kind",
    [
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "Application/JSON",
        "application/json; charset=utf8; v=1",
    ],
)
def test_utf_8_may_be_said(served, kind):
    assert post(served, "/api/v1/predictions", json.dumps(body()).encode(), kind=kind).status_code == 201


@pytest.fixture(scope="module")
def bomb() -> bytes:
    return gzip.compress(b"0" * 50_000_000)


@pytest.mark.parametrize("path", POSTS)
def test_a14_a_compressed_body_is_refused_unopened(served, waiting, bomb, path):
    def ask(coding: str) -> Any:
        started = time.monotonic()
        answer = post(served, path, bomb, **{"Content-Encoding": coding}, **LAST)
        assert time.monotonic() - started < 5, coding
        return answer

    codings = ("gzip", "br", "deflate", "gzip, gzip", "x-unknown")
    all_refused(served, {coding: (partial(ask, coding), 415, "unsupported-media-type") for coding in codings})


@pytest.fixture
def before_now(served: Served) -> dict[str, str]:
    return served.fingerprint()


# A15 to A19: fields and values

READ_ONLY = [
    "status",
    "reviewer",
    "epoch",
    "id",
    "state",
    "holder",
    "lease_until",
    "decided_at",
    "received_from",
    "routing",
    "case",
    "__proto__",
    "is_admin",
]


@pytest.mark.parametrize("field", READ_ONLY)
def test_a15_an_unknown_or_read_only_field_is_refused(served, before_now, field):
    good = {
        "/api/v1/predictions": body(),
        f"/api/v1/cases/{ABSENT}/heartbeat": {"lease": 1},
        f"/api/v1/cases/{ABSENT}/claim": {},
        f"/api/v1/cases/{ABSENT}/pend": {"lease": 1, "follow_up_at": "2026-11-27T09:00:00Z", "awaited": "x"},
        f"/api/v1/cases/{ABSENT}/release": {"lease": 1},
        f"/api/v1/cases/{ABSENT}/recuse": {"lease": 1},
        f"/api/v1/cases/{ABSENT}/review": {"lease": 1, "answer": "agree"},
        f"/api/v1/conflicts/{ABSENT}/end": {"reason": "r"},
        "/api/v1/queues/loans/skills": {"person": "bob", "skills": []},
        "/api/v1/queues/loans/shift": {"people": 1, "until": "2026-11-27T09:00:00Z"},
        "/api/v1/me/keys": {"own_keys": {}},
        "/api/v1/me/absence": {"away_until": None},
        f"/api/v1/cases/{ABSENT}/undo": {},
        f"/api/v1/cases/{ABSENT}/reopen": {"reason": "r"},
        f"/api/v1/cases/{ABSENT}/what-if": {"changes": {"income": 1}},
        f"/api/v1/cases/{ABSENT}/flips": {},
        f"/api/v1/cases/{ABSENT}/comments": {"text": "x"},
        f"/api/v1/cases/{ABSENT}/reopen-requests": {"reason": "r"},
        f"/api/v1/reopen-requests/{ABSENT}/grant": {},
        f"/api/v1/reopen-requests/{ABSENT}/decline": {"reason": "r"},
        f"/api/v1/cases/{ABSENT}/comments/{ABSENT}/withdraw": {},
        f"/api/v1/cases/{ABSENT}/corrections": {"lease": 1, "changes": {"income": 1}, "sources": {"income": "x"}},
        "/api/v1/queues/loans/claim": {},
        "/api/v1/queues/loans": {"sla_minutes": 45},
        "/api/v1/datasets": {"use_case": "loans", "name": "n"},
        f"/api/v1/quality/samples/{ABSENT}/resolve": {"ruling": "stands", "reason": "r"},
        "/api/v1/quality/answers": {
            "queue": "loans",
            "items": [{"external_id": "x", "outcome": "deny", "reason": "r"}],
        },
    }
    for path, fields in good.items():
        answer = post(served, path, json.dumps({**fields, field: CANARY}).encode())
        refused(answer, 422)
        assert "unknown_field" in {error["code"] for error in answer.json()["errors"]}, path
    batch = post(served, "/api/v1/predictions/batch", json.dumps({"items": [body(**{field: 1})]}).encode())
    assert [item["status"] for item in batch.json()["results"]] == [422]
    refused(post(served, "/api/v1/predictions/batch", json.dumps({"items": [body()], field: 1}).encode()), 400)
    assert served.fingerprint() == before_now


@pytest.mark.parametrize("field", ["id", "status", "extra"])
def test_a15_inner_objects_take_no_other_field_either(served, before_now, field):
    whole = body()
    for name in ("subject", "prediction", "explanation"):
        answer = served.api("sender").post("/api/v1/predictions", json={**whole, name: {**whole[name], field: 1}})
        refused(answer, 422)
        assert f"/{name}" in {error["pointer"] for error in answer.json()["errors"]}
    refused(
        served.api("ml").post("/api/v1/datasets", json={"use_case": "loans", "name": "n", "filters": {field: "x"}}), 422
    )
    assert served.fingerprint() == before_now


def probabilities(approve: Any, deny: Any) -> dict[str, Any]:
    return {"prediction": {"outcome": "deny", "probabilities": {"approve": approve, "deny": deny}}}


def explained(**changes: Any) -> dict[str, Any]:
    return {"explanation": {**body()["explanation"], **changes}}


BAD_PREDICTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "A16 number as text": ({"features": {"income": "1"}}, "/features/income"),
    "A16 true for a number": ({"features": {"income": True}}, "/features/income"),
    "A16 1.0 for a whole number": ({"features": {"late_payments": 1.0}}, "/features/late_payments"),
    "A16 1 for true": ({"features": {"insured": 1}}, "/features/insured"),
    "A16 list for a number": ({"features": {"income": [1]}}, "/features/income"),
    "A7 the word nan": ({"features": {"income": "nan"}}, "/features/income"),
    "A4 2^63-1 for a whole number": ({"features": {"late_payments": 2**63 - 1}}, "/features/late_payments"),
    "out of range": ({"features": {"income": -1}}, "/features/income"),
    "unknown feature": ({"features": {"<img onerror=x>": 1}}, "/features/<img onerror=x>"),
    "features a list": ({"features": []}, "/features"),
    "features missing": ({"features": None}, "/features"),
    "use case a list": ({"use_case": ["loans"]}, "/use_case"),
    "use case an object": ({"use_case": {}}, "/use_case"),
    "use case in capitals": ({"use_case": "Loans"}, "/use_case"),
    "external id a number": ({"external_id": 1}, "/external_id"),
    "external id empty": ({"external_id": ""}, "/external_id"),
    "external id too long": ({"external_id": "x" * 121}, "/external_id"),
    "external id with a line feed": ({"external_id": "a\nb"}, "/external_id"),
    "A18 ANSI escape in a name": ({"subject": {"name": "\x1b[31mred"}}, "/subject/name"),
    "A18 CR LF in a contact": ({"subject": {"contact": "a\r\nBcc: b"}}, "/subject/contact"),
    "name too long": ({"subject": {"name": "x" * 201}}, "/subject/name"),
    "subject a list": ({"subject": []}, "/subject"),
    "A16 name 0": ({"subject": {"name": 0}}, "/subject/name"),
    "A16 name false": ({"subject": {"name": False}}, "/subject/name"),
    "A16 name an empty list": ({"subject": {"name": []}}, "/subject/name"),
    "A19 30 February": ({"subject": {"date_of_birth": "2026-02-30"}}, "/subject/date_of_birth"),
    "A19 year 0000": ({"subject": {"date_of_birth": "0000-01-01"}}, "/subject/date_of_birth"),
    "A19 year 10000": ({"subject": {"date_of_birth": "10000-01-01"}}, "/subject/date_of_birth"),
    "A19 other digits": ({"subject": {"date_of_birth": "２０２６-01-01"}}, "/subject/date_of_birth"),
    "A19 time 30 February": ({"occurred_at": "2026-02-30T00:00:00Z"}, "/occurred_at"),
    "A19 no zone": ({"occurred_at": "2026-02-20T00:00:00"}, "/occurred_at"),
    "A19 leap second": ({"occurred_at": "2016-12-31T23:59:60Z"}, "/occurred_at"),
    "A19 time year 0000": ({"occurred_at": "0000-01-01T00:00:00Z"}, "/occurred_at"),
    "A19 before year 1 in UTC": ({"occurred_at": "0001-01-01T00:00:00+01:00"}, "/occurred_at"),
    "A19 after year 9999 in UTC": ({"occurred_at": "9999-12-31T23:59:59-01:00"}, "/occurred_at"),
    "A19 offset +99:99": ({"occurred_at": "2026-01-01T00:00:00+99:99"}, "/occurred_at"),
    "A19 other digits in a time": ({"occurred_at": "２０２６-01-01T00:00:00Z"}, "/occurred_at"),
    "A19 a number": ({"occurred_at": 1_700_000_000}, "/occurred_at"),
    "context too large": ({"context": {"a": "x" * 8_200}}, "/context"),
    "context a list": ({"context": []}, "/context"),
    "model a list": ({"model": ["credit-risk"]}, "/model"),
    "F11 model version unknown": ({"model": "credit-risk", "model_version": "99"}, "/model_version"),
    "model version without model": ({"model_version": "1"}, "/model"),
    "prediction a list": ({"prediction": []}, "/prediction"),
    "outcome a list": ({"prediction": {"outcome": ["deny"], "probabilities": {}}}, "/prediction/outcome"),
    "outcome an object": ({"prediction": {"outcome": {}, "probabilities": {}}}, "/prediction/outcome"),
    "A17 outcome in capitals": (
        {"prediction": {"outcome": "Deny", "probabilities": {"deny": 1}}},
        "/prediction/outcome",
    ),
    "A17 outcome with a blank": (
        {"prediction": {"outcome": "deny ", "probabilities": {"deny": 1}}},
        "/prediction/outcome",
    ),
    "A17 outcome in other letters": (
        {"prediction": {"outcome": "dеny", "probabilities": {"deny": 1}}},
        "/prediction/outcome",
    ),
    "F11 class unknown": ({"prediction": {"outcome": "maybe", "probabilities": {"maybe": 1}}}, "/prediction/outcome"),
    "F11 probability of a class unknown": (
        probabilities(0.5, 0.5) | {"prediction": {"outcome": "deny", "probabilities": {"maybe": 1}}},
        "/prediction/probabilities",
    ),
    "F11 above 1": (probabilities(-0.1, 1.1), "/prediction/probabilities"),
    "F11 sum 0.9": (probabilities(0.4, 0.5), "/prediction/probabilities"),
    "A16 probability true": (probabilities(False, True), "/prediction/probabilities"),
    "A16 probability as text": (probabilities("0.5", "0.5"), "/prediction/probabilities"),
    "probabilities a list": (
        {"prediction": {"outcome": "deny", "probabilities": [0.3, 0.7]}},
        "/prediction/probabilities",
    ),
    "F10 explanation without prediction": ({"prediction": None}, "/explanation"),
    "F10 name not in the schema": (explained(contributions={"shoe_size": 1}), "/explanation/contributions"),
    "F10 markup as a name": (
        explained(contributions={"<img src=x onerror=alert(1)>": 1}),
        "/explanation/contributions",
    ),
    "F10 no contributions": (explained(contributions={}), "/explanation/contributions"),
    "F10 contributions a list": (explained(contributions=[1, 2]), "/explanation/contributions"),
    "F10 contribution as text": (explained(contributions={"income": "1"}), "/explanation/contributions"),
    "F10 contribution null": (explained(contributions={"income": None}), "/explanation/contributions"),
    "F10 contribution too large": (explained(contributions={"income": 1e300}), "/explanation/contributions"),
    "F10 base value missing": (explained(base_value=None), "/explanation/base_value"),
    "F10 base value true": (explained(base_value=True), "/explanation/base_value"),
    "F10 space unknown": (explained(output_space="logits"), "/explanation/output_space"),
    "F10 space a list": (explained(output_space=["log_odds"]), "/explanation/output_space"),
    "F10 method too long": (explained(method="x" * 41), "/explanation/method"),
    "F10 misses the margin it states": (explained(margin=2.0), "/explanation/margin"),
    "F10 margin as text": (explained(margin="0.99"), "/explanation/margin"),
    "F10 one contribution short of the margin": (
        explained(margin=0.994622, contributions={"debt_ratio": 0.9}),
        "/explanation/margin",
    ),
}


@pytest.mark.parametrize("name", BAD_PREDICTIONS)
def test_a_prediction_with_a_bad_value_is_refused_and_told_where(served, before_now, name):
    changes, pointer = BAD_PREDICTIONS[name]
    whole = body(**changes)
    if name == "F10 explanation without prediction":
        whole["explanation"] = body()["explanation"]
    answer = served.api("sender").post("/api/v1/predictions", json=whole)
    refused(answer, 422)
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}, answer.text
    batch = served.api("sender").post("/api/v1/predictions/batch", json={"items": [whole]})
    assert (batch.status_code, batch.json()["results"][0]["status"]) == (200, 422)
    assert served.fingerprint() == before_now


@pytest.mark.parametrize(("margin", "status"), [(0.994622, 201), (0.99, 422)])
def test_f10_a_stated_margin_must_be_reached(served, margin, status):
    assert served.api("sender").post("/api/v1/predictions", json=body(**explained(margin=margin))).status_code == status


def test_f10_without_a_stated_margin_it_is_taken_and_marked(served):
    answer = served.send(**explained(contributions={"debt_ratio": 0.9}))
    assert answer["explanation"]["additive"] is False
    page = served.browser("alice").get(answer["case"]["url"]).text
    assert "does not add up" in page or "do not add up" in page, "the page says it"


BAD_REVIEWS: dict[str, dict[str, Any]] = {
    "A16 lease true": {"lease": True},
    "A16 lease as text": {"lease": "1"},
    "A16 lease 1.0": {"lease": 1.0},
    "A16 lease null": {"lease": None},
    "A4 lease 2^31": {"lease": 2**31},
    "A4 lease 2^63-1": {"lease": 2**63 - 1},
    "lease 0": {"lease": 0},
    "A17 answer in capitals": {"answer": "Agree"},
    "A17 answer with a blank": {"answer": "agree "},
    "A17 answer in other letters": {"answer": "аgree"},
    "A16 answer a list": {"answer": ["agree"]},
    "answer missing": {"answer": None},
    "A17 outcome outside the set": {"answer": "correct", "outcome": "maybe", "note": "n"},
    "A17 outcome in capitals": {"answer": "correct", "outcome": "Approve", "note": "n"},
    "A17 outcome with a blank": {"answer": "correct", "outcome": "approve ", "note": "n"},
    "A17 outcome in other letters": {"answer": "correct", "outcome": "аpprove", "note": "n"},
    "outcome is the advice": {"answer": "correct", "outcome": "deny", "note": "n"},
    "outcome with agreement": {"answer": "agree", "outcome": "approve"},
    "A16 outcome a list": {"answer": "correct", "outcome": ["approve"], "note": "n"},
    "correction without a note": {"answer": "correct", "outcome": "approve", "note": " \n "},
    "A18 note of 10,001": {"note": "x" * 10_001},
    "A16 note a list": {"note": ["x"]},
    "unknown reason": {"reason_codes": ["R99"]},
    "reason twice": {"reason_codes": ["R01", "R01"]},
    "21 reasons": {"reason_codes": [f"R{number:02}" for number in range(21)]},
    "A16 reasons as text": {"reason_codes": "R01"},
    "A16 reasons of numbers": {"reason_codes": [1]},
    "active seconds negative": {"active_seconds": -1},
    "active seconds of years": {"active_seconds": 1e9},
    "A16 active seconds true": {"active_seconds": True},
    "shown too long": {"shown": "x" * 65},
}


@pytest.fixture(scope="module")
def held(served: Served) -> dict[str, Any]:
    """A case in alice's hands that stays there."""
    return served.case("alice")


@pytest.mark.parametrize("name", BAD_REVIEWS)
def test_an_answer_with_a_bad_value_is_refused_and_the_lease_stays(served, held, name):
    before = served.fingerprint()
    answer = {"lease": held["lease"]["number"], "answer": "agree", **BAD_REVIEWS[name]}
    refused(served.api("alice").post(f"/api/v1/cases/{held['id']}/review", json=answer), 422)
    assert served.fingerprint() == before


ODD_NOTES = {
    "A18 10,000 characters": "x" * 10_000,
    "A18 5,000 combining marks": "a" + "\u0301" * 5_000,
    "A18 right to left": "\u202egnorw\u202c",
    "A18 zero width": "a\u200bb\u200dc\ufeff",
    "A18 ANSI escape": "\x1b[31mred\x1b[0m",
    "A18 lines": "one\r\ntwo\nthree",
    "A18 markup": "<script>alert(1)</script>{{7*7}}${x}",
    "A18 a log line": '{"event": "signed in", "level": "info"}\n',
}


@pytest.mark.parametrize("name", ODD_NOTES)
def test_a18_an_odd_note_is_kept_as_it_is_and_shown_inert(served, name):
    case = served.case("bob")
    note = ODD_NOTES[name]
    answer = {"lease": case["lease"]["number"], "answer": "correct", "outcome": "approve", "note": note}
    assert served.api("bob").post(f"/api/v1/cases/{case['id']}/review", json=answer).status_code == 200
    assert Review.objects.get(case_id=case["id"]).note == note
    page = served.browser("bob").get(case["url"])
    assert page.status_code == 200
    assert "<script>alert" not in page.text


# A20, F-rows of batches


@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson"])
@pytest.mark.parametrize("count", [1_001, 10_001, 200_000])
def test_a20_a_batch_of_too_many_is_refused_before_any_is_read(served, before_now, kind, count):
    content = (
        b'{"items": [' + b"7," * (count - 1) + b"7]}" if kind.endswith("json") and "nd" not in kind else b"7\n" * count
    )
    started = time.monotonic()
    refused(post(served, "/api/v1/predictions/batch", content, kind=kind), 400, "too-many-items")
    assert time.monotonic() - started < 10
    assert served.fingerprint() == before_now


def test_a20_1500_form_fields_are_refused(served, before_now):
    browser = served.browser("alice")
    before = served.fingerprint()
    form = {f"f{number}": "x" for number in range(1_500)} | {
        "theme": "dark",
        "csrfmiddlewaretoken": browser.cookies["csrftoken"],
    }
    assert browser.post("/preferences/", data=form).status_code == 400
    assert served.fingerprint() == before


def test_one_bad_item_or_line_spoils_no_other(served):
    good, other = body(), body()
    lines = [
        json.dumps(good).encode(),
        b"{",
        b'{"a": NaN}',
        b"[" * 5_000,
        b'{"a":1,"a":2}',
        b"null",
        b"\xff",
        json.dumps(other).encode(),
    ]
    answer = post(served, "/api/v1/predictions/batch", b"\n".join(lines), kind="application/x-ndjson")
    assert [item["status"] for item in answer.json()["results"]] == [201, 400, 400, 400, 400, 422, 400, 201]
    assert Case.objects.filter(external_id__in=[good["external_id"], other["external_id"]]).count() == 2


# B: addresses


@pytest.mark.parametrize(
    "spelling", ["{{{0}}}", "urn:uuid:{0}", "{1}", "{2}", "{0}%20", "1", "x", "%00", "..", "{0}%0a"]
)
def test_b1_an_id_in_another_spelling_names_nothing(served, held, spelling):
    address = spelling.format(held["id"], held["id"].upper(), held["id"].replace("-", ""))
    for path in (f"/api/v1/cases/{address}", f"/api/v1/predictions/{address}", f"/cases/{address}/"):
        assert served.raw(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {served.tokens['alice']}\r\n\r\n".encode()
        ).status in {403, 404}
    absent = served.api("alice").post(
        f"/api/v1/cases/{held['id'].upper()}/heartbeat", json={"lease": held["lease"]["number"]}
    )
    refused(absent, 404, "not-found")


SIZES = ["0", "-1", "201", "1000000", "1e9", "abc", "", "+5", "5.0", "٥", "0x5", " 5", "5" * 300]


@pytest.mark.parametrize("path", GETS)
def test_b3_a_page_size_out_of_bounds_is_refused(served, path):
    for size in SIZES:
        answer = served.api(GETS[path]).get(path, params={"page_size": size})
        refused(answer, 400, "bad-page-size", size)


@pytest.mark.parametrize("path", GETS)
def test_b3_a_forged_cursor_is_refused(served, path):
    for cursor in ("x", "AAAA", "é", "%", "a" * 990, "0;drop", "WzAsMV0=", "../.."):
        refused(served.api(GETS[path]).get(path, params={"cursor": cursor}), 400, asked=cursor)


def test_b3_a_cursor_of_another_list_is_refused(served):
    for _ in range(2):
        served.send()
    cursor = served.api("alice").get("/api/v1/cases", params={"page_size": 1}).json()["next"]
    assert served.api("alice").get("/api/v1/cases", params={"cursor": cursor}).status_code == 200
    refused(served.api("sender").get("/api/v1/predictions", params={"cursor": cursor}), 400, "bad-cursor")
    refused(served.api("alice").get("/api/v1/cases", params={"queue": "loans", "cursor": cursor}), 400, "bad-cursor")
    refused(served.api("alice").get("/api/v1/cases", params={"cursor": cursor[:-2] + "AA"}), 400, "bad-cursor")


LOOKUPS = [
    "assignee__password__startswith=p",
    "ordering=reviewer__email",
    "holder__password__regex=.",
    "queue__slug=loans",
    "_connector=OR 1=1",
    "_negated=1",
    "a.b=1",
    'a"b=1',
    "a'b=1",
    "a%00b=1",
    "a%0ab=1",
    "queue[]=loans",
    "queue[$ne]=x",
    "__class__=1",
    "pk__in=1",
    "order_by=?",
    "%ff=1",
]


@pytest.mark.parametrize("path", [*GETS, "/api/v1/cases/{held}"])
def test_b4_b5_a_parameter_no_list_knows_is_refused(served, held, path):
    for query in LOOKUPS:
        refused(served.api(GETS.get(path, "alice")).get(f"{path.format(held=held['id'])}?{query}"), 400, asked=query)


@pytest.mark.parametrize("query", [query for query in LOOKUPS if not query.startswith("order")])
def test_b4_b5_nor_is_it_taken_with_a_write(served, before_now, query):
    refused(served.api("alice").post(f"/api/v1/queues/loans/claim?{query}"), 400, "unknown_param")
    assert served.fingerprint() == before_now


@pytest.mark.parametrize("path", GETS)
def test_b7_a_repeated_parameter_is_refused(served, path):
    refused(served.api(GETS[path]).get(path, params=[("page_size", "1"), ("page_size", "2")]), 400, "repeated-param")


SEARCHES = [
    "%",
    "_",
    "\\",
    "x" * 999,
    "'; DROP TABLE cases_case; --",
    "{{7*7}}",
    "${x}",
    "(a+)+$",
    "*",
    "\u202e",
    "<script>alert(1)</script>",
    "a" * 500 + "!",
]


@pytest.mark.parametrize(
    ("path", "name", "who"),
    [
        ("/queues/loans/", "q", "alice"),
        ("/people/", "q", "admin"),
        ("/keys/", "q", "admin"),
        ("/audit/", "actor", "auditor"),
    ],
)
def test_b6_a_search_is_taken_literally(served, browsers, path, name, who):
    for text in SEARCHES:
        started = time.monotonic()
        answer = browsers(who).get(path, params={name: text})
        assert time.monotonic() - started < 10, text
        assert answer.status_code == 200, text
        assert "<script>alert" not in answer.text, text
        assert 'class="list__row' not in answer.text or text == "_", f"nothing here is named {text}"


@pytest.mark.parametrize("text", ["x" * 10_000, "a\x00b"])
def test_b6_a_search_too_long_or_with_nul_is_refused(served, browsers, text):
    for path in ("/queues/loans/", "/people/"):
        assert browsers("admin" if "people" in path else "alice").get(path, params={"q": text}).status_code in {
            400,
            414,
        }


@pytest.fixture(scope="module")
def browsers(served: Served) -> Any:
    made: dict[str, Any] = {}

    def browser(name: str) -> Any:
        if name not in made:
            made[name] = served.browser(name)
        return made[name]

    return browser
