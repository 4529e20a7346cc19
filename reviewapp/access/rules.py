"""Roles, scopes and rights: the vocabulary of access. Plain Python."""

from enum import StrEnum


class Role(StrEnum):
    REVIEWER = "Reviewer"
    LEAD = "Lead"
    ADMIN = "Admin"
    AUDITOR = "Auditor"
    ML = "ML"
    SERVICE = "Service"


class Scope(StrEnum):
    """What an API key may be used for; the owner's rights bound it further."""

    PREDICTIONS_WRITE = "predictions:write"
    PREDICTIONS_READ = "predictions:read"
    CASES_READ = "cases:read"
    CASES_REVIEW = "cases:review"
    LABELS_READ = "labels:read"
    DATASETS_WRITE = "datasets:write"
    CATALOG_READ = "catalog:read"
    AUDIT_READ = "audit:read"


# Rights on one queue, and on one use case. `lead` includes `work`, `work` includes `view`.
VIEW_QUEUE, WORK_QUEUE, LEAD_QUEUE = "view_cases", "work_cases", "lead_cases"
SUBMIT, READ_PREDICTIONS, READ_LABELS, MANAGE = "submit_predictions", "read_predictions", "read_labels", "manage_use_case"
QUEUE_RIGHTS = (VIEW_QUEUE, WORK_QUEUE, LEAD_QUEUE)
USE_CASE_RIGHTS = (SUBMIT, READ_PREDICTIONS, READ_LABELS, MANAGE)


def implied(right: str) -> tuple[str, ...]:
    """The grants that give `right`: itself and the stronger ones."""
    return QUEUE_RIGHTS[QUEUE_RIGHTS.index(right) :] if right in QUEUE_RIGHTS else (right,)
