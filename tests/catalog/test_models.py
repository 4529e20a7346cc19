"""Registering, promoting and retiring model versions; one of them is live at a time, and intake sees it at once."""

import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from reviewapp.audit.models import AuditEvent
from reviewapp.catalog.models import ModelVersion
from reviewapp.catalog.queries import bundles_for
from reviewapp.catalog.registering import (
    ArtifactRefused,
    NameTaken,
    StageConflict,
    create_model,
    promote,
    register_version,
    retire,
)
from reviewapp.lib.errors import Invalid, NotFound
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def _register(office, user, version="1", folder: Path | None = None):
    actor = factories.actor_of(user)
    model = office.use_case.models.filter(name="credit-risk").first()
    model = model or create_model(use_case=office.use_case, name="credit-risk", actor=actor, at=factories.now())
    return register_version(model=model, version=version, folder=folder, actor=actor, at=factories.now())


def _promote(version, user):
    return promote(version=version, actor=factories.actor_of(user), at=factories.now())


def _bundle(office):
    return bundles_for(factories.actor_of(office.sender), [office.use_case.slug])[office.use_case.slug]


def test_registering_keeps_the_audited_bytes_and_what_the_manifest_says(office, ada, artifact):
    version = _register(office, ada, folder=artifact)
    stored = settings.ARTIFACT_DIR / version.artifact
    assert sorted(path.name for path in stored.iterdir()) == sorted(path.name for path in artifact.iterdir())
    assert (version.stage, version.schema.number, version.metrics["n"]) == (
        "registered",
        1,
        version.lineage["rows"]["test"],
    )
    assert version.lineage["rows"]["total"] == 600
    assert set(version.calibration_table) == {"outcomes", "actual", "probability"}
    assert "table" not in version.manifest["calibration"]
    event = AuditEvent.objects.get(action="model_version.registered")
    assert event.data == {"model": "credit-risk", "version": "1", "artifact": version.artifact_digest}


def test_a_changed_byte_is_refused_and_leaves_nothing(office, ada, artifact, tmp_path):
    copied = tmp_path / "changed"
    shutil.copytree(artifact, copied)
    with (copied / "backgrounds.json").open("a") as file:
        file.write(" ")
    with pytest.raises(ArtifactRefused, match="differs from its digest"):
        _register(office, ada, folder=copied)
    assert not ModelVersion.objects.exists()
    assert list(settings.ARTIFACT_DIR.iterdir()) == []


def test_a_model_of_other_inputs_or_outcomes_is_refused(office, ada, artifact):
    actor = factories.actor_of(ada)
    for slug, changes in (
        ("fewer-inputs", {"schema": {"features": factories.LOAN_SCHEMA["features"][:3]}}),
        ("other-outcomes", {"outcomes": factories.TRIAGE_OUTCOMES}),
    ):
        use_case = factories.make_use_case(slug, **changes)
        factories.grant(ada, "manage_use_case", use_case)
        model = create_model(use_case=use_case, name=slug, actor=actor, at=factories.now())
        with pytest.raises(ArtifactRefused):
            register_version(model=model, version="1", folder=artifact, actor=actor, at=factories.now())


def test_new_words_in_the_schema_do_not_keep_an_older_model_out(office, ada, artifact):
    features = [dict(feature, label=f"{feature['label']}, new") for feature in factories.LOAN_SCHEMA["features"]]
    use_case = factories.make_use_case("renamed", schema={"features": features})
    factories.grant(ada, "manage_use_case", use_case)
    actor = factories.actor_of(ada)
    model = create_model(use_case=use_case, name="renamed", actor=actor, at=factories.now())
    version = register_version(model=model, version="1", folder=artifact, actor=actor, at=factories.now())
    assert version.schema == use_case.schemas.get()


def test_a_version_is_registered_once(office, ada):
    _register(office, ada)
    with pytest.raises(NameTaken):
        _register(office, ada)
    for bad in ("", "x" * 31, "a/b", "a\nb"):
        with pytest.raises(Invalid):
            _register(office, ada, version=bad)


def test_who_may_not_manage_registers_and_promotes_nothing(office, ada, mel):
    version = _register(office, ada)
    for refused in (lambda: _register(office, mel, version="2"), lambda: _promote(version, mel)):
        with pytest.raises(NotFound):
            refused()
    assert not AuditEvent.objects.filter(actor_id=mel.pk).exists()
    assert _bundle(office).live is None


def test_promoting_retires_the_former_and_intake_sees_it_at_the_next_request(office, ada):
    first, second = _register(office, ada), _register(office, ada, version="2")
    assert set(_bundle(office).versions) == {("credit-risk", "1"), ("credit-risk", "2")}
    _promote(first, ada)
    assert _bundle(office).live.version == "1"
    _promote(second, ada)
    assert _bundle(office).live.version == "2"
    assert set(_bundle(office).versions) == {("credit-risk", "2"), ("credit-risk", None)}
    first.refresh_from_db()
    assert (first.stage, first.retired_at is None) == ("retired", False)
    event = AuditEvent.objects.filter(action="model_version.promoted").order_by("-pk").first()
    assert event.data == {"model": "credit-risk", "version": "2", "from": "registered", "former": "1"}


def test_an_earlier_version_can_come_back(office, ada):
    first, second = _register(office, ada), _register(office, ada, version="2")
    _promote(first, ada)
    _promote(second, ada)
    _promote(first, ada)
    assert [v.stage for v in ModelVersion.objects.order_by("version")] == ["live", "retired"]
    assert _bundle(office).live.version == "1"
    with pytest.raises(StageConflict):
        _promote(first, ada)


def test_retiring_a_version_that_only_waits_is_seen_by_intake(office, ada):
    version = _register(office, ada)
    assert ("credit-risk", "1") in _bundle(office).versions
    retire(version=version, actor=factories.actor_of(ada), at=factories.now())
    assert _bundle(office).versions == {}
    with pytest.raises(StageConflict):
        retire(version=version, actor=factories.actor_of(ada), at=factories.now())


def test_the_command_registers_and_lets_serve(office, artifact, capsys):
    call_command("register_model", office.use_case.slug, "credit-risk", "7", artifact, "--live")
    assert "credit-risk 7 is live" in capsys.readouterr().out
    assert _bundle(office).live.has_artifact
    with pytest.raises(CommandError, match="no use case"):
        call_command("register_model", "nothing", "credit-risk", "7", artifact)
    with pytest.raises(CommandError, match=r"manifest\.json"):
        call_command("register_model", office.use_case.slug, "credit-risk", "8", artifact.parent)
