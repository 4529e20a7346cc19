"""What if: the model asked about a case with other inputs. A script gets the panel alone, everybody else the case page with it."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from reviewapp.cases import actions, presentation, queries
from reviewapp.cases.forms import WhatIfForm, read_what_if
from reviewapp.cases.models import Case
from reviewapp.cases.views.case import case_page, is_script
from reviewapp.cases.withholding import AdviceWithheld, reveal
from reviewapp.lib.errors import Invalid
from reviewapp.predictions import what_if as questions
from reviewapp.predictions.what_if import ModelNotRegistered


@require_POST
def what_if(request: HttpRequest, case_id: UUID) -> HttpResponse:
    found = queries.whole_case(queries.visible_cases(request.actor), case_id)
    if found is None:
        raise Http404
    reveal([found], request.actor)
    if found.is_withheld:
        raise AdviceWithheld
    form = read_what_if(request.POST, found.prediction)
    try:
        asked = actions.ask_what_if(case_id=case_id, changes=form.changes, actor=request.actor, at=timezone.now())
    except ModelNotRegistered:
        return _shown(request, found, presentation.what_if_context(found), status=409)
    except Invalid as error:
        return _refused(request, found, form, error)
    row = questions.wait_for_answer(asked)
    context = presentation.what_if_context(found, row=row, is_forgotten=row is None)
    return _panel(request, context) if is_script(request) else redirect(context["again_url"])


def _refused(request: HttpRequest, found: Case, form: WhatIfForm, error: Invalid) -> HttpResponse:
    context = presentation.what_if_context(found, texts=form.texts, problems=error.errors)
    return _shown(request, found, context, status=error.status)


def _shown(request: HttpRequest, found: Case, context: dict[str, Any], *, status: int) -> HttpResponse:
    if is_script(request):
        return _panel(request, context, status=status)
    return case_page(request, found, what_if=context | {"open": True}, status=status)


def _panel(request: HttpRequest, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return render(request, "cases/_what_if_panel.html", {"what_if": context}, status=status)
