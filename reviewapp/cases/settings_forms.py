"""The settings of a queue as a browser shows and sends them, one form for each section of the page."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.http import QueryDict

from reviewapp.cases import queries
from reviewapp.cases.models import Queue
from reviewapp.cases.rules import MOST_SEEDED, QUEUE_BOUNDS
from reviewapp.cases.second_review import ReviewPolicy
from reviewapp.catalog.rules import OutcomeKind


class SettingsForm(forms.Form):
    """The form of one section, filled with what the queue has, or with what was posted. Its fields bear the names of the settings."""

    def __init__(self, queue: Queue, section: str, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id=f"{section}-%s", initial=self.shown(queue))
        self.queue = queue

    def shown(self, queue: Queue) -> dict[str, Any]:
        """What the fields say of the queue's settings."""
        return {name: getattr(queue, name) for name in self.base_fields}

    def changes(self) -> dict[str, Any]:
        """The settings that valid fields ask for."""
        return self.cleaned_data


def _number(name: str, *, label: str, help_text: str) -> forms.IntegerField:
    low, high = QUEUE_BOUNDS[name]
    return forms.IntegerField(min_value=low, max_value=high, label=label, help_text=help_text)


def _percent(label: str, help_text: str) -> forms.FloatField:
    return forms.FloatField(min_value=0, max_value=100, required=False, label=label, help_text=help_text)


AMOUNT_ROWS = range(1, 4)
DIRECTION_WORDS = {
    OutcomeKind.ORDINAL: {"up-triage": "More urgent than the model", "down-triage": "Less urgent than the model"},
    OutcomeKind.CATEGORICAL: {
        "high-side": "Adverse, where the model is not",
        "low-side": "Not adverse, where the model is",
    },
}


class SecondReview(SettingsForm):
    """The whole review policy is one setting; the fields are its parts, with shares in per cent."""

    always = forms.BooleanField(required=False, label="Every answer")
    override = forms.BooleanField(required=False, label="Every answer that is not the model's")
    directions = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label="Answers that change the model's outcome this way"
    )
    outcomes = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple, label="These answers")
    confidence_below = _percent("Cases of which the model is less sure than, of 100", "Empty: none.")
    share = _percent(
        "Per cent of all other answers, drawn by chance", "Only these tell how often two people would agree."
    )

    def __init__(self, queue: Queue, section: str, data: QueryDict | None = None) -> None:
        super().__init__(queue, section, data)
        use_case = queue.use_case
        _choices(self.fields["directions"], DIRECTION_WORDS[OutcomeKind(use_case.outcome_kind)].items())
        _choices(self.fields["outcomes"], [(row.value, row.label) for row in use_case.outcome_list])
        inputs = [("", "No input"), *queries.number_inputs(use_case)]
        for row in AMOUNT_ROWS:
            self.fields[f"feature_{row}"] = forms.ChoiceField(
                required=False, choices=inputs, label=f"Input {row}", help_text="Cases in which this input …"
            )
            self.fields[f"least_{row}"] = forms.FloatField(
                required=False, label="is at least", help_text="In the unit in which it is sent."
            )

    def shown(self, queue: Queue) -> dict[str, Any]:
        policy = ReviewPolicy.of(queue.review_policy)
        rows = enumerate(policy.amounts, start=1)
        amounts = {f"{key}_{row}": getattr(amount, key) for row, amount in rows for key in ("feature", "least")}
        return amounts | {
            "always": policy.always,
            "override": policy.override,
            "directions": sorted(policy.directions),
            "outcomes": sorted(policy.outcomes),
            "confidence_below": _to_percent(policy.confidence_below),
            "share": _to_percent(policy.share),
        }

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for row in AMOUNT_ROWS:
            if bool(given.get(f"feature_{row}")) != (given.get(f"least_{row}") is not None):
                self.add_error(f"least_{row}", "Name both the input and the least amount, or neither.")
        return given

    def changes(self) -> dict[str, Any]:
        given = self.cleaned_data
        amounts = [
            {"feature": given[f"feature_{row}"], "least": given[f"least_{row}"]}
            for row in AMOUNT_ROWS
            if given[f"feature_{row}"]
        ]
        parts = {name: given[name] for name in ("always", "override", "directions", "outcomes")} | {"amounts": amounts}
        shares = {name: (given[name] or 0) / 100 for name in ("confidence_below", "share")}
        return {"review_policy": {name: value for name, value in (parts | shares).items() if value}}


def _choices(field: forms.Field, choices: Iterable[tuple[str, str]]) -> None:
    cast("forms.MultipleChoiceField", field).choices = list(choices)


def _to_percent(share: float) -> float | None:
    return round(100 * share, 6) or None


class Proof(SettingsForm):
    seeded_share = forms.FloatField(
        min_value=0,
        max_value=100 * MOST_SEEDED,
        required=False,
        label="Seeded cases, for 100 that arrive",
        help_text="At 2, each reviewer spends 2 of 100 cases on them. At most 5; empty or 0: none.",
    )

    def shown(self, queue: Queue) -> dict[str, Any]:
        return {"seeded_share": _to_percent(queue.seeded_share)}

    def changes(self) -> dict[str, Any]:
        return {"seeded_share": round((self.cleaned_data["seeded_share"] or 0) / 100, 6)}


class Basics(SettingsForm):
    sla_minutes = _number(
        "sla_minutes",
        label="Time until due, in minutes",
        help_text="For cases that arrive or are reopened from now on. What waits already is due when it was.",
    )
    lease_minutes = _number(
        "lease_minutes",
        label="Lease, in minutes",
        help_text="How long somebody holds a case they do not work on before others may take it.",
    )
    most_held = _number(
        "most_held",
        label="Cases one person may hold at once",
        help_text="Nobody takes a further case of this queue before they have answered or released one.",
    )
