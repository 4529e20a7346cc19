"""The sections "Service level" and "Skills": conditional rules as rows of a plain form, which can be moved, removed and added without a script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django import forms
from django.http import QueryDict

from reviewapp.cases.models import Queue
from reviewapp.cases.settings_forms import TEXT_LENGTH, SettingsForm
from reviewapp.cases.sla import RISK_BOUNDS
from reviewapp.catalog.conditions.fields import operand_text, read_operand
from reviewapp.catalog.conditions.first_match import MOST_COMPARISONS, MOST_RULES
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
    """One rule as it stands in the form: (field, operator, value) for each comparison, and what it gives, all as texts."""

    parts: list[tuple[str, str, str]]
    given: str
    errors: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not self.given.strip() and not any(name or value.strip() for name, _, value in self.parts)


class RuleRows(SettingsForm):
    """`rows` are the rules with an empty one at the end; with `move` in what was posted they are shown anew in another order.

    `setting` is the queue's column of rules, `gives` what a rule has beside its conditions, and `about` what these may ask beside inputs.
    """

    setting: ClassVar[str]
    gives: ClassVar[str]
    section: ClassVar[str]
    about: ClassVar[Mapping[str, str]] = {}

    def __init__(self, queue: Queue, section: str, data: QueryDict | None = None) -> None:
        super().__init__(queue, section, data)
        self.labels = condition_labels(queue.use_case)
        self.rows = (
            _posted(data, self.gives)
            if data is not None
            else [self._row(rule) for rule in getattr(queue, self.setting)]
        )
        self.only_shows = data is not None and "move" in data
        if data is not None and self.only_shows:
            self.rows = _moved(self.rows, data.get("move", ""))
        self.rows = [row for row in self.rows if not row.is_empty]

    def changes(self) -> dict[str, Any]:
        return {**self.cleaned_data, self.setting: [self._rule(row) for row in self.rows]}

    def put_beside(self, problem: Problem) -> None:
        """Pointers such as /sla_rules/2/when/0/value."""
        name, *place = problem.pointer.strip("/").split("/")
        if name != self.setting:
            return super().put_beside(problem)
        number = int(place[0]) if place and place[0].isdigit() else None
        lead = f"Rule {number + 1}: " if number is not None and number < len(self.rows) else ""
        if number is not None and number < len(self.rows):
            self.rows[number].errors.append(self._part_words(place) + problem.detail)
        self.add_error(None, lead + self._part_words(place) + problem.detail)
        return None

    def error_list(self) -> list[dict[str, str]]:
        """What is wrong with a rule leads to it."""
        found = super().error_list()
        for error in found:
            number = error["text"].removeprefix("Rule ").partition(":")[0]
            if not error["target"] and number.isdigit():
                error["target"] = f"{self.section}-rule-{int(number) - 1}"
        return found

    def differences(self, now: SettingsForm) -> list[dict[str, str]]:
        found = super().differences(now)
        if isinstance(now, RuleRows) and now.rows != self.rows:
            yours = f"{len(self.rows)} as below"
            found.append(
                {"label": "Rules", "now": " ".join(now.sentences) or "none", "yours": yours, "target": self.section}
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
            self.gives: row.given,
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
        known = [("", "–"), *self.about.items(), *inputs]
        return known if chosen in dict(known) else [*known, (chosen, self.labels.field(chosen))]

    @property
    def sentences(self) -> list[str]:
        """The rules that are in force, in words."""
        return [self.sentence(rule, self.labels) for rule in getattr(self.queue, self.setting)]

    @classmethod
    def sentence(cls, rule: Mapping[str, Any], labels: Labels) -> str:
        return f"When {condition_in_words({'all': rule['when']}, labels)}, {cls.says(rule[cls.gives])}."

    @classmethod
    def says(cls, given: Any) -> str:
        """What becomes of a case that fits, as the end of a sentence."""
        raise NotImplementedError

    def read_given(self, text: str) -> Any:
        """What was typed, as the settings have it; what is wrong with it their own check tells."""
        return text.strip()

    def _part_words(self, place: Sequence[str]) -> str:
        """ "condition 2, " of the pieces of a pointer behind the rules."""
        if len(place) > 2 and place[1] == "when" and place[2].isdigit():
            return f"condition {int(place[2]) + 1}: "
        return f"{self.gives}: " if place[1:] == [self.gives] else ""

    def _row(self, rule: Mapping[str, Any]) -> Row:
        parts = [
            (part["field"], part["op"], operand_text(part["field"], part["op"], part.get("value"), self.labels))
            for part in rule["when"]
        ]
        return Row(parts, str(rule[self.gives]))

    def _rule(self, row: Row) -> dict[str, Any]:
        """What the row says; what is wrong with it the settings' own check tells."""
        when = [
            {"field": name, "op": op, "value": read_operand(name, op, value, self.labels)}
            for name, op, value in row.parts
            if name or value.strip()
        ]
        return {"when": when, self.gives: self.read_given(row.given)}


class Service(RuleRows):
    setting, gives, section, about = "sla_rules", "minutes", "service", _GIVEN_WORDS
    risk_percent = forms.IntegerField(
        min_value=RISK_BOUNDS[0],
        max_value=RISK_BOUNDS[1],
        label="At risk from, in per cent of the time",
        help_text="From then on lists and the board mark the case.",
    )

    @classmethod
    def says(cls, given: int) -> str:
        return f"a case is due in {given:,} {'minute' if given == 1 else 'minutes'}"

    def read_given(self, text: str) -> Any:
        text = text.strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


class Skills(RuleRows):
    """Only inputs are asked about: what the model says of a case is not to be told by who may answer it."""

    setting, gives, section = "skill_rules", "skill", "skills"

    @classmethod
    def says(cls, given: str) -> str:
        return f"a case needs the skill {given}"


def _posted(data: QueryDict, gives: str) -> list[Row]:
    """:raises Malformed: for what no form of ours sends."""
    rows = []
    for number in range(MOST_RULES + 1):
        if f"rule-{number}-{gives}" not in data:
            break
        parts = [
            tuple(data.get(f"rule-{number}-{place}-{name}", "") for name in ("field", "op", "value"))
            for place in range(MOST_COMPARISONS)
        ]
        rows.append(Row([(name, op, value) for name, op, value in parts], data.get(f"rule-{number}-{gives}", "")))
    texts = [text for row in rows for text in (row.given, *(piece for part in row.parts for piece in part))]
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
