"""What tests of pended cases send, and how they let a follow-up time come."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from reviewapp.cases.models import Case

PAYSLIP = "October payslip of Zora"


def ahead(**span: float) -> str:
    return (timezone.now() + timedelta(**span)).isoformat()


def body(**changes: Any) -> dict[str, Any]:
    return {"lease": 1, "follow_up_at": ahead(hours=2), "awaited": PAYSLIP} | changes


def come_due() -> None:
    """The database's clock decides, so the follow-up is moved and not the clock."""
    Case.objects.filter(state="pended").update(follow_up_at=timezone.now() - timedelta(seconds=1))
