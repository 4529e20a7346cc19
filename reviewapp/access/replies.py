"""What a door answers under an Idempotency-Key."""

from collections.abc import Callable, Mapping
from typing import Any

from rest_framework.response import Response

from reviewapp.access.idempotency import Once


def answered(
    result: Any,
    once: Once | None,
    render: Callable[[Any], Any],
    status: int = 200,
    *,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The first answer to this key, or this one. :param render: makes the answer of an action's result."""
    return Response(once.answer if once and once.answer else render(result), status=status, headers=headers)
