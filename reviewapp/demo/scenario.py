"""A demo use case as data: what is decided, on which inputs, with which reasons, rules and queues. Plain Python.

`mortgage.SCENARIO` and `triage.SCENARIO` are the two there are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from inference.schema import FeatureSchema


@dataclass(frozen=True, slots=True)
class PastCase:
    """One real row: the record as a client sends it and how it really came out; `outcome` is empty where nobody knows."""

    record: Mapping[str, Any]
    outcome: str


@dataclass(frozen=True, slots=True)
class Reason:
    code: str
    text: str
    subject_text: str
    features: Sequence[str] = ()
    outcomes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Inbox:
    """A queue. Whoever has one of `workers` as a user name works in it. Rules and `late_act` as in `cases.sla`."""

    slug: str
    name: str
    sla_minutes: int
    lease_minutes: int
    workers: Sequence[str]
    is_lead: bool = False
    density: str = "auto"
    sla_rules: Sequence[Mapping[str, Any]] = ()
    late_act: str = "escalate"


@dataclass(frozen=True)
class Scenario:
    slug: str
    name: str
    description: str
    subject_noun: str
    case_noun: str
    case_noun_plural: str
    severity_noun: str
    outcome_kind: str
    outcomes: Sequence[Mapping[str, Any]]
    features: Sequence[Mapping[str, Any]]
    summary_features: Sequence[str]
    facts_layout: str
    correction_needs_note: bool
    reasons: Sequence[Reason]
    inboxes: Sequence[Inbox]
    policy: Mapping[str, Any]
    model: str
    model_description: str
    model_parameters: Mapping[str, Any]
    data_description: str
    external_id: str  # a pattern: "APP-{:06d}"
    context: Sequence[str]  # where a case may come from
    read: Callable[[Path], list[PastCase]]  # from the folder the data sets are installed in

    @cached_property
    def schema(self) -> FeatureSchema:
        return FeatureSchema.from_json({"features": list(self.features)})
