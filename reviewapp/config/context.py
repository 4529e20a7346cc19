"""What every page knows: who looks, which places they may go, theme and density. Costs no statement: the request knows its person already."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from reviewapp.access.rules import Role
from reviewapp.lib.actor import Actor
from reviewapp.notifications.live import socket_url

# Label, path, who sees it (None: everyone signed in), and further paths that belong to it.
WORKS = frozenset({Role.REVIEWER, Role.LEAD})
LEADS: frozenset[Role] = frozenset()  # no role is enough: whoever may lead a queue
OVERSEERS = frozenset({Role.AUDITOR})  # and whoever may lead a queue
PLACES: list[tuple[str, str, frozenset[Role] | None, tuple[str, ...]]] = [
    ("My work", "/my-work/", WORKS, ()),
    ("Queues", "/queues/", WORKS, ("/cases/",)),
    ("Board", "/board/", LEADS, ("/conflicts/", "/reopenings/")),
    ("Adjudicate", "/adjudication/", LEADS, ()),
    ("My reviews", "/reviews/", WORKS, ()),
    ("Labels", "/labels/", frozenset({Role.ML}), ()),
    ("Data sets", "/datasets/", frozenset({Role.ML}), ()),
    ("Models", "/models/", frozenset({Role.ML, Role.ADMIN}), ()),
    ("Policy", "/policies/", frozenset({Role.ADMIN, Role.LEAD}), ()),
    ("People", "/people/", frozenset({Role.ADMIN}), ()),
    ("Keys", "/keys/", frozenset({Role.ADMIN}), ()),
    ("Audit", "/audit/", frozenset({Role.ADMIN, Role.AUDITOR}), ()),
    ("Quality", "/quality/", OVERSEERS, ()),
    ("Help", "/help/", None, ()),
]
# The help page of the role that says most about what a person does here.
HELP = [
    (Role.ADMIN, "admin"), (Role.LEAD, "lead"), (Role.REVIEWER, "reviewer"), (Role.ML, "ml"), (Role.AUDITOR, "auditor"), (Role.SERVICE, "client"),
]  # fmt: skip


def page(request: HttpRequest) -> dict[str, Any]:
    person = getattr(request, "user", None)
    actor: Actor | None = getattr(request, "actor", None)
    look = {
        name: _cookie(request, name, allowed)
        for name, allowed in (("density", {"mouse", "touch"}), ("shortcuts", {"off"}))
    }
    if person is None or actor is None or not person.is_authenticated:
        return {**look, "theme": _cookie(request, "theme", {"light", "dark"})}
    theme = getattr(person, "theme", "auto")
    return {
        **look,
        "theme": theme,
        "nav": nav(request),
        "help_url": help_url(actor),
        "socket_url": socket_url(request),
        "undo_seconds": settings.UNDO_SECONDS,
        "own_keys": " ".join(f"{key}{pressed}" for key, pressed in getattr(person, "own_keys", {}).items()),
    }


def _cookie(request: HttpRequest, name: str, allowed: set[str]) -> str:
    given = request.COOKIES.get(name, "")
    return given if given in allowed else ""


def nav(request: HttpRequest) -> list[dict[str, Any]]:
    """The places this person may go, the present one marked."""
    works_anyway, leads = getattr(request.user, "has_queue", False), getattr(request.user, "leads_queue", False)
    return [
        {"label": label, "url": path, "current": request.path.startswith((path, *more))}
        for label, path, roles, more in PLACES
        if roles is None
        or request.actor.has_role(*roles)
        or (roles is WORKS and works_anyway)
        or (roles in (LEADS, OVERSEERS) and leads)
    ]


def help_url(actor: Actor) -> str:
    return next(
        (reverse("help:page", args=[name]) for role, name in HELP if actor.has_role(role)), reverse("help:index")
    )
