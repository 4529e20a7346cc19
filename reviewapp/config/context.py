"""What every page knows: who looks, which places they may go, theme and density."""

from typing import Any

from django.http import HttpRequest


def page(request: HttpRequest) -> dict[str, Any]:
    return {}
