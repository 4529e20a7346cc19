"""Who else is at a case: the live fragment of its page."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from reviewapp.cases.queries import visible_cases
from reviewapp.lib import query
from reviewapp.notifications.presence import present
from reviewapp.notifications.queries import shown_people

_MOST_NAMES = 2


@require_safe
def presence(request: HttpRequest, case_id: UUID) -> HttpResponse:
    query.read(request.GET, allowed=())
    case = visible_cases(request.actor).filter(pk=case_id).first()
    if case is None:
        raise Http404
    people = shown_people(case, request.actor, present(case_id, now=timezone.now()))
    names = [person.display_name for person in people]
    context = {"names": names[:_MOST_NAMES], "more": len(names[_MOST_NAMES:])}
    return render(request, "notifications/_presence.html", context)
