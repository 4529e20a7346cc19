"""The settings of a queue as a browser shows and sends them, one form for each section of the page."""

from typing import Any

from django import forms
from django.http import QueryDict

from reviewapp.cases.models import Queue
from reviewapp.cases.rules import QUEUE_BOUNDS


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


class Blind(SettingsForm):
    blind_share = forms.DecimalField(
        min_value=0,
        max_value=100,
        max_digits=5,
        decimal_places=2,
        label="Share of cases answered blind first, in percent",
        help_text="For cases that arrive from now on. 0 is none; 5 is enough to see an influence of 10 points within about 2,000 cases.",
    )

    def shown(self, queue: Queue) -> dict[str, Any]:
        return {"blind_share": f"{100 * queue.blind_share:g}"}

    def changes(self) -> dict[str, Any]:
        return {"blind_share": float(self.cleaned_data["blind_share"]) / 100}


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
