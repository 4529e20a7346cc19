"""Every write to models: naming one, registering a version from its artifact, promoting and retiring versions."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings

from reviewapp.access.idempotency import durable
from reviewapp.audit import actions as audit
from reviewapp.catalog.actions import NameTaken, name_faults
from reviewapp.catalog.models import FeatureSchemaVersion, Model, ModelVersion, UseCase
from reviewapp.catalog.queries import managed_use_case
from reviewapp.catalog.rules import Stage, same_inputs
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import Conflict, Invalid, Problem
from reviewapp.lib.unique import refused_as

VERSION_LENGTH = 30


class ArtifactRefused(Invalid):
    """The artifact did not pass its audit, so it was not registered."""

    code = "artifact-refused"


class StageConflict(Conflict):
    """This version has moved on meanwhile. Look at it again."""

    code = "stage-conflict"


@dataclass(frozen=True, slots=True)
class Artifact:
    """An audited artifact, or nothing for a model that runs elsewhere."""

    name: str = ""
    digest: str = ""
    manifest: Mapping[str, Any] = field(default_factory=dict)


@durable
def create_model(*, use_case: UseCase, name: str, description: str = "", actor: Actor, at: datetime) -> Model:
    """Name a model of a use case.

    :raises NameTaken: :raises Invalid: for a bad name. :raises NotFound: without the right to manage.
    """
    locked = managed_use_case(actor, use_case.pk, lock=True)
    if faults := name_faults(name, "/name"):
        raise Invalid(faults[0].detail, errors=faults)
    if Model.objects.filter(name=name).exists():
        raise NameTaken
    with refused_as(NameTaken()):
        model = Model.objects.create(use_case=locked, name=name, description=description, created_at=at)
    audit.record("model.created", subject=model, actor=actor, at=at, data={"use_case": locked.slug, "name": name})
    return model


@durable
def register_version(
    *,
    model: Model,
    version: str,
    folder: Path | None = None,
    metrics: Mapping[str, Any] | None = None,
    lineage: Mapping[str, Any] | None = None,
    calibration_table: Mapping[str, Any] | None = None,
    actor: Actor,
    at: datetime,
) -> ModelVersion:
    """Register an immutable version; it serves nothing until it is promoted.

    :param folder: the artifact; every byte of it is held against its manifest, and it is copied to the artifact store. None for a
        model that runs elsewhere, of which `metrics`, `lineage` and `calibration_table` may be told instead.
    :raises ArtifactRefused: if a byte differs, a type is not approved, or its inputs or outcomes are not those of the use case.
    :raises NameTaken: :raises NotFound: without the right to manage.
    """
    use_case = managed_use_case(actor, model.use_case_id, lock=True)
    if not 1 <= len(version) <= VERSION_LENGTH or not version.isprintable() or "/" in version:
        raise Invalid("A version is 1 to 30 printable characters without a slash.", code="bad-version")
    if model.versions.filter(version=version).exists():
        raise NameTaken(f"{model.name} has a version {version} already.")
    artifact = _stored(folder, model, version) if folder else Artifact()
    manifest = artifact.manifest
    registered = ModelVersion.objects.create(
        model=model,
        version=version,
        schema=_schema_of(manifest, use_case),
        artifact=artifact.name,
        artifact_digest=artifact.digest,
        manifest=_without_table(manifest),
        metrics=manifest.get("metrics", metrics or {}),
        lineage=manifest.get("lineage", lineage or {}),
        calibration_table=manifest["calibration"]["table"] if manifest else dict(calibration_table or {}),
        registered_at=at,
        registered_by_id=actor.user_id,
    )
    data = {"model": model.name, "version": version, "artifact": artifact.digest or None}
    audit.record("model_version.registered", subject=registered, actor=actor, at=at, data=data)
    return registered


def _stored(folder: Path, model: Model, version: str) -> Artifact:
    """Copy the folder into the artifact store and audit the copy, so that nothing can change between the two.

    Imported here: it brings numpy, which no web process needs.
    """
    from inference.artifact import audit_artifact
    from inference.errors import InferenceError

    settings.ARTIFACT_DIR.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".registering-", dir=settings.ARTIFACT_DIR) as place:
        copied = Path(place) / "artifact"
        try:
            shutil.copytree(folder, copied, symlinks=True)
            audited = audit_artifact(copied)
        except (InferenceError, OSError) as error:
            raise ArtifactRefused(f"The artifact cannot be used: {error}") from error
        name = f"{model.name}-{version}-{audited.digest[:12]}"
        if not (settings.ARTIFACT_DIR / name).exists():
            copied.rename(settings.ARTIFACT_DIR / name)
    return Artifact(name, audited.digest, audited.manifest.to_json())


def _schema_of(manifest: Mapping[str, Any], use_case: UseCase) -> FeatureSchemaVersion:
    """The published schema with the inputs that the model takes: the very same one, else the newest with equal inputs."""
    schemas = list(use_case.schemas.order_by("-number"))
    if not schemas:
        raise ArtifactRefused("Publish the inputs of the use case first.", code="no-schema")
    if not manifest:
        return schemas[0]
    values = {str(outcome["value"]) for outcome in manifest["outcomes"]}
    if values != set(use_case.outcome_values):
        detail = f"The outcomes of the use case are {', '.join(use_case.outcome_values)}."
        raise ArtifactRefused(detail, errors=[Problem("/outcomes", "other_outcomes", detail)])
    by_digest = [schema for schema in schemas if schema.digest == manifest["schema_digest"]]
    equal = by_digest or [schema for schema in schemas if same_inputs(schema.body, manifest["schema"])]
    if not equal:
        detail = "No published schema of the use case has the inputs of this model. Publish its schema first."
        raise ArtifactRefused(detail, errors=[Problem("/schema", "other_inputs", detail)])
    return equal[0]


def _without_table(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The calibration table has a column of its own."""
    if not manifest:
        return {}
    return {**manifest, "calibration": {key: value for key, value in manifest["calibration"].items() if key != "table"}}


@durable
def promote(*, version: ModelVersion, actor: Actor, at: datetime) -> ModelVersion:
    """Make a version live; the one that was live is retired in the same moment. A retired one may come back.

    :raises StageConflict: if it is live already. :raises NotFound: without the right to manage.
    """
    row = _locked(version, actor=actor)
    if row.stage == Stage.LIVE:
        raise StageConflict(f"Version {row.version} is live already.")
    former = ModelVersion.objects.filter(model=row.model, stage=Stage.LIVE).first()
    if former is not None:
        _move(former, Stage.RETIRED, retired_at=at)
    data = {
        "model": row.model.name,
        "version": row.version,
        "from": row.stage,
        "former": former.version if former else None,
    }
    _move(row, Stage.LIVE, live_at=at, retired_at=None)
    audit.record("model_version.promoted", subject=row, actor=actor, at=at, data=data)
    return row


@durable
def retire(*, version: ModelVersion, actor: Actor, at: datetime) -> ModelVersion:
    """Take a version out of service. Without a live one, only predictions that come along are taken.

    :raises StageConflict: if it is retired already. :raises NotFound: without the right to manage.
    """
    row = _locked(version, actor=actor)
    if row.stage == Stage.RETIRED:
        raise StageConflict(f"Version {row.version} is retired already.")
    data = {"model": row.model.name, "version": row.version, "from": row.stage}
    _move(row, Stage.RETIRED, retired_at=at)
    audit.record("model_version.retired", subject=row, actor=actor, at=at, data=data)
    return row


def _locked(version: ModelVersion, *, actor: Actor) -> ModelVersion:
    """The row as it is now; changes of one use case's models go one at a time."""
    managed_use_case(actor, version.model.use_case_id, lock=True)
    return ModelVersion.objects.select_related("model").get(pk=version.pk)


def _move(row: ModelVersion, stage: Stage, **times: datetime | None) -> None:
    row.stage = stage
    for name, value in times.items():
        setattr(row, name, value)
    row.save(update_fields=["stage", *times])
