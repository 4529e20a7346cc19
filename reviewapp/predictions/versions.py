"""Schemas and model versions, read once per process, since they never change."""

from functools import lru_cache
from typing import Any
from uuid import UUID

from inference.schema import FeatureSchema
from reviewapp.catalog.models import FeatureSchemaVersion, ModelVersion
from reviewapp.predictions.models import Prediction


def schema_of(prediction: Prediction) -> FeatureSchema:
    """The prediction's schema; parsed once per process, since a schema version never changes."""
    return schema_by_id(prediction.schema_id)


@lru_cache(maxsize=64)
def schema_by_id(schema_id: UUID) -> FeatureSchema:
    return FeatureSchema.from_json(FeatureSchemaVersion.objects.get(pk=schema_id).body)


@lru_cache(maxsize=64)
def version_facts(version_id: UUID) -> tuple[dict[str, Any], dict[str, Any]]:
    """(calibration table, metrics) of a model version; read once per process, since a version never changes."""
    version = ModelVersion.objects.only("calibration_table", "metrics").get(pk=version_id)
    return version.calibration_table, version.metrics
