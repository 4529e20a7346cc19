"""Known answers: leads say what the right outcome of a prediction was, and it may be seeded."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from django.db.models import Q

from reviewapp.access.idempotency import durable
from reviewapp.access.rules import LEAD_QUEUE, READ_PREDICTIONS
from reviewapp.audit import actions as audit
from reviewapp.cases.models import Queue
from reviewapp.cases.queries import queues_of
from reviewapp.cases.rules import REASON_LENGTH
from reviewapp.catalog.models import UseCase
from reviewapp.catalog.queries import use_cases_of
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import Invalid, NotFound, Problem
from reviewapp.lib.fields import why_faults
from reviewapp.predictions.models import Prediction
from reviewapp.quality.models import KnownAnswer
from reviewapp.quality.queries import is_over
from reviewapp.quality.rules import MOST_ANSWERS

COLUMNS = ("external_id", "outcome", "reason")


@dataclass(frozen=True, slots=True)
class Known:
    """One answer as it was given: nothing in it is checked."""

    external_id: str
    outcome: str
    reason: str


def read_csv(text: str) -> list[Known]:
    """Lines of a CSV file under the header external_id,outcome,reason. :raises Invalid: with a pointer to each bad line, /items/0 the first."""
    try:
        lines = [line for line in csv.reader(text.lstrip("\ufeff").splitlines(), strict=True) if any(line)]
    except csv.Error:
        raise Invalid("Not read: a quotation mark is missing, or a line is too long.") from None
    if not lines or tuple(name.strip().lower() for name in lines[0]) != COLUMNS:
        raise Invalid(f"Not read: the first line has to be {','.join(COLUMNS)}.")
    faults = [
        Problem(
            f"/items/{at}",
            "wrong_length",
            "Write an id, an outcome and a reason; put a reason with commas in quotation marks.",
        )
        for at, line in enumerate(lines[1:])
        if len(line) != len(COLUMNS)
    ]
    if faults:
        raise Invalid("Not read: some lines do not have three parts.", errors=faults)
    return [Known(*(part.strip() for part in line)) for line in lines[1:]]


@durable
def give_answers(*, slug: str, answers: Sequence[Known], actor: Actor, at: datetime) -> int:
    """Keep these answers as seeds for a queue, all or none; returns how many.

    :raises NotFound: the same for a queue that is absent and one that the actor does not lead.
    :raises Invalid: with a pointer for each fault, /items/0/outcome.
    """
    queue = queues_of(actor, LEAD_QUEUE).select_related("use_case").filter(slug=slug).first()
    if queue is None:
        raise NotFound
    if not 0 < len(answers) <= MOST_ANSWERS:
        raise Invalid(f"Give 1 to {MOST_ANSWERS} answers at once.", errors=[Problem("/items", "wrong_length", "")])
    # Whoever gives the same answers at the same time waits, and is told so
    UseCase.objects.select_for_update(no_key=True).get(pk=queue.use_case_id)
    found = _predictions(queue, answers, actor)
    faults = _faults(queue, answers, found)
    if faults:
        raise Invalid("Nothing was kept: " + faults[0].detail, errors=faults)
    KnownAnswer.objects.bulk_create(
        KnownAnswer(
            queue=queue,
            prediction_id=found[one.external_id],
            outcome=one.outcome,
            reason=one.reason.strip(),
            given_by_id=cast("UUID", actor.user_id),
            given_at=at,
        )
        for one in answers
    )
    data = {"answers": len(answers)}
    audit.record("known_answer.uploaded", subject=queue, actor=actor, at=at, queue_id=queue.pk, data=data)
    return len(answers)


def _predictions(queue: Queue, answers: Sequence[Known], actor: Actor) -> Mapping[str, UUID]:
    """By external id, what was decided in the queue or passed, as far as the actor may know of it.

    Nothing that waits: whoever may answer it would be told what its model says.
    """
    theirs = Q(case__queue__in=queues_of(actor).values("pk"))
    readable = Q(use_case__in=use_cases_of(actor, READ_PREDICTIONS).values("pk"))
    came = Q(routing__queue_slug=queue.slug) | Q(routing__result="auto")
    names = [one.external_id for one in answers if "\0" not in one.external_id]
    rows = Prediction.objects.filter(
        theirs | readable,
        came,
        is_over(),
        use_case=queue.use_case_id,
        copy_of=None,
        corrects=None,
        external_id__in=names,
    )
    return dict(rows.values_list("external_id", "pk"))


def _faults(queue: Queue, answers: Sequence[Known], found: Mapping[str, UUID]) -> list[Problem]:
    told = Counter(one.external_id for one in answers)
    known = set(KnownAnswer.objects.filter(prediction__in=found.values()).values_list("prediction", flat=True))
    faults = []
    for at, one in enumerate(answers):
        prediction = found.get(one.external_id)
        if prediction is None:
            detail = "No such prediction is decided in this queue or passed, or you may not read it."
            faults.append(Problem(f"/items/{at}/external_id", "unknown_value", detail))
        elif told[one.external_id] > 1 or prediction in known:
            faults.append(Problem(f"/items/{at}/external_id", "repeated", "Its answer is given already."))
        if one.outcome not in queue.use_case.outcome_values:
            detail = f"One of {', '.join(queue.use_case.outcome_values)}."
            faults.append(Problem(f"/items/{at}/outcome", "unknown_value", detail))
        faults += why_faults(
            one.reason, most=REASON_LENGTH, wanted="Say how it is known", pointer=f"/items/{at}/reason"
        )
    return faults
