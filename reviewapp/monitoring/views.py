"""What is expected of the queues one leads, and who is on shift."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from reviewapp.lib import query
from reviewapp.lib.errors import Invalid
from reviewapp.monitoring import actions, presentation, queries
from reviewapp.monitoring.forms import ShiftForm
from reviewapp.monitoring.queries import Standing


@require_safe
def forecast(request: HttpRequest) -> HttpResponse:
    query.read(request.GET, allowed=())
    return _page(request)


@require_safe
def lines(request: HttpRequest) -> HttpResponse:
    """The live fragment of the board."""
    query.read(request.GET, allowed=())
    now, found = _standing(request)
    return render(request, "monitoring/_lines.html", {"lines": [presentation.line(row, now=now) for row in found]})


@require_POST
def shift(request: HttpRequest, slug: str) -> HttpResponse:
    """Enter who is on shift, or clear it. What is refused is shown again as it was typed."""
    now, found = _standing(request)
    queue = next((row.queue for row in found if row.queue.slug == slug), None)
    if queue is None:
        raise Http404
    if "clear" in request.POST:
        actions.clear_shift(slug=slug, actor=request.actor, at=now)
        messages.success(request, f"{queue.name}: those who are seen at work count again, from the next minute on.")
        return redirect("monitoring:forecast")
    form = ShiftForm(request.POST, prefix=slug)
    if not form.is_valid():
        return _page(request, form, status=422)
    people, until = form.cleaned_data["people"], form.until_after(now)
    try:
        actions.enter_shift(slug=slug, people=people, until=until, actor=request.actor, at=now)
    except Invalid as error:
        for problem in error.errors:
            form.add_error(problem.pointer.strip("/"), problem.detail)
        return _page(request, form, status=422)
    messages.success(request, f"{queue.name}: {people} on shift. The forecast counts with it from the next minute on.")
    return redirect("monitoring:forecast")


def _standing(request: HttpRequest) -> tuple[datetime, list[Standing]]:
    """:raises Http404: for whoever leads no queue."""
    now = timezone.now()
    found = queries.standing(request.actor, now=now)
    if not found:
        raise Http404
    return now, found


def _page(request: HttpRequest, refused: ShiftForm | None = None, *, status: int = 200) -> HttpResponse:
    now, found = _standing(request)
    context = {
        "rows": [_row(row, refused, now=now) for row in found],
        "refused": refused,
        "method": presentation.METHOD,
        "zone": timezone.get_current_timezone_name(),
    }
    return render(request, "monitoring/forecast.html", context, status=status)


def _row(row: Standing, refused: ShiftForm | None, *, now: datetime) -> dict[str, Any]:
    slug, entered = row.queue.slug, row.shift
    typed = {"people": entered.people, "until": timezone.localtime(entered.until).time()} if entered else {}
    return presentation.line(row, now=now) | {
        "shift_text": presentation.shift(entered, now=now),
        "is_entered": entered is not None,
        "shift_url": reverse("monitoring:shift", args=[slug]),
        "form": refused if refused and refused.prefix == slug else ShiftForm(initial=typed, prefix=slug),
    }
