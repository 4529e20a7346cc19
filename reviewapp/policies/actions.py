"""Every write to policies: there is one, publishing."""

from datetime import datetime
from typing import Any
from uuid import UUID

from reviewapp.access.idempotency import durable
from reviewapp.audit import actions as audit
from reviewapp.cases.evidence_queries import case_of
from reviewapp.cases.withholding import refuse_withheld
from reviewapp.catalog.models import UseCase
from reviewapp.catalog.queries import managed_use_case
from reviewapp.lib.actor import Actor
from reviewapp.lib.canonical import digest
from reviewapp.lib.errors import Conflict, Invalid
from reviewapp.lib.fields import why_faults
from reviewapp.policies.models import PolicyVersion
from reviewapp.policies.queries import faults_of, routed_prediction
from reviewapp.predictions.models import Prediction

REASON_LENGTH = 300


class PolicyInvalid(Invalid):
    """The policy has faults, so it was not published."""

    code = "policy-invalid"


class PolicyMoved(Conflict):
    """Someone published another version meanwhile. Compare with it, then publish again."""

    code = "policy-moved"


@durable
def publish(
    *,
    use_case: UseCase,
    body: Any,
    reason: str,
    actor: Actor,
    at: datetime,
    after: int | None = None,
) -> PolicyVersion:
    """Publish `body` as the next version; it routes from its commit on.

    :param after: the number the author has seen as the last one; None publishes after whatever is last.
    :raises NotFound: if the actor may not manage the use case.
    :raises PolicyInvalid: with every fault. :raises PolicyMoved: if `after` is not the last number any more.
    """
    locked = managed_use_case(actor, use_case.pk, lock=True)
    found = [*why_faults(reason, most=REASON_LENGTH, wanted="Say why the policy changes"), *faults_of(locked, body)]
    if found:
        raise PolicyInvalid(
            f"The policy has {len(found)} fault{'s' * (len(found) > 1)}; it was not published.", errors=found
        )
    last = locked.policy_versions.order_by("-number").first()
    if after is not None and after != (last.number if last else 0):
        raise PolicyMoved
    version = PolicyVersion.objects.create(
        use_case=locked,
        number=last.number + 1 if last else 1,
        body=body,
        digest=digest(body).hex(),
        reason=reason.strip(),
        published_at=at,
        published_by_id=actor.user_id,
    )
    data = {"use_case": locked.slug, "number": version.number, "digest": version.digest}
    audit.record("policy.published", subject=version, actor=actor, at=at, data=data, reason=version.reason)
    return version


@durable
def view_routing(*, prediction_id: UUID, actor: Actor, at: datetime) -> Prediction:
    """A prediction with the trace of its routing, which names values of the person's inputs; the look is on record.

    :raises NotFound: :raises AdviceWithheld: of a blind case that the actor has not answered.
    """
    prediction = routed_prediction(actor, prediction_id)
    queue_id = None
    if case := case_of(prediction):
        refuse_withheld(case, actor)
        queue_id = case.queue_id
    audit.record(
        "prediction.viewed", subject=prediction, actor=actor, at=at, queue_id=queue_id, data={"part": "routing"}
    )
    return prediction
