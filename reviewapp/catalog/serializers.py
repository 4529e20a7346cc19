"""Use cases, models and versions as the API shows them, and the shapes for the API document."""

from typing import Any

from rest_framework import serializers

from reviewapp.catalog.rules import OutcomeKind, Stage


def use_case_answer(use_case: Any) -> dict[str, Any]:
    """A UseCase with the inputs and reasons in force, as `queries.with_inputs_and_reasons` loads it."""
    schema = next(iter(use_case.newest_schema), None)
    return {
        "slug": use_case.slug,
        "name": use_case.name,
        "description": use_case.description,
        "outcome_kind": use_case.outcome_kind,
        "outcomes": [{"value": one.value, "label": one.label, "adverse": one.adverse} for one in use_case.outcome_list],
        "schema": {"number": schema.number, "digest": schema.digest, **schema.body} if schema else None,
        "reason_codes": [
            {"code": reason.code, "text": reason.text, "features": reason.features, "outcomes": reason.outcomes}
            for reason in use_case.reasons_in_force
        ],
    }


def model_answer(model: Any) -> dict[str, Any]:
    """A Model, as `queries.with_live_version` loads it."""
    return {
        "name": model.name,
        "use_case": model.use_case.slug,
        "description": model.description,
        "live_version": model.live_version,
        "created_at": model.created_at,
    }


def version_answer(version: Any) -> dict[str, Any]:
    """A ModelVersion with its lineage, as `queries.versions_of` loads it."""
    return {
        "id": str(version.pk),
        "version": version.version,
        "stage": version.stage,
        "artifact_digest": version.artifact_digest or None,
        "schema_number": version.schema_number,
        "metrics": version.metrics,
        "lineage": version.lineage,
        "registered_at": version.registered_at,
        "live_at": version.live_at,
        "retired_at": version.retired_at,
    }


class OutcomeShape(serializers.Serializer[Any]):
    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field; DRF keeps fields apart from its own names
    adverse = serializers.BooleanField()


class SchemaShape(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    digest = serializers.CharField()
    features = serializers.ListField(child=serializers.DictField(), help_text="The inputs, as the schema names them.")


class ReasonShape(serializers.Serializer[Any]):
    code = serializers.CharField()
    text = serializers.CharField()
    features = serializers.ListField(child=serializers.CharField())
    outcomes = serializers.ListField(child=serializers.CharField(), help_text="Empty: any outcome.")


class UseCaseShape(serializers.Serializer[Any]):
    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    outcome_kind = serializers.ChoiceField(choices=[kind.value for kind in OutcomeKind])
    outcomes = OutcomeShape(many=True)
    schema = SchemaShape(allow_null=True)
    reason_codes = ReasonShape(many=True)


class ModelShape(serializers.Serializer[Any]):
    name = serializers.CharField()
    use_case = serializers.CharField()
    description = serializers.CharField()
    live_version = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()


class VersionShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    version = serializers.CharField()
    stage = serializers.ChoiceField(choices=[stage.value for stage in Stage])
    artifact_digest = serializers.CharField(allow_null=True, help_text="SHA-256; null for a model that runs elsewhere.")
    schema_number = serializers.IntegerField()
    metrics = serializers.DictField()
    lineage = serializers.DictField()
    registered_at = serializers.DateTimeField()
    live_at = serializers.DateTimeField(allow_null=True)
    retired_at = serializers.DateTimeField(allow_null=True)


class _Page(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True, help_text="Cursor of the next page; null at the end.")
    previous = serializers.CharField(allow_null=True)


class UseCaseList(_Page):
    results = UseCaseShape(many=True)


class ModelList(_Page):
    results = ModelShape(many=True)


class VersionList(_Page):
    results = VersionShape(many=True)
