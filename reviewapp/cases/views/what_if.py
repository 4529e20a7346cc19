"""What if: the model asked about a case with other inputs. A script gets the panel alone, everybody else the case page with it."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from reviewapp.cases import actions, presentation
from reviewapp.cases.forms import WhatIfForm, read_what_if
from reviewapp.cases.models import Case
from reviewapp.cases.views.case import case_page, is_script
from reviewapp.lib.errors import Invalid
from reviewapp.predictions import what_if as questions
from reviewapp.predictions.what_if import ModelNotRegistered


@require_POST
def what_if(request: HttpRequest, case_id: UUID) -> HttpResponse:
    found = actions.advised_case(case_id, actor=request.actor)
    form = read_what_if(request.POST, found.prediction)
    try:
        asked = actions.ask_what_if(case_id=case_id, changes=form.changes, actor=request.actor, at=timezone.now())
    except ModelNotRegistered:
        return _shown(request, case_id, presentation.what_if_context(found), status=409)
    except Invalid as error:
        return _refused(request, found, form, error)
    row = questions.wait_for_answer(asked)
    context = presentation.what_if_context(found, row=row, is_forgotten=row is None)
    return _panel(request, context) if is_script(request) else redirect(context["again_url"])


def _refused(request: HttpRequest, found: Case, form: WhatIfForm, error: Invalid) -> HttpResponse:
    context = presentation.what_if_context(found, texts=form.texts, problems=error.errors)
    return _shown(request, found.pk, context, status=error.status)


def _shown(request: HttpRequest, case_id: UUID, context: dict[str, Any], *, status: int) -> HttpResponse:
    """What was not asked stands beside the inputs, and without a script beside all of the case: a look, and on record as one."""
    looked: dict[str, Any] = {"case_id": case_id, "actor": request.actor, "at": timezone.now()}
    if is_script(request):
        actions.record_view(**looked)
        return _panel(request, context, status=status)
    found = actions.view_case(**looked, with_comments=True)
    return case_page(request, found, what_if=context | {"open": True}, status=status)


def _panel(request: HttpRequest, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return render(request, "cases/_what_if_panel.html", {"what_if": context}, status=status)
