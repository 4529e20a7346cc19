"""What all acts share: the number of the lease, and how one answers under an Idempotency-Key."""

from typing import Any

from rest_framework.response import Response

from reviewapp.access.idempotency import Once

MOST_LEASE = 2**31 - 1


def answered(result: Any, once: Once | None, render: Any, status: int = 200) -> Response:
    """The first answer to this key, or this one. :param render: makes the answer of an action's result."""
    return Response(once.answer if once and once.answer else render(result), status=status)
