"""What would change this: the model asked for the smallest changes that flip its outcome. A script gets the panel alone."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from reviewapp.cases import actions
from reviewapp.cases.flips_panel import flips_context
from reviewapp.cases.views.case import case_page, is_script
from reviewapp.predictions import what_if as questions
from reviewapp.predictions.what_if import ModelNotRegistered


@require_POST
def flips(request: HttpRequest, case_id: UUID) -> HttpResponse:
    try:
        asked = actions.ask_flips(case_id=case_id, actor=request.actor, at=timezone.now())
    except ModelNotRegistered:
        return _not_possible(request, case_id)
    row = questions.wait_for_answer(asked)
    found = actions.advised_case(case_id, actor=request.actor)
    context = flips_context(found, row=row, is_forgotten=row is None)
    return _panel(request, context) if is_script(request) else redirect(context["again_url"])


def _not_possible(request: HttpRequest, case_id: UUID) -> HttpResponse:
    found = actions.advised_case(case_id, actor=request.actor)
    if is_script(request):
        actions.record_view(case_id=case_id, actor=request.actor, at=timezone.now())
        return _panel(request, flips_context(found), status=409)
    found = actions.view_case(case_id=case_id, actor=request.actor, at=timezone.now(), with_comments=True)
    return case_page(request, found, flips=flips_context(found), status=409)


def _panel(request: HttpRequest, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return render(request, "cases/_flips_panel.html", {"flips": context}, status=status)
