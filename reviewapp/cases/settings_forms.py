"""The settings of a queue as a browser shows and sends them, one form for each section of the page."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.text import capfirst

from reviewapp.cases import queries
from reviewapp.cases.models import Queue
from reviewapp.cases.ordering import ORDER_WORDS
from reviewapp.cases.queries import other_queues, workers_of
from reviewapp.cases.rules import MOST_SEEDED, QUEUE_BOUNDS
from reviewapp.cases.second_review import MOST_AMOUNTS, ReviewPolicy
from reviewapp.cases.sla import WEEKDAYS, LateAct, zones
from reviewapp.catalog.rules import OutcomeKind
from reviewapp.lib.errors import Problem

TEXT_LENGTH, HOLIDAYS_LENGTH = 200, 10_000


class SettingsForm(forms.Form):
    """The form of one section, filled with what the queue has, or with what was posted. Its fields bear the names of the settings.

    `only_shows`: what was posted asks for another look at the form and is not to be saved.
    """

    only_shows = False

    def __init__(self, queue: Queue, section: str, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id=f"{section}-%s", initial=self.shown(queue))
        self.queue = queue

    def shown(self, queue: Queue) -> dict[str, Any]:
        """What the fields say of the queue's settings."""
        return {name: getattr(queue, name) for name in self.base_fields}

    def changes(self) -> dict[str, Any]:
        """The settings that valid fields ask for."""
        return self.cleaned_data

    def put_beside(self, problem: Problem) -> None:
        """Show a fault at the field that it is about."""
        name = problem.pointer.strip("/").split("/")[0]
        self.add_error(name if name in self.fields else None, problem.detail)

    def error_list(self) -> list[dict[str, str]]:
        """For components/_errors.html; each leads to its field."""
        general = [{"text": str(text), "target": ""} for text in self.non_field_errors()]
        found = [(field, text) for field in self for text in field.errors]
        return general + [
            {"text": f"{field.label}: {text}", "target": str(field.id_for_label)} for field, text in found
        ]

    def differences(self, now: "SettingsForm") -> list[dict[str, str]]:
        """Where what was posted is not what the queue has now, as `now` shows it."""
        pairs = [(field, self[field.name]) for field in now]
        return [
            {
                "label": str(field.label),
                "now": _said(field),
                "yours": _said(posted),
                "target": str(posted.id_for_label),
            }
            for field, posted in pairs
            if str(field.value() or "") != str(posted.value() or "")
        ]


def _said(field: forms.BoundField) -> str:
    """The value as the page shows it."""
    value = field.value() or ""
    choices: Any = field.field.choices if isinstance(field.field, forms.ChoiceField) else ()
    return next((str(words) for key, words in choices if key == value), str(value) or "nothing")


def _number(name: str, *, label: str, help_text: str) -> forms.IntegerField:
    low, high = QUEUE_BOUNDS[name]
    return forms.IntegerField(min_value=low, max_value=high, label=label, help_text=help_text)


def _percent(label: str, help_text: str) -> forms.FloatField:
    return forms.FloatField(min_value=0, max_value=100, required=False, label=label, help_text=help_text)


AMOUNT_ROWS = range(1, MOST_AMOUNTS + 1)
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
    override = forms.BooleanField(required=False, label="Every answer that is not the model’s")
    directions = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label="Answers that change the model’s outcome this way"
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

    @property
    def amount_rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The input and the least amount of each row, as the template shows them."""
        return [(self[f"feature_{row}"], self[f"least_{row}"]) for row in AMOUNT_ROWS]

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


class Blind(SettingsForm):
    blind_share = forms.DecimalField(
        min_value=0,
        max_value=100,
        max_digits=5,
        decimal_places=2,
        label="Share of cases answered blind first, in per cent",
        help_text="For cases that arrive from now on. 0 is none; 5 is enough to see an influence of 10 points within about 2,000 cases.",
    )

    def shown(self, queue: Queue) -> dict[str, Any]:
        return {"blind_share": f"{100 * queue.blind_share:g}"}

    def changes(self) -> dict[str, Any]:
        return {"blind_share": float(self.cleaned_data["blind_share"]) / 100}


class Proof(SettingsForm):
    seeded_share = forms.FloatField(
        min_value=0,
        max_value=100 * MOST_SEEDED,
        required=False,
        label="Seeded cases, for 100 that arrive",
        help_text="At 2, each reviewer spends 2 of 100 cases on them. At most 5; empty or 0: none.",
    )

    qa_automatic_share = _percent(
        "QA samples, for 100 automatic decisions",
        "Cases of this use case that passed without a person, read by one of this queue. 5 is advised; empty or 0: none.",
    )
    qa_human_share = _percent(
        "QA samples, for 100 decisions of people",
        "Cases that were decided in this queue, read by somebody else. 5 is advised; empty or 0: none.",
    )

    def shown(self, queue: Queue) -> dict[str, Any]:
        return {name: _to_percent(getattr(queue, name)) for name in self.base_fields}

    def changes(self) -> dict[str, Any]:
        return {name: round((value or 0) / 100, 6) for name, value in self.cleaned_data.items()}


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


class Next(SettingsForm):
    next_order = forms.ChoiceField(
        label="Take next gives", choices=[(order.value, capfirst(words)) for order, words in ORDER_WORDS.items()]
    )
    answers_again = forms.BooleanField(
        required=False,
        label="People may answer again after a reopening",
        help_text="Otherwise a reopened case is for somebody else. As a lead you can still give it to whoever answered it, on the board.",
    )


def _day(name: str) -> forms.CharField:
    return forms.CharField(label=name.capitalize(), required=False, max_length=TEXT_LENGTH)


class Hours(SettingsForm):
    """A zone, hours by weekday and holidays; without a zone the queue is open round the clock."""

    zone = forms.ChoiceField(
        label="Time zone",
        required=False,
        choices=lambda: [("", "None: open round the clock"), *((zone, zone) for zone in sorted(zones()))],
    )
    monday, tuesday, wednesday = _day("monday"), _day("tuesday"), _day("wednesday")
    thursday, friday, saturday, sunday = _day("thursday"), _day("friday"), _day("saturday"), _day("sunday")
    holidays = forms.CharField(
        label="Closed on these days",
        required=False,
        max_length=HOLIDAYS_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One date on each line, such as 2026-12-25.",
    )

    def shown(self, queue: Queue) -> dict[str, Any]:
        hours = queue.opening_hours or {"zone": "", "hours": {}}
        days = {day: ", ".join(hours["hours"].get(day, ())) for day in WEEKDAYS}
        return {"zone": hours["zone"], **days, "holidays": "\n".join(hours.get("holidays", ()))}

    @property
    def days(self) -> list[forms.BoundField]:
        return [self[day] for day in WEEKDAYS]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("zone") and "zone" not in self.errors and any(map(cleaned.get, (*WEEKDAYS, "holidays"))):
            self.add_error("zone", "Choose the zone of these hours, or empty them all.")
        return cleaned

    def changes(self) -> dict[str, Any]:
        given = self.cleaned_data
        if not given["zone"]:
            return {"opening_hours": None}
        hours = {day: _spans(given[day]) for day in WEEKDAYS if given[day]}
        holidays = [line.strip() for line in given["holidays"].splitlines() if line.strip()]
        return {"opening_hours": {"zone": given["zone"], "hours": hours, "holidays": holidays}}

    def put_beside(self, problem: Problem) -> None:
        """Pointers such as /opening_hours/hours/monday/0 and /opening_hours/holidays/2, which is a line."""
        name = next((part for part in problem.pointer.split("/") if part in self.fields), "monday")
        line = problem.pointer.rpartition("/")[2]
        place = f"Line {int(line) + 1}: " if name == "holidays" and line.isdigit() else ""
        self.add_error(name, place + problem.detail)


def _spans(text: str) -> list[str]:
    """ "09:00 – 12:30, 13:30-18:00" as the settings have it."""
    return ["".join(part.replace("–", "-").split()) for part in text.split(",")]


_LATE_WORDS = {
    LateAct.ESCALATE: "Pass it to another queue",
    LateAct.PERSON: "Give it to a person",
    LateAct.STAY: "Leave it in this queue",
}


class Late(SettingsForm):
    """What becomes of a late case; a queue and a person of those that there are."""

    late_act = forms.ChoiceField(
        label="When a case is late", choices=[(act.value, words) for act, words in _LATE_WORDS.items()]
    )
    late_queue = forms.ChoiceField(label="The other queue", required=False)
    late_person = forms.ChoiceField(
        label="The person",
        required=False,
        help_text="Gets late cases while they hold fewer than one person may; the others go to the other queue.",
    )

    def __init__(self, queue: Queue, section: str, data: QueryDict | None = None) -> None:
        super().__init__(queue, section, data)
        others = other_queues(queue)
        lead = next(
            (f"The lead queue, {other.name}" for other in others if other.is_lead), "The lead queue, once there is one"
        )
        people = [(person.username, person.display_name) for person, _ in workers_of(Queue.objects.filter(pk=queue.pk))]
        self._choose("late_queue", [("", lead), *((other.slug, other.name) for other in others)])
        self._choose("late_person", [("", "Nobody"), *people])

    def _choose(self, name: str, choices: Iterable[tuple[str, str]]) -> None:
        """What is chosen stays among the choices, so that nothing is changed by saving the rest."""
        known, chosen = dict(choices), self.initial[name]
        known.setdefault(chosen, f"{chosen}, who may not work here any more")
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 -- for the type checker
        field.choices = list(known.items())

    def shown(self, queue: Queue) -> dict[str, Any]:
        return {
            "late_act": queue.late_act,
            "late_queue": queue.late_queue.slug if queue.late_queue else "",
            "late_person": queue.late_person.username if queue.late_person else "",
        }

    def changes(self) -> dict[str, Any]:
        return {name: value or None for name, value in self.cleaned_data.items()}
