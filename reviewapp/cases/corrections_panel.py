"""Corrected inputs in words: what was corrected to what, how that is known, by whom, and what it did to the model's advice."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse

from reviewapp.cases.models import Case, Correction
from reviewapp.cases.models.evidence import APPLIED, SOURCE_LENGTH, WAITING
from reviewapp.cases.wording import low
from reviewapp.lib.errors import Problem
from reviewapp.predictions.comparing import in_shown_units, panel
from reviewapp.predictions.versions import schema_of


def corrections_context(
    case: Case, corrections: Sequence[Correction], names: Mapping[Any, str], *, hidden: Collection[UUID] = ()
) -> list[dict[str, Any]]:
    """The context of cases/_corrections.html, oldest first. :param hidden: people who are not named, as in the timeline."""
    return [_told(case, made, names, hidden) for made in corrections]


def _told(case: Case, made: Correction, names: Mapping[Any, str], hidden: Collection[UUID]) -> dict[str, Any]:
    is_named = made.made_by_id not in hidden
    return {
        "rows": changes_of(made),
        "who": names.get(made.made_by_id, "a colleague") if is_named else "a colleague",
        "waits": made.state == WAITING,
        "advice": "" if case.is_withheld else _advice(case, made),
        "url": reverse("cases:correction", args=[case.pk, made.pk]) if made.state == APPLIED else "",
    }


def changes_of(made: Correction) -> list[dict[str, str]]:
    """[{label, was, now, source}], in the units of the page; both predictions are loaded."""
    schema = schema_of(made.before)
    return [
        {
            "label": schema.by_name[name].label,
            "was": schema.format_value(name, made.before.features.get(name)),
            "now": schema.format_value(name, made.after.features.get(name)),
            "source": source,
        }
        for name, source in made.sources.items()
    ]


def _advice(case: Case, made: Correction) -> str:
    if made.state != APPLIED:
        return ""
    was, now = (low(case.queue.use_case.outcome_label(one.outcome)) for one in (made.before, made.after))
    return f"the model’s advice was {was}, is now {now}" if was != now else f"the model’s advice is still {now}"


def corrections_answer(case_id: UUID, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """As the API tells them, in the words and units of the schema; of whom it says nothing. `row` says what is withheld."""
    rows = Correction.objects.filter(case=case_id).select_related("before", "after").order_by("pk")
    return [correction_answer(made, is_withheld=row["withheld"]) for made in rows]


def correction_answer(made: Correction, *, is_withheld: bool) -> dict[str, Any]:
    """One of them. What the model said is part of it only where that is not withheld."""
    return proposed_answer(made) | {
        "changes": {
            name: {"from": made.before.features.get(name), "to": made.after.features.get(name), "source": source}
            for name, source in made.sources.items()
        },
        "outcome_before": None if is_withheld else made.before.outcome,
    }


def proposed_answer(made: Correction) -> dict[str, Any]:
    """What is kept with an Idempotency-Key: neither values nor sources, which are text about a person."""
    return {
        "id": str(made.pk),
        "state": made.state,
        "made_at": made.made_at,
        "corrects": str(made.before_id),
        "prediction": str(made.after_id),
    }


# The form


def form_context(
    case: Case,
    *,
    texts: Mapping[str, str] | None = None,
    sources: Mapping[str, str] | None = None,
    problems: Sequence[Problem] = (),
) -> dict[str, Any]:
    """The context of cases/correct.html: every input of the model as it stands, or as it was typed, with what is wrong with it."""
    found = panel(case.prediction, texts=texts)
    schema, fields = (
        schema_of(case.prediction),
        [field for group in found.get("groups", ()) for field in group["fields"]],
    )
    wrong = {problem.pointer: problem for problem in problems}
    for field in fields:
        problem = wrong.get(f"/changes/{field['name']}")
        field["error"] = in_shown_units(problem, field["range"]) if problem else ""
        unsourced = wrong.get(f"/sources/{field['name']}")
        field["source"], field["source_error"] = (
            (sources or {}).get(field["name"], ""),
            unsourced.detail if unsourced else "",
        )
        field["own"] = schema.format_value(field["name"], case.prediction.features.get(field["name"]))
    return found | {"errors": _errors(fields, wrong), "most": SOURCE_LENGTH}


def _errors(fields: Sequence[Mapping[str, Any]], wrong: Mapping[str, Problem]) -> list[dict[str, str]]:
    found = [{"text": problem.detail, "target": ""} for pointer, problem in wrong.items() if pointer == "/changes"]
    for field in fields:
        for name, text in (("value", field["error"]), ("source", field["source_error"])):
            if text:
                found.append({"text": f"{field['label']}: {text}", "target": f"{name}-{field['name']}"})
    return found
