"""Who works in the demo, and which machines: roles, rights and keys as data. Plain Python."""

from collections.abc import Sequence
from dataclasses import dataclass

from reviewapp.access.rules import (
    LEAD_QUEUE,
    MANAGE,
    READ_LABELS,
    READ_PREDICTIONS,
    SUBMIT,
    VIEW_QUEUE,
    WORK_QUEUE,
    Role,
    Scope,
)

MORTGAGE, TRIAGE = ("mortgage-underwriting", "mortgage-senior"), ("ward-triage", "ward-charge-nurse")
USE_CASES = ("mortgage-underwriting", "ward-triage")


@dataclass(frozen=True, slots=True)
class Account:
    """Someone who signs in, or a machine where `scopes` are named. Rights as (queue or use case by slug, right)."""

    username: str
    display_name: str
    role: Role
    queue_rights: Sequence[tuple[str, str]] = ()
    use_case_rights: Sequence[tuple[str, str]] = ()
    scopes: Sequence[Scope] = ()

    @property
    def is_service(self) -> bool:
        return bool(self.scopes)


def _on(slugs: Sequence[str], *rights: str) -> list[tuple[str, str]]:
    return [(slug, right) for slug in slugs for right in rights]


PEOPLE = (
    Account("admin", "Administrator", Role.ADMIN, use_case_rights=_on(USE_CASES, MANAGE)),
    Account("lead", "Team lead", Role.LEAD, _on((*MORTGAGE, *TRIAGE), LEAD_QUEUE)),
    Account("underwriter", "Underwriter 1", Role.REVIEWER, _on(MORTGAGE[:1], WORK_QUEUE)),
    Account("underwriter2", "Underwriter 2", Role.REVIEWER, _on(MORTGAGE[:1], WORK_QUEUE)),
    Account("nurse", "Nurse 1", Role.REVIEWER, _on(TRIAGE[:1], WORK_QUEUE)),
    Account("nurse2", "Nurse 2", Role.REVIEWER, _on(TRIAGE[:1], WORK_QUEUE)),
    Account("auditor", "Auditor", Role.AUDITOR, _on((*MORTGAGE, *TRIAGE), VIEW_QUEUE)),
    Account("mlteam", "ML team", Role.ML, use_case_rights=_on(USE_CASES, READ_LABELS, READ_PREDICTIONS)),
)
MACHINES = (
    Account(
        "intake", "Client systems", Role.SERVICE,
        use_case_rights=_on(USE_CASES, SUBMIT, READ_PREDICTIONS),
        scopes=(Scope.PREDICTIONS_WRITE, Scope.PREDICTIONS_READ),
    ),
    Account(
        "ml", "Training pipeline", Role.SERVICE,
        use_case_rights=_on(USE_CASES, READ_LABELS, READ_PREDICTIONS),
        scopes=(Scope.LABELS_READ, Scope.DATASETS_WRITE, Scope.CATALOG_READ, Scope.PREDICTIONS_READ),
    ),
    Account(
        "reviewer", "Reviewer by API", Role.SERVICE,
        _on((MORTGAGE[0], TRIAGE[0]), WORK_QUEUE),
        scopes=(Scope.CASES_READ, Scope.CASES_REVIEW),
    ),
)  # fmt: skip
