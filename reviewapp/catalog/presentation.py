"""What the pages of models show, as their templates want it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from inference.schema import FeatureSchema
from reviewapp.catalog.models import ModelVersion
from reviewapp.catalog.rules import Stage

STAGE_WORDS = {
    Stage.REGISTERED: ("registered", ""),
    Stage.LIVE: ("live", "on"),
    Stage.RETIRED: ("retired", ""),
}
METHODS = {"platt": "Platt scaling", "isotonic": "isotonic regression", "none": ""}
PARTS = {"total": "in all", "train": "trained on", "calibration": "calibrated on", "test": "tested on"}


def version_row(version: ModelVersion) -> dict[str, Any]:
    """One line of the list of versions."""
    text, kind = STAGE_WORDS[Stage(version.stage)]
    metrics = version.metrics
    return {
        "id": version.pk,
        "version": version.version,
        "stage": text,
        "kind": kind,
        "auc": _decimal(metrics.get("auc")),
        "accuracy": _percent(metrics.get("accuracy")),
        "error": _percent(metrics.get("ece_after")),
        "n": _count(metrics.get("n")),
        "registered_at": version.registered_at,
        "live_at": version.live_at,
    }


def version_page(version: ModelVersion) -> dict[str, Any]:
    """Everything on the page of one version; its schema and manifest are loaded."""
    schema = FeatureSchema.from_json(version.schema.body)
    text, kind = STAGE_WORDS[Stage(version.stage)]
    return {
        "stage": text,
        "kind": kind,
        "figures": _figures(version.metrics),
        "calibration": _calibration(version.metrics),
        "about": _about(version),
        "lineage": _lineage(version.lineage, {one.name: one.label for one in schema.features}),
        "parameters": _pairs(version.lineage.get("parameters")),
        "libraries": _pairs(version.lineage.get("libraries")),
        "inputs": [
            {"label": one.label, "name": one.name, "kind": str(one.kind), "unit": one.unit, "group": one.group}
            for one in schema.features
            if not one.protected
        ],
        "protected": protected_labels(schema),
    }


def protected_labels(schema: FeatureSchema) -> list[str]:
    """What the model is not told, each once. A value in brackets, "Race (Black)", is left out: it would read as this person's."""
    return list(dict.fromkeys(feature.label.split(" (")[0] for feature in schema.features if feature.protected))


def _figures(metrics: Mapping[str, Any]) -> list[dict[str, str]]:
    n = f"on {_count(metrics['n'])} test cases" if "n" in metrics else ""
    known = [
        ("AUC", _decimal(metrics.get("auc")), f"how well it ranks, {n}".rstrip(", ")),
        ("Accuracy", _percent(metrics.get("accuracy")), n),
        ("Calibration error", _percent(metrics.get("ece_after")), f"{n}, after calibration".lstrip(", ")),
        ("Brier score", _decimal(metrics.get("brier_after")), "0 is perfect"),
        ("Log loss", _decimal(metrics.get("log_loss")), "0 is perfect"),
    ]
    return [{"label": label, "value": value, "note": note} for label, value, note in known if value]


def _calibration(metrics: Mapping[str, Any]) -> dict[str, Any] | None:
    """Before and after, with the numbers of cases behind it; None where nothing is known."""
    rows = [
        {"label": label, "before": show(metrics.get(f"{name}_before")), "after": show(metrics.get(f"{name}_after"))}
        for name, label, show in (("ece", "Calibration error", _percent), ("brier", "Brier score", _decimal))
    ]
    rows = [row for row in rows if row["before"] or row["after"]]
    fitted = _mapping(metrics.get("calibration"))
    if not rows:
        return None
    return {
        "rows": rows,
        "method": _method(fitted),
        "fitted_on": _count(fitted.get("n")),
        "n": _count(metrics.get("n")),
    }


def _about(version: ModelVersion) -> list[dict[str, Any]]:
    rows: list[tuple[str, Any, str]] = [
        ("Use case", version.model.use_case.name, "text"),
        (
            "Runs",
            f"here, by {version.manifest['runtime']}" if version.manifest else "elsewhere; predictions are sent along",
            "text",
        ),
        ("Artifact, SHA-256", version.artifact_digest, "code"),
        ("Inputs", f"schema {version.schema.number}", "text"),
        ("Inputs, SHA-256", version.schema.digest, "code"),
        ("Calibrated by", _method(_mapping(version.manifest.get("calibration"))), "text"),
        ("Registered", version.registered_at, "at"),
        ("Registered by", version.registered_by.display_name if version.registered_by else "the command line", "text"),
        ("Live since" if version.stage == Stage.LIVE else "Went live", version.live_at, "at"),
        ("Retired", version.retired_at, "at"),
    ]
    return [{"term": term, kind: value} for term, value, kind in rows if value]


def _lineage(lineage: Mapping[str, Any], labels: Mapping[str, str]) -> list[dict[str, Any]]:
    rows, outcomes = _mapping(lineage.get("rows")), _mapping(lineage.get("outcomes"))
    known: list[tuple[str, Any, str]] = [
        ("Data, SHA-256", lineage.get("data_digest"), "code"),
        ("Rows", ", ".join(f"{_count(rows[part])} {words}" for part, words in PARTS.items() if part in rows), "text"),
        ("Outcomes", ", ".join(f"{_count(n)} {name}" for name, n in outcomes.items()), "text"),
        ("Method", lineage.get("kind"), "text"),
        ("Held to its direction", ", ".join(labels.get(name, name) for name in lineage.get("monotone") or ()), "text"),
        ("Seed", lineage.get("seed"), "text"),
        ("Split by", lineage.get("split_by"), "text"),
        ("Python", lineage.get("python"), "text"),
        ("Trained at", _moment(lineage.get("trained_at")), "at"),
    ]
    return [{"term": term, kind: value} for term, value, kind in known if value not in (None, "")]


def _pairs(values: Any) -> list[dict[str, str]]:
    return [{"term": str(name), "text": str(value)} for name, value in sorted(_mapping(values).items())]


def _mapping(value: Any) -> Mapping[str, Any]:
    """What was told at registration may be anything."""
    return value if isinstance(value, Mapping) else {}


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def _method(calibration: Mapping[str, Any]) -> str:
    name = str(calibration.get("method", ""))
    return METHODS.get(name, name)


def _decimal(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, int | float) else ""


def _percent(value: Any) -> str:
    return f"{100 * value:.1f} %" if isinstance(value, int | float) else ""


def _count(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else ""
