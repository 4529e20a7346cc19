"""Reads of policies: the one in force, compiled, and what pages show."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from inference.schema import FeatureSchema
from reviewapp.access.rules import READ_PREDICTIONS
from reviewapp.cases.models import Queue
from reviewapp.cases.models.evidence import APPLIED
from reviewapp.cases.queries import visible_cases
from reviewapp.catalog.models import FeatureSchemaVersion, UseCase
from reviewapp.catalog.queries import current_schema, use_cases_of, visible_use_cases
from reviewapp.lib import crypto
from reviewapp.lib.actor import Actor
from reviewapp.lib.draws import draw
from reviewapp.lib.errors import Conflict, NotFound, Problem
from reviewapp.policies import rules
from reviewapp.policies.models import PolicyVersion
from reviewapp.predictions.actions import Routed
from reviewapp.predictions.models import Prediction


class NoPolicy(Conflict):
    """No policy is published for this use case, so nothing can be routed. An administrator has to publish one."""

    code = "no-policy"


@dataclass(frozen=True, slots=True)
class PublishedPolicy:
    """A published version, compiled; shared by the requests of a process."""

    id: UUID
    number: int
    digest: str
    compiled: rules.CompiledPolicy
    key: bytes

    def route(
        self, prediction_id: UUID, features: Mapping[str, Any], outcome: str, confidence: float, margin: float
    ) -> Routed:
        """Where the prediction goes. The draw is kept where it decided, so that it can be drawn again and compared."""
        drawn = draw(self.key, self.digest, prediction_id, rules.QA_PURPOSE)
        routing = self.compiled.route(features, outcome, confidence, margin, drawn)
        passes = routing.result == rules.AUTO
        return Routed(
            policy_version_id=self.id,
            policy_number=self.number,
            result=routing.result,
            outcome=outcome if passes else "",
            queue_slug=routing.queue,
            priority=routing.priority,
            rule=routing.rule,
            trace=routing.trace,
            selection_reason=routing.selection_reason,
            selection_probability=routing.selection_probability,
            stratum=f"policy {self.number}/{routing.stratum}",
            draw=drawn if passes or routing.selection_reason == rules.BY_SAMPLE else None,
            threshold=self.compiled.threshold,
        )


_NEWEST = """
select v.id, (select s.id from catalog_featureschemaversion s where s.use_case_id = v.use_case_id order by s.number desc limit 1)
from policies_policyversion v where v.use_case_id = %s order by v.number desc limit 1
"""


def published(use_case_id: UUID) -> PublishedPolicy:
    """The policy in force: one statement, which asks only which one it is, so that a new one counts from its commit.

    :raises NoPolicy: if none was ever published.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, [use_case_id])
        found = cursor.fetchone()
    if found is None:
        raise NoPolicy
    return _compiled(*found)


@lru_cache(maxsize=256)
def _compiled(policy_id: UUID, schema_id: UUID) -> PublishedPolicy:
    """The schema says which numbers mean "not recorded"."""
    version = PolicyVersion.objects.select_related("use_case").get(pk=policy_id)
    schema = FeatureSchema.from_json(FeatureSchemaVersion.objects.get(pk=schema_id).body)
    codes = {feature.name: [code.value for code in feature.missing_codes] for feature in schema.features}
    return PublishedPolicy(
        id=version.pk,
        number=version.number,
        digest=version.digest,
        compiled=rules.compile_policy(version.body, missing_codes=codes, adverse=version.use_case.adverse_outcomes),
        key=crypto.mac(b"countersign: draws of a policy", key=settings.AUDIT_KEY),
    )


def faults_of(use_case: UseCase, body: object) -> list[Problem]:
    """What keeps `body` from being published for this use case."""
    schema = current_schema(use_case)
    if schema is None:
        return [Problem("", "no_schema", "Publish the inputs of this use case first; rules speak about them.")]
    return rules.faults(body, schema=schema, outcomes=use_case.outcome_values, queues=list(queue_names(use_case)))


def labels_of(use_case: UseCase) -> rules.Labels:
    """What people call the inputs, outcomes and queues of the use case."""
    schema = current_schema(use_case) or FeatureSchema(())
    return rules.Labels(schema, {one.value: one.label for one in use_case.outcome_list}, queue_names(use_case))


def queue_names(use_case: UseCase) -> dict[str, str]:
    return dict(Queue.objects.filter(use_case=use_case).order_by("slug").values_list("slug", "name"))


def readable_use_case(actor: Actor, slug: str) -> UseCase:
    """The use case if the actor may read its policy: whoever has a right on it or on one of its queues. :raises NotFound:"""
    use_case = visible_use_cases(actor).filter(slug=slug).first()
    if use_case is None:
        raise NotFound
    return use_case


def use_cases_with_policy(actor: Actor) -> QuerySet[UseCase]:
    """The use cases whose policy the actor may read, each with the `number` and the time of the version in force."""
    newest = PolicyVersion.objects.filter(use_case=OuterRef("pk")).order_by("-number")
    return visible_use_cases(actor).annotate(
        number=Subquery(newest.values("number")[:1]), published_at=Subquery(newest.values("published_at")[:1])
    )


def versions_of(use_case: UseCase) -> QuerySet[PolicyVersion]:
    return PolicyVersion.objects.filter(use_case=use_case).select_related("published_by")


def routed_prediction(actor: Actor, prediction_id: UUID) -> Prediction:
    """A routed prediction with its routing, for those who may read predictions of its use case or the case that came of it.

    :raises NotFound: for anyone else, and while it is not routed.
    """
    of_use_case = Q(use_case__in=use_cases_of(actor, READ_PREDICTIONS).values("pk"), copy_of=None)
    of_case = Exists(visible_cases(actor).filter(prediction=OuterRef("pk")))
    stood = visible_cases(actor).filter(corrections__before=OuterRef("pk"), corrections__state=APPLIED)
    rows = Prediction.objects.filter(of_use_case | of_case | Exists(stood), pk=prediction_id, routing__isnull=False)
    found = rows.select_related("routing", "use_case", "schema").first()
    if found is None:
        raise NotFound
    return found


def version_that_routed(prediction: Prediction) -> PolicyVersion:
    """The version by which `prediction`, which has a routing, was routed."""
    return PolicyVersion.objects.get(pk=prediction.routing.policy_version_id)
