"""A small world of labels, built through the models, many rows at a time."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from inference.schema import FeatureSchema
from reviewapp.access.models import User
from reviewapp.access.rules import READ_LABELS
from reviewapp.catalog.models import FeatureSchemaVersion, Model, ModelVersion, UseCase, UseCaseUserPermission
from reviewapp.lib.canonical import digest
from reviewapp.predictions.models import Label, Prediction, Subject

START = datetime(2026, 3, 1, 9, 0, 0, 250_000, tzinfo=UTC)
SCHEMA: dict[str, Any] = {
    "features": [
        {"name": "obrat", "kind": "number", "label": "Debt-to-income", "unit": "%", "missing_allowed": True},
        {"name": "loan_amount", "kind": "integer", "label": "Loan amount"},
        {"name": "self_employed", "kind": "boolean", "label": "Self-employed"},
        {
            "name": "purpose",
            "kind": "category",
            "label": "Purpose",
            "categories": [{"value": value, "label": value} for value in ("home", "=HYPERLINK(1)", 'ｏｄｄ, "quoted"')],
        },
        {"name": "confidence", "kind": "number", "label": "A name Countersign has, too", "missing_allowed": True},
    ]
}
PURPOSES = ("home", "=HYPERLINK(1)", 'ｏｄｄ, "quoted"')


def use_case(slug: str) -> UseCase:
    made = UseCase.objects.create(
        slug=slug,
        name=slug.replace("-", " ").capitalize(),
        description="",
        subject_noun="applicant",
        case_noun="application",
        case_noun_plural="applications",
        outcome_kind="categorical",
        outcomes=[
            {"value": "approve", "label": "Approve", "adverse": False},
            {"value": "deny", "label": "Deny", "adverse": True},
        ],
        created_at=START,
    )
    schema = FeatureSchema.from_json(SCHEMA)
    FeatureSchemaVersion.objects.create(use_case=made, number=1, body=SCHEMA, digest=schema.digest, created_at=START)
    return made


def let_read(user: User, use_case: UseCase) -> None:
    UseCaseUserPermission.objects.assign_perm(READ_LABELS, user, use_case)


def model_version(use_case: UseCase, version: str = "3") -> ModelVersion:
    model, _ = Model.objects.get_or_create(
        use_case=use_case, name=f"{use_case.slug}-risk", defaults={"created_at": START}
    )
    schema = FeatureSchemaVersion.objects.get(use_case=use_case, number=1)
    return ModelVersion.objects.create(model=model, version=version, schema=schema, registered_at=START)


def make_labels(
    use_case: UseCase,
    n: int,
    *,
    version: ModelVersion | None = None,
    sender: User,
    subjects: Iterable[Subject] = (),
    seed: int = 0,
) -> list[Label]:
    """`n` labels with predictions; every fifth overrides the model. What they say depends on `seed` and their place alone."""
    version = version or ModelVersion.objects.filter(model__use_case=use_case).first() or model_version(use_case)
    last = Label.objects.order_by("-position").values_list("position", flat=True).first() or 0
    people = list(subjects)
    predictions, labels = [], []
    for place in range(n):
        number = seed * 1_000_000 + place
        features = _features(number)
        predicted = "deny" if place % 3 == 0 else "approve"
        prediction = _prediction(use_case, version, number, features, predicted, sender=sender)
        if people:
            prediction.subject = people[place % len(people)]
        predictions.append(prediction)
        labels.append(_label(prediction, version, last + place + 1, number, overrides=place % 5 == 0))
    Prediction.objects.bulk_create(predictions, batch_size=2_000)
    return Label.objects.bulk_create(labels, batch_size=2_000)


def _features(number: int) -> dict[str, Any]:
    return {
        "obrat": None if number % 7 == 0 else 20 + (number % 400) / 10,
        "loan_amount": -5 if number % 11 == 0 else 100 + number % 900,
        "self_employed": number % 2 == 0,
        "purpose": PURPOSES[number % 3],
        "confidence": number / 3,
    }


def _prediction(
    use_case: UseCase, version: ModelVersion, number: int, features: dict[str, Any], predicted: str, *, sender: User
) -> Prediction:
    return Prediction(
        use_case=use_case,
        external_id=f"APP-{number:09}",
        schema_id=version.schema_id,
        features=features,
        snapshot_digest=digest(features),
        model_version=version,
        brought_along=False,
        status="routed",
        outcome=predicted,
        probabilities={"approve": 0.4, "deny": 0.6},
        confidence=0.6 + number % 40 / 100,
        received_at=START,
        received_from=sender,
    )


def _label(prediction: Prediction, version: ModelVersion, position: int, number: int, *, overrides: bool) -> Label:
    other = "approve" if prediction.outcome == "deny" else "deny"
    return Label(
        position=position,
        decision_id=UUID(int=number + 1),
        use_case=prediction.use_case,
        prediction=prediction,
        snapshot_digest=prediction.snapshot_digest,
        features=prediction.features,
        predicted_outcome=prediction.outcome,
        outcome=other if overrides else prediction.outcome,
        agrees=not overrides,
        direction=("low-side" if other == "approve" else "high-side") if overrides else "",
        confidence=prediction.confidence,
        reason_codes=["-R1", "R2"] if overrides else [],
        reviewer=f"rv-{number % 3:016x}",
        model_version=version,
        model_name=version.model.name,
        model_version_name=version.version,
        policy_number=4,
        handle_seconds=12.5 + number % 60,
        selection_reason="uncertain" if number % 2 else "random",
        selection_probability=0.05 if number % 2 == 0 else 1.0,
        stratum="a" if number % 2 else "b",
        decided_at=START + timedelta(minutes=number % 100_000),
        created_at=START,
    )


def subject(use_case: UseCase, name: str) -> Subject:
    return Subject.objects.create(
        use_case=use_case,
        reference_mac=hashlib.sha256(name.encode()).digest(),
        data_key=b"k",
        identity=b"i",
        masked_name=name[:1],
        created_at=START,
    )
