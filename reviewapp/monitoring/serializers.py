"""Forecasts as the API shows them, and their shapes for the API document."""

from typing import Any

from rest_framework import serializers

from reviewapp.monitoring.models import Shift
from reviewapp.monitoring.queries import Standing
from reviewapp.monitoring.rules import MOST_PEOPLE, StaffSource


def forecast_answer(standing: Standing) -> dict[str, Any]:
    made, shift = standing.forecast, standing.shift
    return {
        "queue": standing.queue.slug,
        "made_at": made.made_at if made else None,
        "forecast": made.body if made else None,
        "shift": shift_answer(shift) if shift else None,
    }


def shift_answer(shift: Shift) -> dict[str, Any]:
    return {"people": shift.people, "until": shift.until}


class RangeShape(serializers.Serializer[Any]):
    """As many runs of the simulation had more as had less than `value`; 80 % of them lie from `low` to `high`."""

    value = serializers.IntegerField()
    low = serializers.IntegerField()
    high = serializers.IntegerField()


class ForecastFigures(serializers.Serializer[Any]):
    """How many of the `due` cases that come due before `until` will breach. With too few days or handle times there are no figures."""

    until = serializers.DateTimeField()
    status = serializers.ChoiceField(choices=["ok", "too_few"])
    lack = serializers.ChoiceField(choices=["few_days", "few_handle_times", "too_many_cases"], allow_null=True)
    days = serializers.IntegerField()
    handle_times = serializers.IntegerField()
    runs = serializers.IntegerField()
    due = serializers.IntegerField(allow_null=True)
    breaches = RangeShape(allow_null=True)
    one_more = RangeShape(allow_null=True)
    one_more_from = serializers.DateTimeField()
    people = serializers.IntegerField()
    people_until = serializers.DateTimeField()
    people_from = serializers.ChoiceField(choices=[str(source) for source in StaffSource])


class ShiftShape(serializers.Serializer[Any]):
    """What a lead entered; it counts from the next forecast on."""

    people = serializers.IntegerField()
    until = serializers.DateTimeField()


class ShiftBody(serializers.Serializer[Any]):
    """`until` lies within the next 24 hours."""

    people = serializers.IntegerField(min_value=0, max_value=MOST_PEOPLE)
    until = serializers.DateTimeField()


class QueueForecast(serializers.Serializer[Any]):
    """`forecast` is null where nothing is open and nothing came lately, or nothing is worked out yet."""

    queue = serializers.CharField()
    made_at = serializers.DateTimeField(allow_null=True)
    forecast = ForecastFigures(allow_null=True)
    shift = ShiftShape(allow_null=True)


class ForecastsShape(serializers.Serializer[Any]):
    results = QueueForecast(many=True)
