"""The section "Service level": conditional rules as rows of a plain form, which can be moved, removed and added without a script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.http import QueryDict

from reviewapp.cases.models import Queue
from reviewapp.cases.settings_forms import TEXT_LENGTH, SettingsForm
from reviewapp.cases.sla import MOST_COMPARISONS, MOST_RULES, RISK_BOUNDS
from reviewapp.catalog.conditions.fields import operand_text, read_operand
from reviewapp.catalog.conditions.testing import FEATURE
from reviewapp.catalog.conditions.wording import Labels, condition_in_words
from reviewapp.catalog.queries import condition_labels
from reviewapp.lib.errors import Malformed, Problem

OPS = {
    "eq": "is", "ne": "is not", "ge": "is at least", "le": "is at most", "gt": "is over", "lt": "is under", "in": "is one of",
    "between": "is between", "missing": "is not recorded",
}  # fmt: skip
_GIVEN_WORDS = {"outcome": "Advised outcome", "confidence": "Confidence", "priority": "Priority"}


@dataclass
class Row:
    """One rule as it stands in the form: (field, operator, value) for each comparison, all as texts, and the minutes."""

    parts: list[tuple[str, str, str]]
    minutes: str
    errors: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not self.minutes.strip() and not any(name or value.strip() for name, _, value in self.parts)


class Service(SettingsForm):
    """`rows` are the rules with an empty one at the end; with `move` in what was posted they are shown anew in another order."""

    risk_percent = forms.IntegerField(
        min_value=RISK_BOUNDS[0],
        max_value=RISK_BOUNDS[1],
        label="At risk from, in per cent of the time",
        help_text="From then on lists and the board mark the case.",
    )

    def __init__(self, queue: Queue, section: str, data: QueryDict | None = None) -> None:
        super().__init__(queue, section, data)
        self.labels = condition_labels(queue.use_case)
        self.rows = _posted(data) if data is not None else [_row(rule, self.labels) for rule in queue.sla_rules]
        self.only_shows = data is not None and "move" in data
        if data is not None and self.only_shows:
            self.rows = _moved(self.rows, data.get("move", ""))
        self.rows = [row for row in self.rows if not row.is_empty]

    def changes(self) -> dict[str, Any]:
        return {**self.cleaned_data, "sla_rules": [_rule(row, self.labels) for row in self.rows]}

    def put_beside(self, problem: Problem) -> None:
        """Pointers such as /sla_rules/2/when/0/value."""
        name, *place = problem.pointer.strip("/").split("/")
        if name != "sla_rules":
            return super().put_beside(problem)
        number = int(place[0]) if place and place[0].isdigit() else None
        lead = f"Rule {number + 1}: " if number is not None and number < len(self.rows) else ""
        if number is not None and number < len(self.rows):
            self.rows[number].errors.append(_part_words(place) + problem.detail)
        self.add_error(None, lead + _part_words(place) + problem.detail)
        return None

    def error_list(self) -> list[dict[str, str]]:
        """What is wrong with a rule leads to it."""
        found = super().error_list()
        for error in found:
            number = error["text"].removeprefix("Rule ").partition(":")[0]
            if not error["target"] and number.isdigit():
                error["target"] = f"service-rule-{int(number) - 1}"
        return found

    def differences(self, now: SettingsForm) -> list[dict[str, str]]:
        found = super().differences(now)
        if isinstance(now, Service) and now.rows != self.rows:
            yours = f"{len(self.rows)} as below"
            found.append(
                {"label": "Rules", "now": " ".join(now.sentences) or "none", "yours": yours, "target": "service"}
            )
        return found

    @property
    def shown_rows(self) -> list[dict[str, Any]]:
        """For the template; the last is empty, to be filled in."""
        more = [Row([], "")] if len(self.rows) < MOST_RULES else []
        rows = [*self.rows, *more]
        return [self._shown_row(number, row, last=len(self.rows) - 1) for number, row in enumerate(rows)]

    def _shown_row(self, number: int, row: Row, *, last: int) -> dict[str, Any]:
        parts = [*row.parts, ("", "", "")][:MOST_COMPARISONS]
        return {
            "number": number,
            "title": f"Rule {number + 1}" if number <= last else "A further rule",
            "minutes": row.minutes,
            "errors": row.errors,
            "is_first": number == 0,
            "is_last": number == last,
            "is_new": number > last,
            "parts": [self._shown_part(part, place) for place, part in enumerate(parts)],
        }

    def _shown_part(self, part: tuple[str, str, str], place: int) -> dict[str, Any]:
        name, op, value = part
        return {
            "place": place,
            "value": value,
            "fields": [{"value": key, "label": words, "chosen": key == name} for key, words in self._fields(name)],
            "ops": [{"value": key, "label": words, "chosen": key == op} for key, words in OPS.items()],
        }

    def _fields(self, chosen: str) -> list[tuple[str, str]]:
        """What a rule may ask about. Protected inputs are not offered: nobody's case waits longer for what they are."""
        features = self.labels.schema.features
        inputs = [(f"{FEATURE}{one.name}", one.label) for one in features if not one.protected]
        known = [("", "–"), *_GIVEN_WORDS.items(), *inputs]
        return known if chosen in dict(known) else [*known, (chosen, self.labels.field(chosen))]

    @property
    def sentences(self) -> list[str]:
        """The rules that are in force, in words."""
        return [sentence(rule, self.labels) for rule in self.queue.sla_rules]


def sentence(rule: Mapping[str, Any], labels: Labels) -> str:
    words = condition_in_words({"all": rule["when"]}, labels)
    return f"When {words}, a case is due in {rule['minutes']:,} {'minute' if rule['minutes'] == 1 else 'minutes'}."


def _part_words(place: Sequence[str]) -> str:
    """ "condition 2, " of the pieces of a pointer behind the rules."""
    if len(place) > 2 and place[1] == "when" and place[2].isdigit():
        return f"condition {int(place[2]) + 1}: "
    return "minutes: " if place[1:] == ["minutes"] else ""


def _row(rule: Mapping[str, Any], labels: Labels) -> Row:
    parts = [
        (part["field"], part["op"], operand_text(part["field"], part["op"], part.get("value"), labels))
        for part in rule["when"]
    ]
    return Row(parts, str(rule["minutes"]))


def _rule(row: Row, labels: Labels) -> dict[str, Any]:
    """What the row says; what is wrong with it the settings' own check tells."""
    when = [
        {"field": name, "op": op, "value": read_operand(name, op, value, labels)}
        for name, op, value in row.parts
        if name or value.strip()
    ]
    text = row.minutes.strip()
    return {"when": when, "minutes": int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text}


def _posted(data: QueryDict) -> list[Row]:
    """:raises Malformed: for what no form of ours sends."""
    rows = []
    for number in range(MOST_RULES + 1):
        if f"rule-{number}-minutes" not in data:
            break
        parts = [
            tuple(data.get(f"rule-{number}-{place}-{name}", "") for name in ("field", "op", "value"))
            for place in range(MOST_COMPARISONS)
        ]
        rows.append(Row([(name, op, value) for name, op, value in parts], data.get(f"rule-{number}-minutes", "")))
    texts = [text for row in rows for text in (row.minutes, *(piece for part in row.parts for piece in part))]
    if any("\0" in text or len(text) > TEXT_LENGTH for text in texts):
        raise Malformed(f"A value has at most {TEXT_LENGTH} characters.", code="bad-text")
    for row in rows:
        row.parts = [part for part in row.parts if part[0] or part[2].strip()]
    return rows


def _moved(rows: list[Row], move: str) -> list[Row]:
    """:param move: "up-2", "down-0" or "remove-1"; anything else moves nothing."""
    way, _, text = move.partition("-")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else len(rows)
    other = {"up": number - 1, "down": number + 1}.get(way)
    rows = list(rows)
    if number < len(rows) and way == "remove":
        del rows[number]
    elif number < len(rows) and other is not None and 0 <= other < len(rows):
        rows[number], rows[other] = rows[other], rows[number]
    return rows
