"""Model versions, opened: only this module opens artifacts, and only the model worker imports it."""

import logging
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from inference.explain import LocalExplainer, explainer_for
from inference.predictor import LocalPredictor, load_predictor
from reviewapp.catalog.models import ModelVersion
from reviewapp.catalog.rules import Stage

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Runtime:
    """One model version, ready to score and to explain."""

    predictor: LocalPredictor
    explainer: LocalExplainer


@lru_cache(maxsize=16)
def runtime(artifact: str, digest: str) -> Runtime:
    """Opened once per worker process; the digest of the registered artifact must match what is on disk.

    :raises InferenceError: if the artifact is missing, was changed or holds a foreign type.
    """
    predictor = load_predictor(settings.ARTIFACT_DIR / artifact, digest=digest)
    return Runtime(predictor, explainer_for(predictor))


def warm_up() -> None:
    """Open every live version and explain once, so that the first case does not wait for imports and compilation."""
    for version in ModelVersion.objects.filter(stage=Stage.LIVE).exclude(artifact=""):
        try:
            runtime(version.artifact, version.artifact_digest).explainer.warm_up()
        except Exception:
            log.exception("a live model version could not be warmed up")
