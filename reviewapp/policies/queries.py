"""The policy in force."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings

from inference.schema import FeatureSchema
from reviewapp.catalog.models import FeatureSchemaVersion
from reviewapp.lib.errors import Conflict
from reviewapp.policies.models import PolicyVersion
from reviewapp.policies.rules import CompiledPolicy, compile_policy, draw
from reviewapp.policies.rules.engine import QA_PURPOSE
from reviewapp.predictions.actions import Routed


class NoPolicy(Conflict):
    """This use case has no published policy yet, so nothing can be routed."""

    code = "no-policy"


@dataclass(frozen=True, slots=True)
class PublishedPolicy:
    """One published version, compiled."""

    id: UUID
    number: int
    digest: str
    threshold: float
    compiled: CompiledPolicy

    def route(self, prediction_id: UUID, features: Mapping[str, Any], outcome: str, confidence: float, margin: float) -> Routed:
        drawn = draw(settings.AUDIT_KEY, self.digest, prediction_id, QA_PURPOSE)
        routing = self.compiled.route(features, outcome, confidence, margin, drawn)
        return Routed(
            policy_version_id=self.id,
            policy_number=self.number,
            result=str(routing.result),
            outcome=outcome if routing.result == "auto" else "",
            queue_slug=routing.queue,
            priority=routing.priority,
            rule=routing.rule,
            trace=routing.trace,
            selection_reason=str(routing.selection_reason),
            selection_probability=routing.selection_probability,
            stratum=f"policy {self.number}/{routing.stratum}",
            draw=drawn,
            threshold=self.threshold,
        )


def published(use_case_id: UUID) -> PublishedPolicy:
    """The version in force: its id is asked for each time, so that nothing is routed by an old one after a new one was published.

    :raises NoPolicy: before the first is published.
    """
    newest = PolicyVersion.objects.filter(use_case_id=use_case_id).order_by("-number").values_list("pk", flat=True).first()
    if newest is None:
        raise NoPolicy
    return _compiled(newest)


@lru_cache(maxsize=128)
def _compiled(version_id: UUID) -> PublishedPolicy:
    version = PolicyVersion.objects.select_related("use_case").get(pk=version_id)
    schema_row = FeatureSchemaVersion.objects.filter(use_case=version.use_case).order_by("-number").first()
    schema = FeatureSchema.from_json(schema_row.body) if schema_row else None
    codes = {feature.name: frozenset(code.value for code in feature.missing_codes) for feature in schema.features} if schema else {}
    compiled = compile_policy(version.body, missing_codes=codes, adverse=version.use_case.adverse_outcomes)
    return PublishedPolicy(version.pk, version.number, version.digest, float(version.body["confidence_threshold"]), compiled)
