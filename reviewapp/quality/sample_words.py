"""QA samples as pages and the API show them: two answers side by side, without the names of those who gave them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse

from reviewapp.cases.models import Case, Queue
from reviewapp.cases.withholding import WITHHELD
from reviewapp.cases.wording import span
from reviewapp.catalog.models import UseCase
from reviewapp.lib.errors import Invalid, Problem
from reviewapp.quality.models import KnownAnswer, QaSample, QualityReport
from reviewapp.quality.presentation import hidden, share, worth_of
from reviewapp.quality.rules import FEWEST_FOR_RANGE, Ruling, Sampled
from reviewapp.quality.sample_queries import is_withheld

KIND_WORDS = {Sampled.AUTOMATIC: "Automatic decision", Sampled.HUMAN: "A person’s decision"}
RULING_WORDS = {Ruling.STANDS: "The first decision stands", Ruling.WRONG: "The first decision was wrong"}
MOST_ERRORS = 20
SURE_WORDS = {1: "not very sure", 2: "fairly sure", 3: "very sure"}


def sample(row: QaSample, texts: Mapping[str, str], *, now: datetime) -> dict[str, Any]:
    """One part of quality/samples.html; `row` as `sample_queries.differing` gives it. :param texts: of reasons, by code."""
    use_case = row.queue.use_case
    withheld = is_withheld(row)
    resolution = None if withheld else getattr(row.answer, "resolution", None)
    return {
        "id": str(row.pk),
        "is_withheld": withheld,
        "queue_name": row.queue.name,
        "kind": KIND_WORDS[Sampled(row.kind)],
        "external_id": row.source.external_id,
        "since": span(now - row.answer.compared_at),
        "answers": [] if withheld else [_first(row, use_case, texts), _second(row, use_case, texts)],
        "case_url": reverse("cases:case", args=[row.case_id]),
        "first_url": reverse("cases:case", args=[row.decision.case_id]) if row.decision else "",
        "is_reopened": row.decision is not None and row.decision.round != row.decision.case.round,
        "ruling": RULING_WORDS[Ruling(resolution.ruling)] if resolution else "",
        "was_wrong": resolution is not None and resolution.ruling == Ruling.WRONG,
        "reason": resolution.reason if resolution else "",
        "resolved_by": resolution.made_by.display_name if resolution else "",
        "resolved_at": resolution.made_at if resolution else None,
    }


def codes_of(row: QaSample) -> list[str]:
    """Of the reasons that were given."""
    return [*row.answer.view.reason_codes, *(row.decision.review.reason_codes if row.decision else [])]


def _first(row: QaSample, use_case: UseCase, texts: Mapping[str, str]) -> dict[str, Any]:
    decision, routing = row.decision, row.source.routing
    if decision is None:
        note = f"The model was {100 * (row.source.confidence or 0):.0f} of 100 sure. Policy {routing.policy_number}: {routing.rule}."
        return _answer("Decided automatically", use_case.outcome_label(row.outcome), routing.routed_at, [], note)
    review = decision.review
    reasons = [texts.get(code, code) for code in review.reason_codes]
    return _answer(
        "Decided by a person", use_case.outcome_label(row.outcome), decision.decided_at, reasons, review.note
    )


def _second(row: QaSample, use_case: UseCase, texts: Mapping[str, str]) -> dict[str, Any]:
    view = row.answer.view
    sure = f", {SURE_WORDS[view.sure]}" if view.sure in SURE_WORDS else ""
    reasons = [texts.get(code, code) for code in view.reason_codes]
    title = f"Read once more, blind first{sure}"
    return _answer(title, use_case.outcome_label(view.outcome), view.answered_at, reasons, view.note)


def _answer(title: str, outcome: str, at: datetime, reasons: list[str], note: str) -> dict[str, Any]:
    return {"title": title, "outcome": outcome, "at": at, "reasons": reasons, "note": note}


def figures(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The table of figures: automatic decisions and those of people."""
    named = (("automatic", "Automatic decisions"), ("human", "Decisions of people"))
    return [{"label": label} | _figures(body[kind]) for kind, label in named]


def _figures(part: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "drawn": part["drawn"],
        "answered": part["answered"],
        "differing": share(part["differing"], what="answers"),
        "errors": _errors(part),
        "wrong": part["wrong"],
        "waiting": part["waiting"],
    }


def _errors(part: Mapping[str, Any]) -> dict[str, str]:
    """A range alone while some wait for a lead, who may say either."""
    errors = part["error_rate"]
    if not part["waiting"] or worth_of(errors) < FEWEST_FOR_RANGE:
        return share(errors, what="answers")
    between = f"{100 * errors['low']:.0f} to {100 * errors['high']:.0f} of 100"
    waiting = f"{part['waiting']} wait{'s' if part['waiting'] == 1 else ''} for a lead"
    return hidden(errors["n"], waiting, brief=f"{errors['n']} answers: range only", between=between)


def sample_line(row: QaSample) -> dict[str, Any]:
    """One sample as the API gives it, its cases revealed as far as the reader may see them."""
    decision, view, withheld = row.decision, row.answer.view, is_withheld(row)
    resolution = None if withheld else getattr(row.answer, "resolution", None)
    told = view.outcome, view.reason_codes, view.note
    decided = (row.outcome, *((decision.review.reason_codes, decision.review.note) if decision else ([], "")))
    return {
        "id": row.pk,
        "queue": row.queue.slug,
        "kind": row.kind,
        "prediction": row.source_id,
        "external_id": row.source.external_id,
        "case": decision.case_id if decision else None,
        "sample_case": row.case_id,
        "first": _said(decided, withheld, at=decision.decided_at if decision else row.source.routing.routed_at),
        "second": _said(told, withheld, at=view.answered_at),
        "withheld": withheld,
        "compared_at": row.answer.compared_at,
        "ruling": resolution.ruling if resolution else None,
        "reason": resolution.reason if resolution else None,
        "resolved_at": resolution.made_at if resolution else None,
    }


def _said(what: tuple[str, list[str], str], withheld: bool, *, at: datetime) -> dict[str, Any]:
    outcome, reason_codes, note = (None, [], "") if withheld else what
    return {"outcome": outcome, "reason_codes": reason_codes, "note": note, "at": at}


def sample_answer(report: QualityReport | None) -> dict[str, Any] | None:
    """The figures of one queue as the API gives them; None where nothing is worked out yet."""
    return report.body | {"made_at": report.made_at} if report else None


def known_row(row: KnownAnswer, queue: Queue, case: Case | None) -> dict[str, Any]:
    """One line of quality/answers.html; `row` as `queries.known_answers` gives it, and its case revealed as far as the reader may see it."""
    return {
        "external_id": row.prediction.external_id,
        "outcome": queue.use_case.outcome_label(row.outcome),
        "model_said": WITHHELD if case and case.is_withheld else queue.use_case.outcome_label(row.prediction.outcome),
        "reason": row.reason,
        "given_by": row.given_by.display_name,
        "given_at": row.given_at,
    }


def csv_errors(error: Invalid) -> list[dict[str, str]]:
    """Faults for components/_errors.html, each led by its line; the header is line 1."""
    if not error.errors:
        return [{"text": error.detail, "target": "lines"}]
    return [{"text": _at_line(problem) or error.detail, "target": "lines"} for problem in error.errors[:MOST_ERRORS]]


def _at_line(problem: Problem) -> str:
    place = problem.pointer.split("/")[2:3]
    return f"Line {int(place[0]) + 2}: {problem.detail}" if place else problem.detail
