"""Sockets, and nothing else: pages and API are served by WSGI. A process of these holds no model and renders no page."""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewapp.config.settings")
django.setup()

from reviewapp.notifications.consumers import LiveConsumer  # noqa: E402 -- apps first
from reviewapp.notifications.live import PATH  # noqa: E402

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
live = LiveConsumer.as_asgi()


async def application(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket" and scope["path"] == PATH:
        await live(scope, receive, send)
    elif scope["type"] in {"http", "websocket"}:
        await _not_found(scope["type"], send)


async def _not_found(kind: str, send: Send) -> None:
    prefix = "http" if kind == "http" else "websocket.http"
    await send({"type": f"{prefix}.response.start", "status": 404, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": f"{prefix}.response.body", "body": b"There is nothing at this address.\n"})
