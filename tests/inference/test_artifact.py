"""Model folders are untrusted: inspected and audited byte by byte before anything is built."""

import hashlib
import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from inference.artifact import BACKGROUNDS, MANIFEST, artifact_digest, audit_artifact, read_manifest, write_artifact
from inference.errors import ArtifactError, ArtifactTampered, ForeignType, ManifestInvalid, UnknownRuntime
from inference.predictor import load_predictor
from inference.schema import FeatureSchema

SCHEMA = FeatureSchema.from_json({"features": [{"name": "x", "kind": "number"}]})
OUTCOMES = [{"value": "no"}, {"value": "yes"}]
BUILT: list[str] = []


class Foreign(ClassifierMixin, BaseEstimator):
    """A type of nobody's list; building one would be noticed."""

    def fit(self, matrix, actual):
        self.classes_ = np.unique(actual)
        self.n_features_in_ = matrix.shape[1]
        return self

    def __setstate__(self, state):
        BUILT.append("built")
        self.__dict__.update(state)


class Bomb:
    def __reduce__(self):
        return BUILT.append, ("unpickled",)


def fitted(model):
    return model.fit(np.asarray([[0.0], [1.0], [2.0], [3.0]]), np.asarray(["no", "no", "yes", "yes"]))


@pytest.fixture
def folder(tmp_path) -> Path:
    write_artifact(tmp_path / "model", fitted(LogisticRegression()), SCHEMA, OUTCOMES)
    BUILT.clear()
    return tmp_path / "model"


def forge(folder: Path, data: bytes, **changes: object) -> None:
    """Replace the model and mend the digests, as someone who can write the whole folder would."""
    (folder / "model.skops").write_bytes(data)
    manifest = json.loads((folder / MANIFEST).read_bytes())
    manifest["files"]["model.skops"] = hashlib.sha256(data).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest | changes))


def test_an_artifact_is_three_files_and_reads_back(folder):
    assert sorted(path.name for path in folder.iterdir()) == [BACKGROUNDS, MANIFEST, "model.skops"]
    manifest = read_manifest(folder)
    assert manifest.schema == SCHEMA
    assert manifest.outcome_values == ("no", "yes")
    assert load_predictor(folder, digest=artifact_digest(folder)).predict([{"x": 3.0}])[0].outcome == "yes"


def test_trained_artifacts_survive_their_json_form(shelf, table, kind):
    manifest = read_manifest(shelf.folder(table, kind))
    assert type(manifest).from_json(json.loads(json.dumps(manifest.to_json()))) == manifest


@pytest.mark.parametrize("name", ["model.skops", BACKGROUNDS])
def test_a_changed_file_is_refused(folder, name):
    (folder / name).write_bytes((folder / name).read_bytes() + b" ")
    with pytest.raises(ArtifactTampered, match="differs from its digest"):
        load_predictor(folder)


@pytest.mark.parametrize("name", ["model.skops", BACKGROUNDS])
def test_a_missing_file_is_refused(folder, name):
    (folder / name).unlink()
    with pytest.raises(ArtifactTampered, match="is missing"):
        load_predictor(folder)


def test_a_stray_file_is_refused(folder):
    (folder / "extra.py").write_text("print()")
    with pytest.raises(ArtifactTampered, match=r"extra\.py"):
        load_predictor(folder)


def test_a_link_in_place_of_a_file_is_refused(folder, tmp_path):
    shutil.move(folder / "model.skops", tmp_path / "elsewhere")
    (folder / "model.skops").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArtifactTampered):
        load_predictor(folder)


def test_a_manifest_other_than_the_registered_one_is_refused(folder):
    registered = artifact_digest(folder)
    manifest = json.loads((folder / MANIFEST).read_bytes())
    (folder / MANIFEST).write_text(json.dumps(manifest | {"metrics": {"auc": 1.0}}))
    assert load_predictor(folder)
    with pytest.raises(ArtifactTampered, match="registered"):
        load_predictor(folder, digest=registered)


def test_a_model_of_a_foreign_type_is_neither_written_nor_loaded(folder, tmp_path):
    with pytest.raises(ForeignType, match="Foreign"):
        write_artifact(tmp_path / "other", fitted(Foreign()), SCHEMA, OUTCOMES)
    assert not (tmp_path / "other").exists()
    forge(folder, skops.io.dumps(fitted(Foreign())))
    with pytest.raises(ForeignType, match="Foreign"):
        audit_artifact(folder)
    assert BUILT == []


def test_a_manifest_cannot_approve_a_foreign_type_itself(folder):
    forge(folder, skops.io.dumps(fitted(Foreign())), types=[f"{Foreign.__module__}.Foreign"])
    with pytest.raises(ForeignType):
        load_predictor(folder)
    assert BUILT == []


def test_a_pipeline_that_calls_a_function_of_choice_is_refused(folder):
    harmful = fitted(
        make_pipeline(FunctionTransformer(shutil.disk_usage, check_inverse=False), LogisticRegression())[1:]
    )
    harmful.steps.insert(0, ("call", FunctionTransformer(shutil.rmtree)))
    forge(folder, skops.io.dumps(harmful))
    with pytest.raises(ForeignType):
        load_predictor(folder)


def test_a_pickle_is_never_opened(folder):
    forge(folder, pickle.dumps(Bomb()))
    with pytest.raises(ArtifactError, match="skops"):
        load_predictor(folder)
    assert BUILT == []


def test_a_model_of_other_columns_or_outcomes_is_refused(folder):
    three = LogisticRegression().fit(np.asarray([[0.0], [1.0], [2.0]]), ["a", "b", "c"])
    forge(folder, skops.io.dumps(three))
    with pytest.raises(ArtifactError, match="2 outcomes"):
        load_predictor(folder)
    two_columns = LogisticRegression().fit(np.eye(2), ["no", "yes"])
    forge(folder, skops.io.dumps(two_columns))
    with pytest.raises(ArtifactError, match="2 columns"):
        load_predictor(folder)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"format": 2}, ManifestInvalid),
        ({"runtime": "pickle"}, UnknownRuntime),
        ({"runtime": "../sklearn"}, UnknownRuntime),
        ({"schema": {"features": []}}, ManifestInvalid),
        ({"encoding": {"precision": "float32", "encoders": [{"kind": "eval"}]}}, ManifestInvalid),
        ({"encoding": {"precision": "float16", "encoders": []}}, ManifestInvalid),
        ({"calibration": {"method": "guess"}}, ManifestInvalid),
        (
            {"calibration": {"method": "platt", "n": 1, "outcomes": ["a", "b"], "maps": [], "table": {}}},
            ManifestInvalid,
        ),
        ({"files": {"../../etc/passwd": "0"}}, ManifestInvalid),
        ({"files": None}, ManifestInvalid),
    ],
)
def test_a_manifest_that_is_not_well_formed_is_refused(folder, changes, error):
    manifest = json.loads((folder / MANIFEST).read_bytes())
    (folder / MANIFEST).write_text(json.dumps(manifest | changes))
    with pytest.raises(error):
        load_predictor(folder)


@pytest.mark.parametrize("written", [b"", b"[]", b"{", b"[" * 100_000, b"\xff\xfe"])
def test_a_manifest_that_is_no_json_object_is_refused(folder, written):
    (folder / MANIFEST).write_bytes(written)
    with pytest.raises(ManifestInvalid):
        read_manifest(folder)


def test_a_folder_without_a_manifest_is_refused(tmp_path):
    with pytest.raises(ManifestInvalid):
        load_predictor(tmp_path)


@pytest.mark.parametrize(("kind", "name"), [("xgboost", "model.json"), ("lightgbm", "model.txt")])
@pytest.mark.parametrize("data", [b"", b"{}", b"tree\n", b"\x80\x04K\x01."])
def test_a_native_file_that_is_something_else_is_refused(shelf, tmp_path, kind, name, data):
    shutil.copytree(shelf.folder("loans", kind), tmp_path / "copy")
    (tmp_path / "copy" / name).write_bytes(data)
    manifest = json.loads((tmp_path / "copy" / MANIFEST).read_bytes())
    manifest["files"][name] = hashlib.sha256(data).hexdigest()
    (tmp_path / "copy" / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError):
        load_predictor(tmp_path / "copy")


def test_an_artifact_is_never_written_over(folder):
    with pytest.raises(ArtifactError, match="exists already"):
        write_artifact(folder, fitted(LogisticRegression()), SCHEMA, OUTCOMES)


def test_outcomes_that_are_not_the_models_classes_are_refused(tmp_path):
    with pytest.raises(ArtifactError, match="classes"):
        write_artifact(tmp_path / "model", fitted(LogisticRegression()), SCHEMA, [{"value": "a"}, {"value": "b"}])


def test_outcomes_are_kept_in_the_order_of_the_models_classes(tmp_path):
    manifest = write_artifact(tmp_path / "model", fitted(LogisticRegression()), SCHEMA, OUTCOMES[::-1])
    assert manifest.outcome_values == ("no", "yes")


def test_an_object_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(UnknownRuntime):
        write_artifact(tmp_path / "model", object(), SCHEMA, OUTCOMES)
