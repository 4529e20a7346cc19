"""A case as it is beside the case as it would be, in words and figures: what a page shows of a what-if. Reads only what is loaded,
but for what a model version never changes."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

from inference.schema import NUMERIC
from reviewapp.catalog.models import ModelVersion
from reviewapp.predictions.models import Prediction
from reviewapp.predictions.presentation import schema_of


@lru_cache(maxsize=64)
def _profile(version_id: UUID) -> Mapping[str, Mapping[str, float | None]]:
    """Percentiles of the training cases by input; read once per process, since a version never changes."""
    found = ModelVersion.objects.filter(pk=version_id).values_list("manifest__profile", flat=True).first()
    return found or {}


def outside_training(prediction: Prediction, changes: Mapping[str, Any]) -> list[str]:
    """Names of changed numbers below the 1st or above the 99th percentile of what the model was trained on."""
    schema, profile = (
        schema_of(prediction),
        _profile(prediction.model_version_id) if prediction.model_version_id else {},
    )
    numbers = [name for name in changes if schema.by_name[name].kind in NUMERIC]
    return [name for name in numbers if _is_outside(schema.by_name[name].code_of(changes[name]), profile.get(name, {}))]


def _is_outside(value: float | None, seen: Mapping[str, float | None]) -> bool:
    low, high = seen.get("p01"), seen.get("p99")
    return value is not None and low is not None and high is not None and not low <= value <= high
