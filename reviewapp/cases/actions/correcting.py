"""Correcting inputs of a case in hand: the model scores them anew, and the case goes on with the new prediction.

What was decided about it, once for all:
- The original prediction stays as it arrived; the new one is linked to it (`Prediction.corrects`), and labels are made of the new one.
- Until the model worker has scored it, the case stands as it is and says so. Whoever answers then, answers on the inputs as they came,
  and the correction lapses: a person in need does not wait for a worker that is away.
- Once it is scored, a new round begins. An answer sent from a page that showed the old inputs is refused as stale; answers given before
  count no more, as they were about other facts, and stay hidden from whoever is still to answer on their own.
- The case stays with a person whatever the new score is: no policy routes it again, and its due time and priority stay. It needs the skill
  that its queue asks for such inputs; whoever holds it goes on with it.
- A blind case may be corrected before it is answered, and the new advice is withheld as the old one was. Whoever has seen the old
  advice sees the new one.
- A seeded copy is corrected as any other case; it stays a copy, so it becomes no label and counts in no figure.
- It is taken back by correcting again; undoing an answer leaves the correction.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from reviewapp.access.idempotency import durable
from reviewapp.audit import actions as audit
from reviewapp.cases.actions.leasing import lock_leased
from reviewapp.cases.actions.opening import facts_of
from reviewapp.cases.actions.refusals import CorrectionWaits
from reviewapp.cases.models import Case
from reviewapp.cases.models.evidence import APPLIED, FAILED, LAPSED, SOURCE_LENGTH, WAITING, Correction
from reviewapp.cases.queries import recused, skill_rules
from reviewapp.cases.rules import CaseState, Stage
from reviewapp.cases.skills import needed
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import Invalid, Problem
from reviewapp.predictions import what_if
from reviewapp.predictions.correcting import correct
from reviewapp.predictions.models import Prediction


@durable
def correct_inputs(
    *, case_id: UUID, lease: int, changes: Mapping[str, Any], sources: Mapping[str, Any], actor: Actor, at: datetime
) -> Correction:
    """Ask the model worker to score the case with `changes`; `sources` says for each of them how the actor knows.

    :raises LeaseLost: if the actor does not hold the case under this lease number. :raises NotFound: if they may not work on it.
    :raises CorrectionWaits: while an earlier one is not scored. :raises ModelNotRegistered:
    :raises Invalid: with a pointer for each value that cannot be, and each change without a source.
    """
    case = lock_leased(case_id, lease=lease, actor=actor).case
    if case.is_correcting:
        raise CorrectionWaits
    before = Prediction.objects.select_related("model_version").get(pk=case.prediction_id)
    changed = _checked(before, changes, sources)
    made = Correction.objects.create(
        case=case,
        round=case.round,
        stage=case.stage,
        before=before,
        after_id=correct(before, changed, at=at),
        sources={name: " ".join(sources[name].split()) for name in changed},
        made_by_id=cast("UUID", actor.user_id),  # who holds a lease has an id
        made_at=at,
    )
    Case.objects.filter(pk=case.pk).update(is_correcting=True)
    data = {"correction": str(made.pk), "changed_inputs": sorted(changed), "lease": lease}
    audit.record("case.correction_proposed", subject=case, actor=actor, at=at, queue_id=case.queue_id, data=data)
    return made


def _checked(before: Prediction, changes: Mapping[str, Any], sources: Mapping[str, Any]) -> dict[str, Any]:
    """The changes that are some, with a source each."""
    problems, changed = [], {}
    try:
        changed = what_if.real_changes(before, changes)
    except Invalid as error:
        problems = list(error.errors)
    problems += [_without_source(name) for name in changed if not _is_source(sources.get(name))]
    problems += [
        Problem(f"/sources/{name[:64]}", "unknown_feature", "A source belongs to an input that is changed.")
        for name in sources
        if name not in changes
    ]
    if problems:
        raise Invalid(" ".join(problem.detail for problem in problems[:3]), errors=problems)
    return changed


def _is_source(text: object) -> bool:
    return isinstance(text, str) and text.strip() != "" and len(text) <= SOURCE_LENGTH and "\0" not in text


def _without_source(name: str) -> Problem:
    detail = f"Say how you know it, in at most {SOURCE_LENGTH} characters."
    return Problem(f"/sources/{name}", "source_needed", detail)


def apply_corrections(after: Sequence[UUID], *, actor: Actor, at: datetime) -> None:
    """Let the cases go on with these predictions, which the model has just scored; in the model worker's transaction.

    One whose case was answered meanwhile, or is in another round, lapses; so does that of somebody who is linked to the person, as is known now.
    """
    rows = Correction.objects.filter(after__in=after, state=WAITING).select_related("after__use_case")
    for made in rows.order_by("case"):
        case = _locked(made)
        fits = case.state != CaseState.DECIDED and (case.round, case.stage) == (made.round, made.stage)
        fits = fits and not Case.objects.filter(recused(made.made_by_id), pk=case.pk).exists()
        if fits:
            _go_on_with(case, made.after)
        _end(made, case, APPLIED if fits else LAPSED, actor=actor, at=at)


def fail_correction(after: UUID, *, actor: Actor, at: datetime) -> None:
    """The model could not be run on these inputs and will not be tried again: the case stands as it was; in the worker's transaction."""
    for made in Correction.objects.filter(after=after, state=WAITING):
        _end(made, _locked(made), FAILED, actor=actor, at=at)


def _locked(made: Correction) -> Case:
    return Case.objects.select_for_update(no_key=True).get(pk=made.case_id)


def _go_on_with(case: Case, after: Prediction) -> None:
    case.prediction, case.advised, case.confidence = after, after.outcome, after.confidence or 0.0
    case.summary = {name: after.features.get(name) for name in after.use_case.summary_features}
    case.round = case.counted_from = case.round + 1
    case.stage = Stage.FIRST
    facts = facts_of(
        after.features,
        advised=case.advised,
        confidence=case.confidence,
        priority=case.priority,
        is_blind=case.is_blind,
    )
    case.skill = needed(skill_rules(case.queue), facts)
    case.save(
        update_fields=["prediction", "advised", "confidence", "summary", "round", "counted_from", "stage", "skill"]
    )


_ENDED = {APPLIED: "case.corrected", LAPSED: "case.correction_lapsed", FAILED: "case.correction_failed"}


def _end(made: Correction, case: Case, state: str, *, actor: Actor, at: datetime) -> None:
    Correction.objects.filter(pk=made.pk).update(state=state, ended_at=at)
    Case.objects.filter(pk=case.pk).update(is_correcting=False)
    data = {"correction": str(made.pk), "round": case.round}
    audit.record(_ENDED[state], subject=case, actor=actor, at=at, queue_id=case.queue_id, data=data)
