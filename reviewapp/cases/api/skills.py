"""The API of skills."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviewapp.access.idempotency import once_of
from reviewapp.access.replies import answered
from reviewapp.access.rules import Scope
from reviewapp.cases import actions
from reviewapp.cases.skill_serializers import SkilledPerson, SkillsBody, SkillsShape, person_skills
from reviewapp.cases.skills import MOST_SKILLS, SKILL_LENGTH
from reviewapp.cases.staffing import led_queue, named_skills, skilled_people
from reviewapp.lib import query
from reviewapp.lib.api import require_scope
from reviewapp.lib.errors import NotFound
from reviewapp.lib.fields import Fields


class SkillsView(APIView):
    """Who has which skill in the use case of a queue that one leads."""

    @extend_schema(operation_id="list_skills", responses={200: SkillsShape})
    def get(self, request: Request, slug: str) -> Response:
        actor = require_scope(request, Scope.CASES_LEAD)
        query.read(request.query_params, allowed=())
        queue = led_queue(slug, actor)
        if queue is None:
            raise NotFound
        people = [person_skills(found) for found in skilled_people(queue)]
        return Response({"skills": named_skills(queue.use_case_id), "people": people})

    @extend_schema(operation_id="set_skills", request=SkillsBody, responses={200: SkilledPerson})
    def post(self, request: Request, slug: str) -> Response:
        actor = require_scope(request, Scope.CASES_LEAD)
        once = once_of(request, render=person_skills)
        done = actions.set_skills(slug=slug, **_given(request), actor=actor, at=timezone.now(), once=once)
        return answered(done, once, person_skills)


def _given(request: Request) -> dict[str, Any]:
    fields = Fields(request.data)
    person, names = fields.text("person", most=60), fields.texts("skills", most=MOST_SKILLS, length=SKILL_LENGTH)
    if isinstance(request.data, dict) and request.data.get("skills") is None:
        fields.add("skills", "required", "Send all skills that the person has; an empty list takes them all.")
    fields.done()
    return {"username": person, "skills": names}
