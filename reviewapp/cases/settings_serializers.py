"""The settings of a queue as the API has them."""

from typing import Any

from rest_framework import serializers

from reviewapp.cases.actions.settings import seen_digest, settings_of
from reviewapp.cases.models import Queue
from reviewapp.cases.ordering import NextOrder
from reviewapp.cases.rules import (
    MOST_SEEDED,
    QUEUE_BOUNDS,
)
from reviewapp.cases.second_review import DIRECTIONS
from reviewapp.cases.skills import SKILL_LENGTH
from reviewapp.cases.sla import RISK_BOUNDS, LateAct
from reviewapp.catalog.conditions.testing import OPERATORS


def queue_answer(queue: Queue) -> dict[str, Any]:
    """A queue and its settings; `use_case` is loaded."""
    named = {"slug": queue.slug, "name": queue.name, "use_case": queue.use_case.slug, "is_lead": queue.is_lead}
    return named | settings_of(queue) | {"seen": seen_digest(queue)}


def _bounds(name: str) -> dict[str, Any]:
    low, high = QUEUE_BOUNDS[name]
    return {"min_value": low, "max_value": high}


class AmountShape(serializers.Serializer[Any]):
    feature = serializers.CharField()
    least = serializers.FloatField()


class ReviewPolicyShape(serializers.Serializer[Any]):
    """Which first answers need a second one; what is not named asks for nothing, and one that fits is enough."""

    always = serializers.BooleanField(required=False)
    override = serializers.BooleanField(required=False)
    directions = serializers.ListField(child=serializers.ChoiceField(choices=DIRECTIONS), required=False)
    outcomes = serializers.ListField(child=serializers.CharField(), required=False)
    confidence_below = serializers.FloatField(min_value=0, max_value=1, required=False)
    amounts = AmountShape(many=True, required=False)
    share = serializers.FloatField(min_value=0, max_value=1, required=False)


class ComparisonShape(serializers.Serializer[Any]):
    """`value` is one value, a list for in, two numbers for between, and true or false for missing."""

    field = serializers.CharField()
    op = serializers.ChoiceField(choices=list(OPERATORS))
    value = serializers.JSONField(required=False)


class SlaRuleShape(serializers.Serializer[Any]):
    """Its comparisons ask about inputs; where the queue has no blind share, about outcome, confidence and priority as well."""

    when = ComparisonShape(many=True)
    minutes = serializers.IntegerField(**_bounds("sla_minutes"))


class SkillRuleShape(serializers.Serializer[Any]):
    """Its comparisons ask about inputs alone."""

    when = ComparisonShape(many=True)
    skill = serializers.CharField(max_length=SKILL_LENGTH)


class OpeningHoursShape(serializers.Serializer[Any]):
    """Hours of a weekday are texts such as 08:00-18:00; a day that is not named is closed. Holidays are dates."""

    zone = serializers.CharField()
    hours = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    holidays = serializers.ListField(child=serializers.CharField(), required=False)


class QueueSettings(serializers.Serializer[Any]):
    sla_minutes = serializers.IntegerField(**_bounds("sla_minutes"))
    lease_minutes = serializers.IntegerField(**_bounds("lease_minutes"))
    most_held = serializers.IntegerField(**_bounds("most_held"))
    sla_rules = SlaRuleShape(many=True)
    risk_percent = serializers.IntegerField(min_value=RISK_BOUNDS[0], max_value=RISK_BOUNDS[1])
    opening_hours = OpeningHoursShape(allow_null=True)
    late_act = serializers.ChoiceField(choices=[act.value for act in LateAct])
    late_queue = serializers.CharField(allow_null=True)
    late_person = serializers.CharField(allow_null=True)
    review_policy = ReviewPolicyShape()
    skill_rules = SkillRuleShape(many=True)
    next_order = serializers.ChoiceField(choices=[order.value for order in NextOrder])
    answers_again = serializers.BooleanField()
    blind_share = serializers.FloatField(min_value=0, max_value=1)
    seeded_share = serializers.FloatField(min_value=0, max_value=MOST_SEEDED)
    qa_automatic_share = serializers.FloatField(min_value=0, max_value=1)
    qa_human_share = serializers.FloatField(min_value=0, max_value=1)
    seen = serializers.CharField(max_length=64)


class QueueBody(QueueSettings):
    """What is sent is changed. With `seen`, as a read gave it, only if nobody changed anything since."""


class QueueShape(QueueSettings):
    slug = serializers.CharField()
    name = serializers.CharField()
    use_case = serializers.CharField()
    is_lead = serializers.BooleanField()
    # Kept as it was set, also where today's bounds would refuse it
    sla_minutes = serializers.IntegerField()
    lease_minutes = serializers.IntegerField()
    most_held = serializers.IntegerField()
