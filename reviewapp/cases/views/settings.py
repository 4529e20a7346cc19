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
from reviewapp.cases.settings_forms import Basics, Proof, SecondReview, SettingsForm
from reviewapp.lib import query
from reviewapp.lib.errors import Invalid


@dataclass(frozen=True, slots=True)
class Part:
    """A section as the page shows it."""

    title: str
    form: type[SettingsForm]


PARTS = {
    "basics": Part("Basics", Basics),
    "second-review": Part("Second review", SecondReview),
    "proof": Part("Proof of review", Proof),
}
_SETTINGS = {section.name: section.settings for section in SECTIONS}


@require_safe
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    query.read(request.GET, allowed=())
    return _page(request, _led(request, slug))


def _led(request: HttpRequest, slug: str) -> Queue:
    """:raises Http404: for whoever does not lead the queue."""
    found = queries.queues_of(request.actor, LEAD_QUEUE).select_related("use_case").filter(slug=slug).first()
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
        _put_beside(form, error)
        return _page(request, queue, form, section, status=422)
    messages.success(request, f"Saved: {PARTS[section].title} of {queue.name}. It counts from now on.")
    return redirect(reverse("cases:settings", args=[slug]) + f"#{section}")


def _put_beside(form: SettingsForm, error: Invalid) -> None:
    """Each fault at the field it is about."""
    for problem in error.errors:
        name = problem.pointer.strip("/").split("/")[0]
        form.add_error(name if name in form.fields else None, problem.detail)


def _page(
    request: HttpRequest, queue: Queue, form: SettingsForm | None = None, section: str = "", *, status: int = 200
) -> HttpResponse:
    """:param form: what was posted to `section` and not saved."""
    context = {
        "queue": {"name": queue.name, "url": reverse("cases:queue", args=[queue.slug])},
        "sections": [
            _section(queue, name, form if name == section and form else part.form(queue, name))
            for name, part in PARTS.items()
        ],
        "form": form if status == 422 else None,
        "differences": _differences(queue, form, section) if form and status == 409 else None,
    }
    return render(request, "cases/settings.html", context, status=status)


def _section(queue: Queue, name: str, form: SettingsForm) -> dict[str, Any]:
    return {
        "name": name,
        "title": PARTS[name].title,
        "partial": f"cases/_settings_{name}.html",
        "url": reverse("cases:settings-save", args=[queue.slug, name]),
        "form": form,
        "seen": seen_digest(queue, _SETTINGS[name]),
    }


def _differences(queue: Queue, form: SettingsForm, section: str) -> list[dict[str, Any]]:
    """Where what was posted is not what the queue has now."""
    now = PARTS[section].form(queue, section)
    pairs = [(field, form[field.name]) for field in now]
    return [
        {"label": field.label, "now": field.value(), "yours": posted.value(), "target": posted.id_for_label}
        for field, posted in pairs
        if str(field.value()) != str(posted.value())
    ]
