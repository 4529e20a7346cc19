"""What proof of review takes of people's work in a queue, in numbers and in the words of its settings."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from reviewapp.cases import proof
from reviewapp.cases.models import Case, Queue
from reviewapp.cases.proof import Volumes
from reviewapp.lib.ids import first_id_of
from reviewapp.predictions.models import Prediction

DAY = timedelta(days=1)


def volumes(queue: Queue, *, at: datetime) -> Volumes:
    """What came in the day before; it is asked only where automatic decisions are sampled, as nothing else depends on it."""
    if not queue.qa_automatic_share:
        return Volumes()
    since = first_id_of(at - DAY)
    passed = Prediction.objects.filter(use_case=queue.use_case_id, pk__gt=since, copy_of=None, routing__result="auto")
    cases = Case.objects.filter(queue=queue, pk__gt=since, prediction__copy_of=None)
    return Volumes(automatic=passed.count(), cases=cases.count())


def drawn_shares(queue: Queue, *, at: datetime) -> proof.Shares:
    """What may be drawn now of what the queue's lead wants."""
    return proof.lowered(queue.wanted_proof, volumes(queue, at=at))


def burden(queue: Queue, *, at: datetime) -> Mapping[str, Any]:
    """For cases/_settings_proof.html: {taken, most (of 100 cases), rows [{label, wanted, drawn}] of what is drawn less than wanted}."""
    wanted, of = queue.wanted_proof, volumes(queue, at=at)
    drawn = proof.lowered(wanted, of)
    named = (("seeded", "Seeded cases"), ("automatic", "Automatic decisions"), ("human", "Decisions of people"))
    return {
        "taken": f"{round(100 * proof.taken(wanted, of), 1):g}",
        "most": f"{100 * proof.MOST:g}",
        "rows": [
            {"label": label, "wanted": _percent(getattr(wanted, name)), "drawn": _percent(getattr(drawn, name))}
            for name, label in named
            if getattr(drawn, name) < getattr(wanted, name)
        ],
    }


def _percent(share: float) -> str:
    return f"{100 * share:.2g}"
