"""Similar decided cases. A script gets the panel alone, everybody else the case page with it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from reviewapp.cases import actions, similar_panel
from reviewapp.cases.views.case import case_page, is_script


@require_safe
def similar(request: HttpRequest, case_id: UUID) -> HttpResponse:
    found = actions.view_similar(case_id=case_id, actor=request.actor, at=timezone.now())
    context = similar_panel.similar_context(found)
    if is_script(request):
        return render(request, "cases/_similar_panel.html", {"similar": context})
    return case_page(request, found.case, similar=context)
