"""The shape of a prediction as it is sent: strict, one pointer per fault, no value repeated.

Read by hand and not by DRF's fields: a batch is a thousand of these, and this is ten times as quick. `intake.schemas` describes the same
shape for the API document.
"""

import hashlib
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import orjson

from reviewapp.catalog.queries import IntakeBundle, VersionInfo
from reviewapp.lib.canonical import digest
from reviewapp.lib.errors import Invalid, Problem
from reviewapp.lib.fields import MOMENT
from reviewapp.predictions.subjects import Identity

EXTERNAL_ID_LENGTH, TEXT_LENGTH, CONTEXT_BYTES = 120, 200, 8_192
SUM_TOLERANCE, ADDITIVE_TOLERANCE = 1e-3, 1e-3
FIELDS = frozenset(
    {
        "use_case",
        "external_id",
        "subject",
        "features",
        "model",
        "model_version",
        "prediction",
        "explanation",
        "occurred_at",
        "context",
    }
)
SPACES = ("log_odds", "probability", "raw")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Item:
    """One prediction, read and found good. `outcome` is empty when it is to be scored here."""

    bundle: IntakeBundle
    external_id: str
    body_digest: bytes
    features: dict[str, Any]
    snapshot_digest: bytes
    identity: Identity | None
    version: VersionInfo | None
    outcome: str = ""
    probabilities: Mapping[str, float] = field(default_factory=dict)
    confidence: float | None = None
    margin: float | None = None
    explanation: Mapping[str, Any] | None = None
    additive: bool | None = None
    occurred_at: datetime | None = None
    context: Mapping[str, Any] = field(default_factory=dict)


class _Faults:
    """Collects problems under one object."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, pointer: str, code: str, detail: str) -> None:
        self.problems.append(Problem(pointer, code, detail))

    def unknown(self, pointer: str, value: Mapping[str, Any], allowed: Collection[str]) -> None:
        if not value.keys() <= set(allowed):
            self.add(pointer, "unknown_field", f"Only these fields are known: {', '.join(sorted(allowed))}.")

    def text(self, pointer: str, value: Any, *, most: int = TEXT_LENGTH, least: int = 0) -> str:
        if type(value) is not str:
            self.add(pointer, "wrong_type", "Send text.")
        elif not least <= len(value) <= most or _CONTROL.search(value):
            self.add(pointer, "bad_text", f"Send {least} to {most} characters without control characters.")
        else:
            return value
        return ""


def use_case_of(raw: Any) -> str:
    """The use case an item names. :raises Invalid: if it is no object or names none."""
    if type(raw) is not dict:
        raise Invalid("Send a JSON object.", errors=[Problem("", "wrong_type", "Send a JSON object.")])
    slug = raw.get("use_case")
    if type(slug) is not str:
        raise Invalid("Name the use case.", errors=[Problem("/use_case", "required", "Name the use case.")])
    return slug


def read_item(raw: dict[str, Any], bundle: IntakeBundle) -> Item:
    """:raises Invalid: with every fault, each with its pointer; whether contributions add up is asked once nothing else is wrong."""
    faults = _Faults()
    faults.unknown("", raw, FIELDS)
    external_id = faults.text("/external_id", raw.get("external_id"), most=EXTERNAL_ID_LENGTH, least=1)
    features = _features(raw.get("features"), bundle, faults)
    version = _version(raw, bundle, faults)
    scored = _prediction(raw.get("prediction"), bundle, faults)
    explanation, additive = _explanation(raw.get("explanation"), bundle, scored, faults)
    identity = _identity(raw.get("subject"), faults)
    context = _context(raw.get("context"), faults)
    occurred_at = _moment(raw.get("occurred_at"), faults)
    if faults.problems:
        raise Invalid(f"The prediction has {len(faults.problems)} faults; nothing was stored.", errors=faults.problems)
    outcome, probabilities, confidence, margin = scored or ("", {}, None, None)
    return Item(
        bundle, external_id, _body_digest(raw), features, digest(features), identity, version, outcome, probabilities, confidence, margin,
        explanation, additive, occurred_at, context,
    )  # fmt: skip


def _body_digest(raw: dict[str, Any]) -> bytes:
    """Tells a retry from another body; order of keys and white space do not count. Not canonical: nobody else ever computes it."""
    return hashlib.sha256(orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)).digest()


def _features(value: Any, bundle: IntakeBundle, faults: _Faults) -> dict[str, Any]:
    if type(value) is not dict:
        faults.add("/features", "required", "Send the features as an object.")
        return {}
    for problem in bundle.validate(value):
        faults.add(f"/features/{problem.name}", problem.code, problem.detail)
    return {name: value.get(name) for name in bundle.names}


def _version(raw: dict[str, Any], bundle: IntakeBundle, faults: _Faults) -> VersionInfo | None:
    """The version named, or the live one; None where the prediction is brought along by a model nobody named."""
    model, version, brought = raw.get("model"), raw.get("model_version"), raw.get("prediction") is not None
    if model is None:
        if version is not None:
            faults.add("/model", "required", "A model version needs its model's name.")
        elif brought:
            return None
        elif bundle.live is None:
            faults.add(
                "/prediction",
                "no_live_model",
                "This use case has no live model to score with; send the prediction along.",
            )
        return bundle.live
    found = (
        bundle.versions.get((model, version))
        if type(model) is str and (version is None or type(version) is str)
        else None
    )
    if found is None:
        pointer = "/model" if version is None else "/model_version"
        faults.add(pointer, "unknown_model_version", "No such model version is registered, or it is not live.")
    elif not brought and not found.has_artifact:
        faults.add("/prediction", "cannot_score_here", "This version has no artifact here; send the prediction along.")
    return found


def _prediction(value: Any, bundle: IntakeBundle, faults: _Faults) -> tuple[str, dict[str, float], float, float] | None:
    if value is None:
        return None
    if type(value) is not dict:
        faults.add("/prediction", "wrong_type", "Send the prediction as an object.")
        return None
    faults.unknown("/prediction", value, ("outcome", "probabilities"))
    outcome, given = value.get("outcome"), value.get("probabilities")
    if type(outcome) is not str or outcome not in bundle.outcomes:
        faults.add("/prediction/outcome", "unknown_outcome", "Send an outcome of this use case.")
        return None
    if type(given) is not dict or not given.keys() <= bundle.outcomes:
        faults.add(
            "/prediction/probabilities",
            "unknown_outcome",
            "Send a probability for each outcome of this use case, by name.",
        )
        return None
    if (
        not all(type(p) in (float, int) and 0 <= p <= 1 for p in given.values())
        or abs(math.fsum(given.values()) - 1) > SUM_TOLERANCE
    ):
        faults.add(
            "/prediction/probabilities", "not_probabilities", "Probabilities are numbers from 0 to 1 that sum to 1."
        )
        return None
    first, *rest = sorted(given.values(), reverse=True)
    return outcome, given, float(given.get(outcome, 0.0)), float(first - (rest[0] if rest else 0.0))


_EXPLANATION = frozenset({"method", "output_space", "base_value", "contributions", "margin"})


def _explanation(
    value: Any, bundle: IntakeBundle, scored: Any, faults: _Faults
) -> tuple[dict[str, Any] | None, bool | None]:
    """The JSON form that is stored, and whether base and contributions reach the margin (None: nothing to hold them against)."""
    if value is None:
        return None, None
    if type(value) is not dict:
        faults.add("/explanation", "wrong_type", "Send the explanation as an object.")
        return None, None
    if scored is None:
        faults.add(
            "/explanation",
            "explanation_without_prediction",
            "An explanation belongs to a prediction that comes along with it.",
        )
    faults.unknown("/explanation", value, _EXPLANATION)
    method = faults.text("/explanation/method", value.get("method"), most=40, least=1)
    space, base, given = value.get("output_space"), value.get("base_value"), value.get("contributions")
    if space not in SPACES:
        faults.add("/explanation/output_space", "unknown_output_space", f"One of {', '.join(SPACES)}.")
    if not _is_number(base):
        faults.add("/explanation/base_value", "wrong_type", "Send a finite number.")
    if type(given) is not dict or not given or not given.keys() <= bundle.name_set:
        faults.add(
            "/explanation/contributions",
            "unknown_feature",
            "Send contributions by the names of the use case's features.",
        )
    elif not all(map(_is_number, given.values())):
        faults.add("/explanation/contributions", "not_a_number", "Every contribution is a finite number.")
    if faults.problems:
        return None, None
    gap = _gap(value, scored)
    if value.get("margin") is not None and gap is not None and gap > ADDITIVE_TOLERANCE:
        faults.add("/explanation/margin", "not_additive", "Base value and contributions do not add up to the margin.")
    body = {
        "method": method,
        "output_space": space,
        "base_value": base,
        "contributions": given,
        "margin": value.get("margin"),
    }
    return body, None if gap is None else gap <= ADDITIVE_TOLERANCE


def _is_number(value: Any) -> bool:
    return type(value) in (float, int) and math.isfinite(value) and abs(value) < 1e12


def _gap(value: dict[str, Any], scored: Any) -> float | None:
    """How far base + contributions are from the margin: the one sent, else the one the probability implies."""
    reached = value["base_value"] + math.fsum(value["contributions"].values())
    margin, confidence = value.get("margin"), scored[2] if scored else None
    if margin is not None:
        return abs(reached - margin) if _is_number(margin) else math.inf
    if value["output_space"] == "probability" and confidence is not None:
        return float(abs(reached - confidence))
    if value["output_space"] == "log_odds" and confidence is not None and 0 < confidence < 1:
        return abs(reached - math.log(confidence / (1 - confidence)))
    return None


def _identity(value: Any, faults: _Faults) -> Identity | None:
    if value is None:
        return None
    if type(value) is not dict:
        faults.add("/subject", "wrong_type", "Send the subject as an object.")
        return None
    faults.unknown("/subject", value, ("reference", "name", "date_of_birth", "contact"))
    given = {
        name: "" if value.get(name) is None else value[name]
        for name in ("reference", "name", "date_of_birth", "contact")
    }
    texts = {name: faults.text(f"/subject/{name}", text) for name, text in given.items()}
    if texts["date_of_birth"] and _day(texts["date_of_birth"]) is None:
        faults.add("/subject/date_of_birth", "bad_date", "Send a date as YYYY-MM-DD.")
    return Identity(**texts)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def _context(value: Any, faults: _Faults) -> dict[str, Any]:
    if value is None:
        return {}
    if type(value) is not dict or len(orjson.dumps(value)) > CONTEXT_BYTES:
        faults.add("/context", "bad_context", f"Send an object of at most {CONTEXT_BYTES} bytes.")
        return {}
    return value


def _moment(value: Any, faults: _Faults) -> datetime | None:
    if value is None:
        return None
    try:
        if type(value) is str and MOMENT.fullmatch(value):
            return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    faults.add("/occurred_at", "bad_time", "Send an ISO 8601 time with its zone, such as 2026-11-20T12:00:00Z.")
    return None


def unknown_use_case() -> Invalid:
    """The same words whether it does not exist or is hidden."""
    return Invalid(
        "There is no such use case, or this key may not send to it.",
        errors=[Problem("/use_case", "unknown_use_case", "There is no such use case, or this key may not send to it.")],
    )
