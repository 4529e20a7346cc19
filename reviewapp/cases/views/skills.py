"""Who has which skill in the use case of a queue: a page and an API for its leads."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviewapp.access.idempotency import once_of
from reviewapp.access.rules import LEAD_QUEUE, Scope
from reviewapp.cases import actions, queries
from reviewapp.cases.models import Queue
from reviewapp.cases.skill_serializers import SkilledPerson, SkillsBody, SkillsShape, person_skills
from reviewapp.cases.skills import MOST_SKILLS, SKILL_LENGTH
from reviewapp.cases.staffing import named_skills, skilled_people
from reviewapp.lib import query
from reviewapp.lib.actor import Actor
from reviewapp.lib.api import require_scope
from reviewapp.lib.errors import Invalid, NotAllowed, NotFound
from reviewapp.lib.fields import Fields


def _led(slug: str, actor: Actor) -> Queue | None:
    return queries.queues_of(actor, LEAD_QUEUE).select_related("use_case").filter(slug=slug).first()


@require_http_methods(["GET", "POST"])
def skills(request: HttpRequest, slug: str) -> HttpResponse:
    """A row for each person, saved alone."""
    queue = _led(slug, request.actor)
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


class SkillsView(APIView):
    """Who has which skill in the use case of a queue that one leads."""

    @extend_schema(operation_id="list_skills", responses={200: SkillsShape})
    def get(self, request: Request, slug: str) -> Response:
        actor = require_scope(request, Scope.CASES_LEAD)
        query.read(request.query_params, allowed=())
        queue = _led(slug, actor)
        if queue is None:
            raise NotFound
        people = [person_skills(found) for found in skilled_people(queue)]
        return Response({"skills": named_skills(queue.use_case_id), "people": people})

    @extend_schema(operation_id="set_skills", request=SkillsBody, responses={200: SkilledPerson})
    def post(self, request: Request, slug: str) -> Response:
        actor = require_scope(request, Scope.CASES_LEAD)
        once = once_of(request, render=person_skills)
        done = actions.set_skills(slug=slug, **_given(request), actor=actor, at=timezone.now(), once=once)
        return Response(once.answer if once and once.answer else person_skills(done))


def _given(request: Request) -> dict[str, Any]:
    fields = Fields(request.data)
    person, names = fields.text("person", most=60), fields.texts("skills", most=MOST_SKILLS, length=SKILL_LENGTH)
    if isinstance(request.data, dict) and request.data.get("skills") is None:
        fields.add("skills", "required", "Send all skills that the person has; an empty list takes them all.")
    fields.done()
    return {"username": person, "skills": names}
