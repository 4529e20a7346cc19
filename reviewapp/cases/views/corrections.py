"""Correcting inputs of a case in hand, on a page of its own; and the case as it was before."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from reviewapp.access.rules import WORK_QUEUE
from reviewapp.cases import actions, evidence_queries, own_work, queries
from reviewapp.cases.actions import CorrectionWaits, LeaseLost
from reviewapp.cases.corrections_panel import changes_of, form_context
from reviewapp.cases.forms import read_corrections, read_what_if
from reviewapp.cases.lost_panel import gone_undone_context
from reviewapp.cases.models import Case
from reviewapp.cases.withholding import AdviceWithheld
from reviewapp.lib import query
from reviewapp.lib.errors import Invalid
from reviewapp.predictions.correcting import wait_until_scored
from reviewapp.predictions.presentation import advice, facts
from reviewapp.predictions.what_if import ModelNotRegistered


@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """The form, for whoever holds the case, and its sending."""
    found = queries.whole_case(queries.visible_cases(request.actor, WORK_QUEUE), case_id)
    if found is None:
        return _gone(request, case_id)
    if request.method == "POST":
        return _send(request, found)
    query.read(request.GET, allowed=())
    if found.state != "leased" or found.holder_id != request.user.pk:
        messages.warning(request, "Take the case first; whoever has it in hand corrects its inputs.")
        return redirect("cases:case", case_id=case_id)
    return _form(request, found, form_context(found))


def _gone(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Whoever had it in hand is told that it went on; anybody else finds nothing."""
    gone = own_work.passed_on(case_id, request.actor)
    if gone is None:
        raise Http404
    context = gone_undone_context(gone, undone="Its inputs were not corrected.")
    return render(request, "cases/lease_lost.html", context, status=409)


def _form(request: HttpRequest, found: Case, form: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return render(request, "cases/correct.html", {"case": found, "correct": form}, status=status)


def _send(request: HttpRequest, found: Case) -> HttpResponse:
    form = read_what_if(request.POST, found.prediction)
    lease, sources = read_corrections(request.POST, form)
    given = {name: sources[name] for name in form.changes}
    try:
        made = actions.correct_inputs(
            case_id=found.pk, lease=lease, changes=form.changes, sources=given, actor=request.actor, at=timezone.now()
        )
    except Invalid as error:
        context = form_context(found, texts=form.texts, sources=sources, problems=error.errors)
        return _form(request, found, context, status=error.status)
    except LeaseLost:
        messages.warning(request, "Your lease on this case has ended. Nothing was corrected; take it again first.")
    except (CorrectionWaits, ModelNotRegistered) as error:
        messages.warning(request, error.detail)
    else:
        _say(request, wait_until_scored(made.after_id))
    return redirect("cases:case", case_id=found.pk)


def _say(request: HttpRequest, is_scored: bool) -> None:
    if is_scored:
        messages.success(request, "The model has scored the corrected inputs. Look at the case again, then answer.")
    else:
        messages.info(request, "Your correction is kept. The model has not answered yet; the page says when it has.")


@require_safe
def correction(request: HttpRequest, case_id: UUID, correction_id: UUID) -> HttpResponse:
    """The facts and the advice that a correction replaced."""
    query.read(request.GET, allowed=())
    found = actions.view_case(case_id=case_id, actor=request.actor, at=timezone.now())
    if found.is_withheld:
        raise AdviceWithheld
    made = evidence_queries.correction_of(found, correction_id)
    if made is None:
        raise Http404
    use_case = found.queue.use_case
    context = {
        "case": found,
        "rows": changes_of(made),
        "facts": facts(made.before, use_case),
        "advice": advice(made.before, use_case),
    }
    return render(request, "cases/correction.html", context)
