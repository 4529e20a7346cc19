"""People, use cases and cases for tests, made through the actions that make them in life."""

import os
import random
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from django.contrib.auth.models import Group, Permission
from guardian.utils import get_user_obj_perms_model

from inference.schema import FeatureSchema
from reviewapp.access.models import ApiKey, User
from reviewapp.access.rules import (
    LEAD_QUEUE,
    READ_LABELS,
    READ_PREDICTIONS,
    SUBMIT,
    VIEW_QUEUE,
    WORK_QUEUE,
    Role,
    Scope,
)
from reviewapp.cases.models import BlindAnswer, Case, Queue
from reviewapp.catalog.models import FeatureSchemaVersion, Model, ModelVersion, ReasonCode, UseCase
from reviewapp.catalog.queries import bundles_for
from reviewapp.intake.actions import receive
from reviewapp.intake.reading import read_item
from reviewapp.lib.actor import HUMAN, SERVICE, Actor
from reviewapp.policies.models import PolicyVersion
from reviewapp.quality.models import QaAnswer, QaSample

PASSWORD = os.environ["SECRET_KEY"][:20]  # made for this run, and the same in every worker of it
_numbers = count(1)


def _feature(name: str, kind: str, label: str, group: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": kind, "label": label, "group": group, "missing_allowed": True, **more}


LOAN_SCHEMA = {
    "features": [
        _feature("income", "number", "Monthly income", "Income", unit="$", min=0, max=1_000_000, direction=-1),
        _feature(
            "debt_ratio", "number", "Debt-to-income", "Income", unit="%", min=0, max=500, direction=1,
            reference={"high": 36, "text": "guideline up to 36 %"},
        ),
        _feature("loan_amount", "number", "Loan amount", "Loan", unit="$", min=0, max=10_000_000),
        _feature("late_payments", "integer", "Late payments", "History", min=0, max=100),
        _feature("insured", "boolean", "Insured", "Loan"),
        _feature("married", "boolean", "Married", "Person", protected=True),
    ]
}  # fmt: skip
LOAN_OUTCOMES = [
    {"value": "approve", "label": "Approve", "adverse": False, "past": "approved"},
    {"value": "deny", "label": "Deny", "adverse": True, "past": "denied"},
]
TRIAGE_OUTCOMES = [
    {"value": str(level), "label": f"{level} {name}", "adverse": level <= 2}
    for level, name in enumerate(["Immediate", "Very urgent", "Urgent", "Standard", "Non-urgent"], start=1)
]
FEATURES = {
    "income": 4150.5,
    "debt_ratio": 41.2,
    "loan_amount": 128_000,
    "late_payments": 1,
    "insured": True,
    "married": None,
}


def now() -> datetime:
    return datetime.now(UTC)


def make_user(username: str, *roles: Role, is_service: bool = False) -> User:
    user = User(username=username, display_name=username.capitalize(), is_service=is_service, created_at=now())
    user.set_password(PASSWORD)
    user.save()
    holds = User.groups.through
    holds.objects.bulk_create(holds(user=user, group=_group(role)) for role in roles)
    return user


@cache
def _group(role: Role) -> Group:
    return Group.objects.get(name=role)


def actor_of(user: User) -> Actor:
    roles = frozenset(user.groups.values_list("name", flat=True))
    return Actor(kind=SERVICE if user.is_service else HUMAN, user_id=user.pk, name=user.username, roles=roles)


def make_key(owner: User, *scopes: Scope, expires_in: timedelta = timedelta(days=1)) -> str:
    """A working API key; returns the secret."""
    import hashlib

    prefix = secrets.token_hex(4)
    token = f"csk_{prefix}_{secrets.token_urlsafe(32)}"
    ApiKey.objects.create(
        owner=owner, name="test", prefix=prefix, digest=hashlib.sha256(token.encode()).digest(), scopes=list(scopes),
        created_at=now() - timedelta(hours=1), expires_at=now() + expires_in,
    )  # fmt: skip
    return token


def make_use_case(
    slug: str = "loans",
    *,
    outcomes: list[dict[str, Any]] = LOAN_OUTCOMES,
    schema: dict[str, Any] = LOAN_SCHEMA,
    kind: str = "categorical",
) -> UseCase:
    use_case = UseCase.objects.create(
        slug=slug, name=slug.capitalize(), description="Made for a test", subject_noun="applicant", case_noun="application",
        case_noun_plural="applications", outcome_kind=kind, outcomes=outcomes, summary_features=["loan_amount"], created_at=now(),
    )  # fmt: skip
    parsed = FeatureSchema.from_json(schema)
    FeatureSchemaVersion.objects.create(
        use_case=use_case, number=1, body=parsed.to_json(), digest=parsed.digest, created_at=now()
    )
    codes = [("R01", "Debts too high for the income", ["debt_ratio"]), ("R02", "Income too low", ["income"])]
    ReasonCode.objects.bulk_create(
        ReasonCode(
            use_case=use_case, code=code, text=text, subject_text=f"{text}.", features=features, position=position
        )
        for position, (code, text, features) in enumerate(codes)
    )
    return use_case


def make_queue(use_case: UseCase, slug: str | None = None, **settings: Any) -> Queue:
    slug = slug or use_case.slug
    return Queue.objects.create(use_case=use_case, slug=slug, name=slug.replace("-", " ").capitalize(), **settings)


def make_policy(use_case: UseCase, queue: Queue, **changes: Any) -> PolicyVersion:
    body = {
        "rules": [],
        "always_review": ["deny"] if "deny" in use_case.outcome_values else [],
        "confidence_threshold": 0.95,
        "qa_share": 0.0,
        "default": {"queue": queue.slug, "priority": 0},
    } | changes
    number = use_case.policy_versions.count() + 1
    return PolicyVersion.objects.create(
        use_case=use_case, number=number, body=body, digest=f"{number:064}", reason="for a test", published_at=now()
    )


def make_model(use_case: UseCase, name: str = "credit-risk", version: str = "1") -> ModelVersion:
    """A registered version that runs elsewhere."""
    model, _ = Model.objects.get_or_create(use_case=use_case, name=name, defaults={"created_at": now()})
    return ModelVersion.objects.create(model=model, version=version, schema=use_case.schemas.get(), registered_at=now())


NAMED = {"model": "credit-risk", "model_version": "1"}  # how a prediction names what `registered` registers


def train_model(folder: Path) -> Path:
    """A small model of the office's use case, as an artifact in a new folder: debts count, and little else does."""
    from inference.training import train

    draw = random.Random(1)
    rows = [
        {
            "income": draw.uniform(1_000, 9_000),
            "debt_ratio": draw.uniform(5, 80),
            "loan_amount": draw.uniform(20_000, 400_000),
            "late_payments": draw.randrange(5),
            "insured": draw.random() < 0.5,
        }
        for _ in range(600)
    ]
    actual = ["deny" if row["debt_ratio"] + draw.gauss(0, 15) > 45 else "approve" for row in rows]
    train(rows, actual, FeatureSchema.from_json(LOAN_SCHEMA), LOAN_OUTCOMES, folder, kind="sklearn-logistic")
    return folder


@dataclass
class Office:
    """A use case with its queues, and the people and keys around it."""

    use_case: UseCase
    queue: Queue
    lead_queue: Queue
    sender: User

    def send(self, **changes: Any) -> Case:
        """Receive one prediction that the policy sends to a person; returns its case."""
        raw, actor = prediction_body(self.use_case.slug, **changes), actor_of(self.sender)
        bundle = bundles_for(actor, [self.use_case.slug])[self.use_case.slug]
        receipt = receive(item=read_item(raw, bundle), actor=actor, at=now())
        return Case.objects.get(pk=receipt.case_id)


def prediction_body(use_case: str = "loans", **changes: Any) -> dict[str, Any]:
    """A prediction that came along with its explanation, as a client sends it."""
    body: dict[str, Any] = {
        "use_case": use_case,
        "external_id": f"APP-{next(_numbers):06}",
        "subject": {
            "reference": "CUST-88",
            "name": "Zora Quill",
            "date_of_birth": "1980-02-29",
            "contact": "zora@example.org",
        },
        "features": dict(FEATURES),
        "prediction": {"outcome": "deny", "probabilities": {"approve": 0.27, "deny": 0.73}},
        "explanation": {
            "method": "tree-shap",
            "output_space": "log_odds",
            "base_value": -0.3,
            "contributions": {"debt_ratio": 0.9, "income": 0.394622, "loan_amount": 0.0},
        },
    }
    return body | changes


def grant(user: User, right: str, thing: Queue | UseCase) -> None:
    """As guardian's `assign_perm`, in one statement: thousands of tests begin with it."""
    grants = get_user_obj_perms_model(thing).objects
    grants.bulk_create(
        [grants.model(user=user, permission=_permission(right), content_object=thing)], ignore_conflicts=True
    )


@cache
def _permission(right: str) -> Permission:
    """Made by a migration, so that it stays the same from test to test."""
    return Permission.objects.get(codename=right)


def make_office(slug: str = "loans", **use_case: Any) -> Office:
    made = make_use_case(slug, **use_case)
    queue = make_queue(made)
    lead_queue = make_queue(made, f"{slug}-lead", is_lead=True)
    make_policy(made, queue)
    sender = make_user(f"{slug}-system", Role.SERVICE, is_service=True)
    for right in (SUBMIT, READ_PREDICTIONS):
        grant(sender, right, made)
    return Office(made, queue, lead_queue, sender)


def make_reviewer(username: str, office: Office) -> User:
    user = make_user(username, Role.REVIEWER)
    grant(user, WORK_QUEUE, office.queue)
    return user


def make_lead(username: str, office: Office) -> User:
    user = make_user(username, Role.LEAD)
    for queue in (office.queue, office.lead_queue):
        grant(user, LEAD_QUEUE, queue)
    return user


def make_ml(username: str, office: Office) -> User:
    user = make_user(username, Role.ML)
    for right in (READ_LABELS, READ_PREDICTIONS):
        grant(user, right, office.use_case)
    return user


def make_auditor(username: str, office: Office) -> User:
    user = make_user(username, Role.AUDITOR)
    for queue in (office.queue, office.lead_queue):
        grant(user, VIEW_QUEUE, queue)
    return user


def make_sample(office: Office, reader: User) -> QaSample:
    """A sample of what passed to which `reader` answered otherwise than was decided; it waits for a lead."""
    original, shown = office.send(), office.send()
    sample = QaSample.objects.create(
        queue=office.queue, kind="automatic", source=original.prediction, case=shown, outcome="deny", probability=0.05, draw=b"", made_at=now()
    )  # fmt: skip
    view = BlindAnswer.objects.create(
        case=shown, round=1, reviewer=reader, queue=office.queue, outcome="approve", lease=1, answered_at=now(), shown_digest=""
    )  # fmt: skip
    QaAnswer.objects.create(sample=sample, view=view, agrees=False, compared_at=now())
    return sample
