"""The settings of one queue, for its leads. Each section is a form of its own and is saved alone.

A further section is a form, a partial cases/_settings_<name>.html, a Section of `actions.settings`, and a line in PARTS.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from reviewapp.access.rules import LEAD_QUEUE
from reviewapp.cases import actions, queries
from reviewapp.cases.actions.settings import SECTIONS, SettingsMoved, seen_digest
from reviewapp.cases.models import Queue
from reviewapp.cases.proof_panel import burden
from reviewapp.cases.rule_rows import Service, Skills
from reviewapp.cases.settings_forms import Basics, Blind, Hours, Late, Next, Proof, SecondReview, SettingsForm
from reviewapp.cases.wording import clock, zoned
from reviewapp.lib import query
from reviewapp.lib.errors import Invalid


@dataclass(frozen=True, slots=True)
class Part:
    """A section as the page shows it."""

    title: str
    form: type[SettingsForm]


PARTS = {
    "basics": Part("Basics", Basics),
    "next": Part("Which case is next", Next),
    "service": Part("Service level", Service),
    "hours": Part("Opening hours", Hours),
    "late": Part("When a case is late", Late),
    "second-review": Part("Second review", SecondReview),
    "blind": Part("Blind first", Blind),
    "skills": Part("Skills", Skills),
    "proof": Part("Proof of review", Proof),
}
_SETTINGS = {section.name: section.settings for section in SECTIONS}


@require_safe
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    query.read(request.GET, allowed=())
    return _page(request, _led(request, slug))


def _led(request: HttpRequest, slug: str) -> Queue:
    """:raises Http404: for whoever does not lead the queue."""
    found = (
        queries.queues_of(request.actor, LEAD_QUEUE)
        .select_related("use_case", "late_queue", "late_person")
        .filter(slug=slug)
        .first()
    )
    if found is None:
        raise Http404
    return found


@require_POST
def save(request: HttpRequest, slug: str, section: str) -> HttpResponse:
    """Save one section. What is refused is shown again as it was typed, with what is wrong beside it."""
    queue = _led(request, slug)
    if section not in PARTS:
        raise Http404
    form = PARTS[section].form(queue, section, request.POST)
    if form.only_shows:
        return _page(request, queue, form, section)
    if not form.is_valid():
        return _page(request, queue, form, section, status=422)
    try:
        actions.change_settings(
            slug=slug,
            changes=form.changes(),
            actor=request.actor,
            at=timezone.now(),
            seen=request.POST.get("seen", ""),
            among=_SETTINGS[section],
        )
    except SettingsMoved:
        return _page(request, _led(request, slug), form, section, status=409)
    except Invalid as error:
        for problem in error.errors:
            form.put_beside(problem)
        return _page(request, queue, form, section, status=422)
    messages.success(request, f"Saved: {PARTS[section].title} of {queue.name}. It counts from now on.")
    return redirect(reverse("cases:settings", args=[slug]) + f"#{section}")


def _page(
    request: HttpRequest, queue: Queue, form: SettingsForm | None = None, section: str = "", *, status: int = 200
) -> HttpResponse:
    """:param form: what was posted to `section` and not saved. It was written before what the page showed then, unless that is told anew (409)."""
    seen = request.POST.get("seen", "") if form and status != 409 else ""
    context = {
        "queue": {"name": queue.name, "url": reverse("cases:queue", args=[queue.slug])},
        "sections": [
            _section(queue, name, form, seen=seen) if name == section and form else _section(queue, name)
            for name in PARTS
        ],
        "errors": form.error_list() if form and status == 422 else None,
        "example": _example(queue),
        "burden": burden(queue, at=timezone.now()),
        "is_moved": form is not None and form.only_shows,
        "differences": form.differences(PARTS[section].form(queue, section)) if form and status == 409 else None,
    }
    return render(request, "cases/settings.html", context, status=status)


def _section(queue: Queue, name: str, form: SettingsForm | None = None, *, seen: str = "") -> dict[str, Any]:
    """:param seen: what its form has seen, if that was not just now."""
    return {
        "name": name,
        "title": PARTS[name].title,
        "partial": f"cases/_settings_{name}.html",
        "url": reverse("cases:settings-save", args=[queue.slug, name]),
        "form": form or PARTS[name].form(queue, name),
        "seen": seen or seen_digest(queue, _SETTINGS[name]),
    }


def _example(queue: Queue) -> dict[str, str]:
    """By the settings in force."""
    now = timezone.now()
    times = queries.service_level(queue).clock(now, queue.sla_minutes)
    return {
        "risk": clock(times.risk_at, now=now),
        "due": zoned(times.due_at, now=now),
    }
