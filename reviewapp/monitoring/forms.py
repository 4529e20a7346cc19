"""What a lead says about a shift."""

from datetime import datetime

from django import forms
from django.utils import timezone

from reviewapp.monitoring.rules import MOST_PEOPLE, next_at


class ShiftForm(forms.Form):
    """So many people until the next time the clock shows this."""

    people = forms.IntegerField(label="Reviewers on shift", min_value=0, max_value=MOST_PEOPLE)
    until = forms.TimeField(
        label="Until",
        input_formats=["%H:%M"],
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": "Write a time such as 17:30."},
    )

    def until_after(self, now: datetime) -> datetime:
        given = self.cleaned_data["until"]
        return next_at(given.hour, given.minute, now=timezone.localtime(now))
