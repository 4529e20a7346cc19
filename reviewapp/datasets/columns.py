"""The table a data set is exported as: its columns, their types, and one label as a row. Plain Python."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from inference.schema import LISTED, Feature, FeatureSchema, Kind


class Type(StrEnum):
    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIME = "time"
    TEXTS = "texts"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `feature` is the schema's name of a feature, empty for what Countersign adds."""

    name: str
    type: Type
    description: str
    feature: str = ""
    unit: str = ""
    protected: bool = False


BEFORE = (
    Column("decision_id", Type.TEXT, "the decision this label comes from; one label per decision"),
    Column("position", Type.INTEGER, "place in the stream of all labels, dense and in commit order"),
    Column("split", Type.TEXT, "train, validation or test, by hash of the subject, else of the inputs"),
    Column("decided_at", Type.TIME, "when the person answered, UTC"),
)
AFTER = (
    Column("predicted_outcome", Type.TEXT, "what the model said"),
    Column("outcome", Type.TEXT, "what the person decided"),
    Column("agrees", Type.BOOLEAN, "whether the two are the same"),
    Column("direction", Type.TEXT, "how the person moved the outcome; empty when they agreed"),
    Column("confidence", Type.NUMBER, "the model's calibrated confidence, 0 to 1"),
    Column("reason_codes", Type.TEXTS, "the reviewer's reasons"),
    Column("reviewer", Type.TEXT, "pseudonym, stable per person"),
    Column("model", Type.TEXT, "model that predicted"),
    Column("model_version", Type.TEXT, "its version"),
    Column("policy_number", Type.INTEGER, "policy that routed the case"),
    Column("handle_seconds", Type.NUMBER, "from taking the case to answering it"),
    Column("selection_reason", Type.TEXT, "why a person was asked"),
    Column("selection_probability", Type.NUMBER, "with what probability a person was asked: weight by its inverse"),
    Column("stratum", Type.TEXT, "group within which that probability holds"),
    Column("snapshot_digest", Type.TEXT, "SHA-256 of the input snapshot"),
)
_OWN = frozenset(column.name for column in BEFORE + AFTER)
_CLASH = re.compile(rf"(feature_)*({'|'.join(sorted(_OWN))})")


@lru_cache(maxsize=4096)
def column_name(feature: str) -> str:
    """The feature's own name, with `feature_` in front where Countersign has a column of that name. No two features share one."""
    return f"feature_{feature}" if _CLASH.fullmatch(feature) else feature


def columns(schemas: Iterable[FeatureSchema]) -> tuple[Column, ...]:
    """All columns of labels with these schemas, in order; a feature of several schemas stands where the first has it."""
    found: dict[str, Column] = {}
    for schema in schemas:
        for feature in schema.features:
            column = _column(feature)
            earlier = found.get(column.name)
            found[column.name] = column if earlier is None else _joined(earlier, column)
    return (*BEFORE, *found.values(), *AFTER)


def _column(feature: Feature) -> Column:
    words = feature.description or feature.label
    return Column(column_name(feature.name), _type(feature), words, feature.name, feature.unit, feature.protected)


def _type(feature: Feature) -> Type:
    """The narrowest type that holds every value the schema lets through, codes for "not recorded" among them."""
    codes = [code.value for code in feature.missing_codes]
    if feature.kind is Kind.NUMBER:
        return Type.NUMBER
    values = [category.value for category in feature.categories] if feature.kind in LISTED else []
    if feature.kind is Kind.INTEGER or (values and all(type(value) is int for value in values)):
        return Type.INTEGER if all(isinstance(code, int) for code in codes) else Type.NUMBER
    if values and all(type(value) in (int, float) for value in values):
        return Type.NUMBER
    return Type.BOOLEAN if feature.kind is Kind.BOOLEAN and not codes else Type.TEXT


def _joined(one: Column, other: Column) -> Column:
    if one.type is other.type:
        return one
    numbers = {Type.INTEGER, Type.NUMBER}
    wider = Type.NUMBER if {one.type, other.type} == numbers else Type.TEXT
    return Column(one.name, wider, one.description, one.feature, one.unit, one.protected or other.protected)


# The columns of a label as `queries` reads them, in the order `row` takes them; `features` comes as JSON text.
LABEL_FIELDS = (
    "decision_id", "position", "decided_at", "predicted_outcome", "outcome", "agrees", "direction", "confidence", "reason_codes", "reviewer",
    "model_name", "model_version_name", "policy_number", "handle_seconds", "selection_reason", "selection_probability", "stratum",
    "snapshot_digest",
)  # fmt: skip


def row(split: str, features: str, values: Sequence[Any]) -> dict[str, Any]:
    """One label as JSON values by column; a feature that was not sent is absent."""
    decision_id: UUID
    decided_at: datetime
    (
        decision_id, position, decided_at, predicted, outcome, agrees, direction, confidence, reasons, reviewer, model, version, policy, seconds,
        reason, probability, stratum, digest,
    ) = values  # fmt: skip
    return {column_name(name): value for name, value in orjson.loads(features).items()} | {
        "decision_id": str(decision_id),
        "position": position,
        "split": split,
        "decided_at": decided_at.isoformat().replace("+00:00", "Z"),
        "predicted_outcome": predicted,
        "outcome": outcome,
        "agrees": agrees,
        "direction": direction,
        "confidence": confidence,
        "reason_codes": reasons,
        "reviewer": reviewer,
        "model": model,
        "model_version": version,
        "policy_number": policy,
        "handle_seconds": seconds,
        "selection_reason": reason,
        "selection_probability": probability,
        "stratum": stratum,
        "snapshot_digest": bytes(digest).hex(),
    }
