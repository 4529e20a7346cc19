"""A model as a folder of files that is inspected and audited before anything is built from it.

    manifest.json       what the model is, with the SHA-256 of every other file
    model.skops         or model.json (XGBoost), model.txt (LightGBM)
    backgrounds.json    the cases an interventional explanation compares with

Nothing is ever unpickled. Loading goes `read_manifest` (inspect), `audit_artifact` (digests, no stray files, type names
on a fixed list), and only then do the runtimes construct a model, from the very bytes that were audited.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inference.calibration import Calibration, uncalibrated
from inference.encoding import Encoding
from inference.errors import ArtifactError, ArtifactTampered, ForeignType, ManifestInvalid, SchemaError
from inference.runtimes import Runtime, runtime_named, runtime_of
from inference.schema import FeatureSchema

FORMAT = 1
MANIFEST = "manifest.json"
BACKGROUNDS = "backgrounds.json"
LARGEST_MANIFEST = 16 * 2**20
LARGEST_FILE = 512 * 2**20


@dataclass(frozen=True)
class Manifest:
    """`outcomes` are in the order of the model's classes."""

    runtime: str
    files: Mapping[str, str]
    types: tuple[str, ...]
    schema: FeatureSchema
    encoding: Encoding
    outcomes: tuple[Mapping[str, Any], ...]
    calibration: Calibration
    profile: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    lineage: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)

    @property
    def outcome_values(self) -> tuple[str, ...]:
        return tuple(str(outcome["value"]) for outcome in self.outcomes)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Manifest:
        """:raises ManifestInvalid: a field is missing, of the wrong shape, or of another format."""
        if data.get("format") != FORMAT:
            raise ManifestInvalid(f"The manifest is of format {data.get('format')!r}; {FORMAT} is understood.")
        try:
            return cls(
                runtime=str(data["runtime"]),
                files={str(name): str(digest) for name, digest in data["files"].items()},
                types=tuple(data["types"]),
                schema=FeatureSchema.from_json(data["schema"]),
                encoding=Encoding.from_json(data["encoding"]),
                outcomes=tuple(data["outcomes"]),
                calibration=Calibration.from_json(data["calibration"]),
                profile=data["profile"],
                lineage=data["lineage"],
                metrics=data["metrics"],
            )
        except (KeyError, TypeError, AttributeError, SchemaError) as error:
            raise ManifestInvalid(f"The manifest cannot be read: {error}") from error

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "runtime": self.runtime,
            "files": dict(self.files),
            "types": list(self.types),
            "schema": self.schema.to_json(),
            "schema_digest": self.schema.digest,
            "encoding": self.encoding.to_json(),
            "outcomes": [dict(outcome) for outcome in self.outcomes],
            "calibration": self.calibration.to_json(),
            "profile": dict(self.profile),
            "lineage": dict(self.lineage),
            "metrics": dict(self.metrics),
        }


@dataclass(frozen=True)
class AuditedArtifact:
    """What passed the audit, with the bytes that passed it."""

    manifest: Manifest
    digest: str
    contents: Mapping[str, bytes]
    runtime: Runtime


def write_artifact(
    folder: Path,
    model: object,
    schema: FeatureSchema,
    outcomes: Sequence[Mapping[str, Any]],
    *,
    encoding: Encoding | None = None,
    calibration: Calibration | None = None,
    backgrounds: Mapping[str, Mapping[str, Any]] | None = None,
    profile: Mapping[str, Mapping[str, float | None]] | None = None,
    lineage: Mapping[str, Any] | None = None,
    metrics: Mapping[str, Any] | None = None,
) -> Manifest:
    """Write a fitted model as a new folder, whole or not at all.

    :param outcomes: in the order of the model's classes, or any order where their values are the classes themselves.
    :param backgrounds: by key, `{"name": ..., "n": ..., "rows": [[...]]}` of encoded rows, None where not recorded.
    :raises ArtifactError: the folder exists, the model is of no known kind, or the outcomes are not its classes.
    """
    runtime = runtime_of(model)
    ordered = _ordered(outcomes, runtime.classes(model))
    contents = {runtime.FILE: runtime.dump(model)}
    contents[BACKGROUNDS] = _canonical(backgrounds or {})
    values = tuple(str(outcome["value"]) for outcome in ordered)
    manifest = Manifest(
        runtime=runtime.NAME,
        files={name: _sha256(data) for name, data in contents.items()},
        types=tuple(sorted(runtime.type_names(contents[runtime.FILE]))),
        schema=schema,
        encoding=encoding or Encoding.of_schema(schema),
        outcomes=ordered,
        calibration=calibration or uncalibrated(values),
        profile=profile or {},
        lineage=lineage or {},
        metrics=metrics or {},
    )
    _refuse_foreign(manifest, runtime, contents[runtime.FILE])
    _write(folder, {**contents, MANIFEST: _canonical(manifest.to_json())})
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Inspect only: nothing is checked against the other files and no model is built.

    :raises ManifestInvalid: there is none, or it cannot be read.
    """
    return Manifest.from_json(_parse(_manifest_bytes(folder)))


def artifact_digest(folder: Path) -> str:
    """SHA-256, in hex, of the manifest, which itself holds the digest of every other file."""
    return _sha256(_manifest_bytes(folder))


def audit_artifact(folder: Path, *, digest: str | None = None) -> AuditedArtifact:
    """Check every byte and every type name before anything is built.

    :param digest: the artifact digest recorded when the model was registered, where there is one.
    :raises ManifestInvalid: the manifest cannot be read.
    :raises ArtifactTampered: a file was changed, removed or added.
    :raises ForeignType: the model file names a type that is not approved.
    """
    written = _manifest_bytes(folder)
    if digest is not None and _sha256(written) != digest:
        raise ArtifactTampered("The manifest is not the one that was registered.")
    manifest = Manifest.from_json(_parse(written))
    runtime = runtime_named(manifest.runtime)
    if set(manifest.files) != {runtime.FILE, BACKGROUNDS}:
        raise ManifestInvalid(f"A {runtime.NAME} artifact has the files {runtime.FILE} and {BACKGROUNDS}, no others.")
    _refuse_strays(folder, manifest)
    contents = {name: _audited(folder / name, wanted) for name, wanted in manifest.files.items()}
    _refuse_foreign(manifest, runtime, contents[runtime.FILE])
    return AuditedArtifact(manifest, _sha256(written), contents, runtime)


def _ordered(outcomes: Sequence[Mapping[str, Any]], classes: Sequence[str] | None) -> tuple[Mapping[str, Any], ...]:
    """Outcomes in the order of the model's classes, which may be their values or plain positions."""
    by_value = {str(outcome["value"]): outcome for outcome in outcomes}
    positions = [str(i) for i in range(len(outcomes))]
    if classes is None or (list(classes) == positions and set(positions) != set(by_value)):
        return tuple(outcomes)
    if set(classes) != set(by_value):
        raise ArtifactError(f"The model's classes are {list(classes)}, the outcomes {list(by_value)}.")
    return tuple(by_value[name] for name in classes)


def _write(folder: Path, contents: Mapping[str, bytes]) -> None:
    if folder.exists():
        raise ArtifactError(f"{folder.name} exists already; an artifact is never written over.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, data in contents.items():
            (unfinished / name).write_bytes(data)
        unfinished.chmod(0o755)
        unfinished.rename(folder)
    except OSError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise ArtifactError(f"{folder.name} could not be written: {error.strerror}.") from error


def _manifest_bytes(folder: Path) -> bytes:
    path = folder / MANIFEST
    if path.is_symlink() or not path.is_file():
        raise ManifestInvalid(f"{folder.name} has no {MANIFEST}.")
    if path.stat().st_size > LARGEST_MANIFEST:
        raise ManifestInvalid(f"{MANIFEST} is larger than {LARGEST_MANIFEST} bytes.")
    return path.read_bytes()


def _parse(written: bytes) -> Mapping[str, Any]:
    try:
        data = json.loads(written)
    except (ValueError, RecursionError) as error:
        raise ManifestInvalid(f"{MANIFEST} is not JSON.") from error
    if not isinstance(data, dict):
        raise ManifestInvalid(f"{MANIFEST} is not a JSON object.")
    return data


def _refuse_strays(folder: Path, manifest: Manifest) -> None:
    strays = {path.name for path in folder.iterdir()} - {MANIFEST, *manifest.files}
    if strays:
        raise ArtifactTampered(f"“{min(strays)}” is not in the manifest.")


def _audited(path: Path, wanted: str) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise ArtifactTampered(f"{path.name} is missing.")
    if path.stat().st_size > LARGEST_FILE:
        raise ArtifactTampered(f"{path.name} is larger than {LARGEST_FILE} bytes.")
    data = path.read_bytes()
    if _sha256(data) != wanted:
        raise ArtifactTampered(f"{path.name} differs from its digest in the manifest.")
    return data


def _refuse_foreign(manifest: Manifest, runtime: Runtime, data: bytes) -> None:
    """The manifest may only narrow the fixed list of the runtime, never widen it."""
    found = set(runtime.type_names(data))
    foreign = (found | set(manifest.types)) - runtime.APPROVED_TYPES
    undeclared = found - set(manifest.types)
    if foreign or undeclared:
        raise ForeignType(f"The model asks for the type “{min(foreign or undeclared)}”, which is not approved.")


def _canonical(data: object) -> bytes:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
