"""What an answer means for a case. Plain Python."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class CaseState(StrEnum):
    OPEN = "open"
    LEASED = "leased"
    PENDED = "pended"  # waits for documents or vitals; on-hold of a FHIR Task
    DECIDED = "decided"


class Stage(StrEnum):
    """What the next answer to a case is."""

    FIRST = "first"
    SECOND = "second"  # by somebody else, who does not see the first
    ADJUDICATION = "adjudication"  # by a lead, who sees both; it binds


class Answer(StrEnum):
    AGREE = "agree"
    CORRECT = "correct"
    REFER = "refer"
    CANNOT_TELL = "cannot_tell"


class Arm(StrEnum):
    """Which came first: a person's own answer, or the sight of the model's."""

    BLIND = "blind"
    SEEN_FIRST = "seen_first"


class Reversal(StrEnum):
    """Why a round counts no more: its reviews and its decision stay on record, and the case is in its next round."""

    UNDO = "undo"  # by the reviewer, within the window
    REOPEN = "reopen"  # by a lead, with a reason


class RequestState(StrEnum):
    """What became of somebody's asking that a case be reopened."""

    OPEN = "open"
    GRANTED = "granted"
    DECLINED = "declined"
    LAPSED = "lapsed"  # the case was reopened otherwise


class LeadAct(StrEnum):
    """What a lead may do to cases that others hold or that wait."""

    RELEASE = "release"
    REASSIGN = "reassign"
    PRIORITISE = "prioritise"
    MOVE = "move"


BLIND = "blind"  # an answer that decides nothing yet: the reviewer's own view, before the model's is shown to them
BLIND_FIRST = "blind_first"  # the purpose of a draw
SURE_FROM = 0.75
SURENESS = (1, 2, 3)  # of a person: not very, fairly, very
PASSES_ON = frozenset({Answer.REFER, Answer.CANNOT_TELL})
MOST_REASONS = 4
LONGEST_PENDED = timedelta(days=30)
AWAITED_LENGTH = 200
REASON_LENGTH = 200
MOST_LEASE = 2**31 - 1
HIGHEST_PRIORITY = 100
MOST_SEEDED = 0.05  # of what arrives: proving that people look may not keep them from looking
# The least and the most of what a lead may set for a queue.
QUEUE_BOUNDS = {"sla_minutes": (1, 525_600), "lease_minutes": (1, 1_440), "most_held": (1, 1_000)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happens next: final, or on to `stage`; a first answer that says neither goes on to the lead queue."""

    stage: Stage | None
    outcome: str = ""  # what this answer says; of a final one, what is decided

    @property
    def is_final(self) -> bool:
        return self.stage is None


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with what was sent; `field` is answer, outcome, reason_codes or note, and follow_up_at or awaited of a case to pend."""

    field: str
    code: str
    detail: str


def said(answer: str, *, outcome: str, predicted: str) -> str:
    """The outcome that an answer stands for: agreeing says what the model does; empty for an answer that passes the case on."""
    if answer in PASSES_ON:
        return ""
    return predicted if answer == Answer.AGREE else outcome


def resolve(outcome: str, *, stage: str, first: str = "", needs_second: bool = False) -> Verdict:
    """What becomes of a case by one more answer.

    A first answer decides, unless a second is needed. A second decides if it says the same as the `first`; otherwise, and where it says no
    outcome, a lead adjudicates, whose answer binds.
    """
    if stage == Stage.ADJUDICATION:
        return Verdict(None, outcome)
    if stage == Stage.SECOND:
        return Verdict(None if outcome == first else Stage.ADJUDICATION, outcome)
    if not outcome:
        return Verdict(Stage.FIRST)
    return Verdict(Stage.SECOND if needs_second else None, outcome)


def faults(
    answer: str,
    *,
    outcome: str,
    predicted: str,
    outcomes: Sequence[str],
    reason_codes: Sequence[str],
    known_codes: frozenset[str],
    note: str,
    correction_needs_note: bool,
    is_lead_queue: bool,
    stage: str = Stage.FIRST,
) -> list[Fault]:
    """Everything wrong with an answer, in the order of the form."""
    found = []
    adjudicates = stage == Stage.ADJUDICATION
    if answer not in list(Answer):
        found.append(Fault("answer", "unknown_answer", "Choose agree, correct, refer or cannot tell."))
    if adjudicates and answer in PASSES_ON:
        found.append(Fault("answer", "must_decide", "Your answer binds: choose an outcome, or pend the case."))
    elif answer == Answer.REFER and is_lead_queue:
        found.append(
            Fault("answer", "cannot_refer", "This is the lead queue already: decide, or say that you cannot tell.")
        )
    if answer == Answer.CORRECT:
        found += _outcome_faults(outcome, predicted=predicted, outcomes=outcomes)
    elif outcome and not (answer == Answer.AGREE and outcome == predicted):
        found.append(Fault("outcome", "outcome_not_wanted", "An outcome belongs to a correction only."))
    found += reason_faults(reason_codes, known_codes)
    if adjudicates and not note.strip():
        found.append(Fault("note", "note_needed", "Say why: both reviewers read it."))
    elif answer == Answer.CORRECT and correction_needs_note and not note.strip():
        found.append(Fault("note", "note_needed", "Write a note: corrections need one."))
    return found


def reason_faults(reason_codes: Sequence[str], known_codes: frozenset[str]) -> list[Fault]:
    found = []
    if len(reason_codes) > MOST_REASONS:
        found.append(Fault("reason_codes", "too_many_reasons", f"Choose at most {MOST_REASONS} reasons."))
    if len(set(reason_codes)) != len(reason_codes) or not known_codes.issuperset(reason_codes):
        found.append(Fault("reason_codes", "unknown_reason", "Choose reasons from this use case's list, each once."))
    return found


def _outcome_faults(outcome: str, *, predicted: str, outcomes: Sequence[str]) -> list[Fault]:
    if not outcome:
        return [Fault("outcome", "outcome_needed", "Say what the outcome should be.")]
    if outcome not in outcomes:
        return [Fault("outcome", "unknown_outcome", "Choose an outcome of this use case.")]
    if outcome == predicted:
        return [Fault("outcome", "outcome_is_the_advice", "This is what the model advises: agree instead.")]
    return []


def choice_of(answer: str, outcome: str, *, level: str = "") -> str:
    """An answer as the form's choice. :param level: its outcome, where the form asks for a level of ordered outcomes."""
    if level:
        return f"outcome:{level}"
    return f"{answer}:{outcome}" if answer == Answer.CORRECT and outcome else answer


def pending_faults(follow_up_at: datetime | None, awaited: str, *, now: datetime) -> list[Fault]:
    """Everything wrong with pending a case until `follow_up_at`, in the order of the form."""
    found = []
    if follow_up_at is None:
        found.append(Fault("follow_up_at", "follow_up_needed", "Choose when to follow up."))
    elif follow_up_at <= now:
        found.append(Fault("follow_up_at", "follow_up_past", "Choose a follow-up time that is still to come."))
    elif follow_up_at > now + LONGEST_PENDED:
        detail = f"Choose a follow-up time within {LONGEST_PENDED.days} days."
        found.append(Fault("follow_up_at", "follow_up_too_far", detail))
    if not awaited:
        found.append(Fault("awaited", "awaited_needed", "Say what the case waits for."))
    elif len(awaited) > AWAITED_LENGTH:
        found.append(Fault("awaited", "awaited_too_long", f"Say it in at most {AWAITED_LENGTH} characters."))
    return found


def quick_follow_ups(now: datetime) -> dict[str, datetime]:
    """Follow-up times by name; tomorrow begins where `now` is, an hour has 60 minutes also when the clocks are changed."""
    tomorrow = (now + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    exact = now.astimezone(UTC)
    return {"30m": exact + timedelta(minutes=30), "2h": exact + timedelta(hours=2), "tomorrow": tomorrow}


def digest_of(
    number: int,
    snapshot_digest: bytes,
    *,
    is_explained: bool,
    is_withheld: bool = False,
    is_correcting: bool = False,
) -> str:
    """Names exactly what a reviewer is shown in round `number`: all of it hangs on immutable rows, on whether the explanation is there yet,
    on whether the model's part is withheld from them, and on whether corrected inputs wait for the model."""
    mark = "b" if is_withheld else "x" if is_explained else "-"
    return f"{number}.{snapshot_digest.hex()[:24]}.{mark}{'c' if is_correcting else ''}"


def stratum_of(advised: str, confidence: float, *, policy_number: int) -> str:
    """The stratum of a blind-first draw: policy version, advised outcome, and whether the model was sure of it (0.75 and over) or not."""
    return f"policy {policy_number}/{advised}/{'sure' if confidence >= SURE_FROM else 'unsure'}"


def blind_faults(
    outcome: str,
    sure: int | None,
    *,
    outcomes: Sequence[str],
    reason_codes: Sequence[str],
    known_codes: frozenset[str],
) -> list[Fault]:
    """Everything wrong with a blind answer, in the order of the form."""
    found = _outcome_faults(outcome, predicted="", outcomes=outcomes) + reason_faults(reason_codes, known_codes)
    if sure is not None and sure not in SURENESS:
        found.append(Fault("sure", "unknown_sureness", "Say how sure you are from 1, not very, to 3, very."))
    return found
