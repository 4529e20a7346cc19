"""Labels and data sets as the API shows them, and the shapes for the API document."""

from typing import Any

from rest_framework import serializers

from reviewapp.datasets import rules
from reviewapp.datasets.manifest import by_outcome
from reviewapp.datasets.models import DatasetSnapshot
from reviewapp.datasets.rules import Split, State
from reviewapp.predictions.models import Label


def label_answer(label: Label) -> dict[str, Any]:
    """A label with its lineage; `use_case` and `superseded` are loaded."""
    superseded = getattr(label, "superseded", None)
    return {
        "id": str(label.pk),
        "position": label.position,
        "use_case": label.use_case.slug,
        "decision": str(label.decision_id),
        "prediction": str(label.prediction_id),
        "snapshot_digest": bytes(label.snapshot_digest).hex(),
        "features": label.features,
        "predicted_outcome": label.predicted_outcome,
        "outcome": label.outcome,
        "agrees": label.agrees,
        "direction": label.direction or None,
        "confidence": label.confidence,
        "reason_codes": label.reason_codes,
        "reviewer": label.reviewer,
        "model": label.model_name or None,
        "model_version": label.model_version_name or None,
        "policy_number": label.policy_number,
        "handle_seconds": label.handle_seconds,
        "selection_reason": label.selection_reason,
        "selection_probability": label.selection_probability,
        "stratum": label.stratum,
        "decided_at": label.decided_at,
        "created_at": label.created_at,
        "superseded_at": superseded.superseded_at if superseded else None,
    }


def dataset_answer(snapshot: DatasetSnapshot) -> dict[str, Any]:
    """A data set and how far it is; `use_case` and `requested_by` are loaded."""
    return {
        "id": str(snapshot.pk),
        "use_case": snapshot.use_case.slug,
        "name": snapshot.name,
        "state": snapshot.state,
        "rows_done": snapshot.rows_done,
        "rows_total": snapshot.rows_total,
        "filters": snapshot.filters,
        "up_to_position": snapshot.up_to_position,
        "digest": snapshot.digest if snapshot.is_frozen else None,
        "splits": {split: sum(outcomes.values()) for split, outcomes in snapshot.counts.items()},
        "outcomes": by_outcome(snapshot),
        "requested_by": snapshot.requested_by.username,
        "requested_at": snapshot.requested_at,
        "frozen_at": snapshot.frozen_at,
    }


class LabelShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    position = serializers.IntegerField(
        help_text="Dense, in commit order: a reader that goes on from its last one misses nothing."
    )
    use_case = serializers.CharField()
    decision = serializers.UUIDField()
    prediction = serializers.UUIDField()
    snapshot_digest = serializers.CharField()
    features = serializers.DictField()
    predicted_outcome = serializers.CharField()
    outcome = serializers.CharField()
    agrees = serializers.BooleanField()
    direction = serializers.ChoiceField(choices=rules.DIRECTIONS, allow_null=True)
    confidence = serializers.FloatField()
    reason_codes = serializers.ListField(child=serializers.CharField())
    reviewer = serializers.CharField(help_text="Pseudonym, stable per person.")
    model = serializers.CharField(allow_null=True)
    model_version = serializers.CharField(allow_null=True)
    policy_number = serializers.IntegerField()
    handle_seconds = serializers.FloatField()
    selection_reason = serializers.CharField()
    selection_probability = serializers.FloatField(help_text="Weight by its inverse.")
    stratum = serializers.CharField()
    decided_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    superseded_at = serializers.DateTimeField(
        allow_null=True,
        help_text="Set once the case was reopened: this label counts no more. A later one of the prediction does.",
    )


class LabelList(serializers.Serializer[Any]):
    results = LabelShape(many=True)
    next = serializers.CharField(allow_null=True, help_text="Cursor of the next page; null at the end.")
    previous = serializers.CharField(allow_null=True)
    resume = serializers.CharField(
        allow_null=True,
        help_text="Cursor behind the last label given out, also at the end: keep it and ask again later for what is new.",
    )


class FiltersShape(serializers.Serializer[Any]):
    outcome = serializers.CharField(required=False)
    agreement = serializers.ChoiceField(choices=[rules.AGREES, rules.OVERRIDES], required=False)
    direction = serializers.ChoiceField(choices=rules.DIRECTIONS, required=False)
    model_version = serializers.CharField(required=False, help_text="Written name/version.")
    reviewer = serializers.CharField(required=False, help_text="A pseudonym.")
    selection_reason = serializers.CharField(required=False)
    decided_from = serializers.DateField(required=False, help_text="First day, UTC.")
    decided_to = serializers.DateField(required=False, help_text="Last day, UTC, included.")


class DatasetBody(serializers.Serializer[Any]):
    use_case = serializers.CharField(max_length=60)
    name = serializers.CharField(max_length=rules.NAME_LENGTH)
    filters = FiltersShape(required=False)


class DatasetShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    use_case = serializers.CharField()
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=[state.value for state in State])
    rows_done = serializers.IntegerField()
    rows_total = serializers.IntegerField()
    filters = FiltersShape()
    up_to_position = serializers.IntegerField()
    digest = serializers.CharField(allow_null=True)
    splits = serializers.DictField(child=serializers.IntegerField(), help_text=f"Rows by {', '.join(Split)}.")
    outcomes = serializers.DictField(child=serializers.IntegerField())
    requested_by = serializers.CharField()
    requested_at = serializers.DateTimeField()
    frozen_at = serializers.DateTimeField(allow_null=True)


class DatasetList(serializers.Serializer[Any]):
    results = DatasetShape(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class ManifestShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    use_case = serializers.CharField()
    digest = serializers.CharField()
    digest_method = serializers.CharField()
    rows = serializers.IntegerField()
    splits = serializers.DictField(child=serializers.IntegerField())
    split_rule = serializers.CharField()
    outcomes = serializers.DictField(child=serializers.IntegerField())
    counts = serializers.DictField(child=serializers.DictField(child=serializers.IntegerField()))
    overridden = serializers.IntegerField()
    filters = FiltersShape()
    positions = serializers.DictField(child=serializers.IntegerField(allow_null=True))
    decided_at = serializers.DictField(child=serializers.CharField(allow_null=True))
    models = serializers.ListField(child=serializers.DictField())
    schemas = serializers.ListField(child=serializers.DictField())
    columns = serializers.ListField(child=serializers.DictField())
    requested_by = serializers.CharField()
    requested_at = serializers.DateTimeField()
    frozen_at = serializers.DateTimeField()
    versions = serializers.DictField(child=serializers.CharField())
