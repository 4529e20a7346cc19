"""Who has which skill in the use case of a queue: a page for its leads."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from reviewapp.cases import actions
from reviewapp.cases.models import Queue
from reviewapp.cases.staffing import led_queue, named_skills, skilled_people
from reviewapp.lib import query
from reviewapp.lib.errors import Invalid, NotAllowed


@require_http_methods(["GET", "POST"])
def skills(request: HttpRequest, slug: str) -> HttpResponse:
    """A row for each person, saved alone."""
    queue = led_queue(slug, request.actor)
    if queue is None:
        raise Http404
    if request.method == "GET":
        query.read(request.GET, allowed=())
        return _page(request, queue)
    given = {"username": request.POST.get("person", ""), "skills": request.POST.getlist("skill")}
    try:
        person, held = actions.set_skills(slug=slug, **given, actor=request.actor, at=timezone.now())
    except (Invalid, NotAllowed) as error:
        messages.error(request, f"Not saved. {error.detail}")
        return _page(request, queue, status=error.status)
    messages.success(request, f"Saved: {person.display_name} has {', '.join(held) or 'no skill'}.")
    return redirect("cases:skills", slug=slug)


def _page(request: HttpRequest, queue: Queue, status: int = 200) -> HttpResponse:
    known = named_skills(queue.use_case_id)
    people = [
        {
            "username": person.username,
            "name": person.display_name,
            "is_me": person.pk == request.user.pk,
            "skills": [{"name": name, "has": name in held} for name in known],
        }
        for person, held in skilled_people(queue)
    ]
    context = {"queue": queue, "known": known, "people": people}
    return render(request, "cases/skills.html", context, status=status)
