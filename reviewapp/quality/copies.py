"""Opening a case on a copy of an earlier prediction, such that nobody can tell it from one that arrived."""

from datetime import datetime
from uuid import UUID

from reviewapp.cases.actions import Opening, open_cases
from reviewapp.cases.models import Queue
from reviewapp.predictions.actions import Asked, copy
from reviewapp.predictions.models import Prediction
from reviewapp.quality.rules import BY_SAMPLE, SAMPLE, trace_if_drawn
from reviewapp.quality.sample_queries import default_priority


def open_copy(
    source: Prediction, queue: Queue, *, external_id: str, draw: float, at: datetime, must_be_blind: bool = False
) -> UUID:
    """Under the caller's audit event; `source` has its routing, subject and use case. Returns the case's id.

    :param draw: uniform on [0, 1), by which what passed looks, once that may be seen, like what the sample of its policy asked a person for.
    """
    routing = source.routing
    asked = _asked(source, queue, draw) if routing.result == "auto" else None
    prediction_id = copy(source, external_id=external_id, at=at, asked=asked)
    opening = Opening(
        prediction_id=prediction_id,
        queue=queue,
        external_id=external_id,
        advised=source.outcome,
        confidence=source.confidence or 0.0,
        why=asked.rule if asked else routing.rule,
        priority=asked.priority if asked else routing.priority,
        summary={name: source.features.get(name) for name in source.use_case.summary_features},
        policy_version_id=routing.policy_version_id,
        policy_number=routing.policy_number,
        features=source.features,
        must_be_blind=must_be_blind,
    )
    return open_cases([opening], at=at)[prediction_id]


def _asked(source: Prediction, queue: Queue, draw: float) -> Asked:
    routing = source.routing
    return Asked(
        queue=queue.slug,
        priority=default_priority(queue, policy_number=routing.policy_number),
        rule=SAMPLE,
        trace=trace_if_drawn(routing.trace),
        reason=BY_SAMPLE,
        draw=routing.selection_probability * draw,
    )
