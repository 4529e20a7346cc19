"""The pages of policies: the version in force, its history, a new one, and why a prediction went where it went."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from reviewapp.cases.evidence_queries import case_of
from reviewapp.catalog.models import UseCase
from reviewapp.catalog.queries import may_manage
from reviewapp.lib import listing, paging, query
from reviewapp.lib.canonical import digest
from reviewapp.policies import actions, forms, presentation, queries
from reviewapp.policies.models import PolicyVersion

ROWS = 30


@require_safe
def policies(request: HttpRequest) -> HttpResponse:
    """The use cases whose policy one may read; with only one, that one."""
    values = query.read(request.GET, allowed=("cursor",))
    found = queries.use_cases_with_policy(request.actor)
    page = paging.paginate(found, order=("slug",), cursor=values.get("cursor"), size=ROWS, purpose="policies page")
    if len(page.rows) == 1 and not values:
        return redirect("policies:policy", page.rows[0].slug)
    context = {"use_cases": page.rows, "pager": listing.pager(values, page, one="use case", many="use cases")}
    return render(request, "policies/policies.html", context)


@require_safe
def policy(request: HttpRequest, slug: str, number: int | None = None) -> HttpResponse:
    """One version in words, what it changed, and the history of all."""
    values = query.read(request.GET, allowed=("cursor",))
    use_case = _use_case(request, slug)
    versions = queries.versions_of(use_case)
    newest = versions.order_by("-number").first()
    shown = newest if number is None else versions.filter(number=number).first()
    if number is not None and shown is None:
        raise Http404
    page = paging.paginate(
        versions, order=("-number",), cursor=values.get("cursor"), size=ROWS, purpose=f"policy history {use_case.pk}"
    )
    context = {
        "use_case": use_case,
        "in_force": newest.number if newest else None,
        "history": presentation.history(page.rows),
        "pager": listing.pager(values, page, one="version", many="versions"),
        "may_publish": may_manage(request.actor, use_case),
    }
    return render(request, "policies/policy.html", context | _shown(use_case, shown))


def _shown(use_case: UseCase, shown: PolicyVersion | None) -> dict[str, Any]:
    if shown is None:
        return {"version": None, "changes": []}
    labels = queries.labels_of(use_case)
    former = queries.versions_of(use_case).filter(number=shown.number - 1).first()
    changes = presentation.changes(former.body, shown.body, labels=labels) if former else []
    return {"version": presentation.version(shown, labels=labels), "changes": changes}


@require_http_methods(["GET", "HEAD", "POST"])
def publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Write a policy, see it in words, then publish it: nothing changes before the second step."""
    use_case = _use_case(request, slug)
    if not may_manage(request.actor, use_case):
        raise Http404
    newest = queries.versions_of(use_case).order_by("-number").first()
    if request.method != "POST":
        query.read(request.GET, allowed=())
        given = {"body": presentation.pretty(newest.body if newest else {}), "after": newest.number if newest else 0}
        return _form_page(request, use_case, newest, forms.Publish(initial=given))
    form = forms.Publish(request.POST)
    if not form.is_valid():
        return _form_page(request, use_case, newest, form, status=422)
    if problems := queries.faults_of(use_case, form.cleaned_data["body"]):
        found = presentation.problems(problems, form.cleaned_data["body"])
        return _form_page(request, use_case, newest, form, errors=found, status=422)
    if request.POST.get("step") == "publish" and request.POST.get("previewed") == _mark(form.cleaned_data["body"]):
        return _publish(request, use_case, form)
    return _form_page(request, use_case, newest, form, preview=True)


def _mark(body: Any) -> str:
    """Names what was shown in words, so that nothing else is published."""
    return digest(body).hex()


def _publish(request: HttpRequest, use_case: UseCase, form: forms.Publish) -> HttpResponse:
    try:
        made = actions.publish(use_case=use_case, actor=request.actor, at=timezone.now(), **form.cleaned_data)
    except actions.PolicyMoved as error:
        newest = queries.versions_of(use_case).order_by("-number").first()
        again = forms.Publish(request.POST.dict() | {"after": newest.number if newest else 0})
        again.is_valid()
        return _form_page(request, use_case, newest, again, errors=[{"text": error.detail}], preview=True, status=409)
    messages.success(request, f"Policy {made.number} is in force. What arrives from now on is routed by it.")
    return redirect("policies:policy", use_case.slug)


def _form_page(
    request: HttpRequest,
    use_case: UseCase,
    newest: PolicyVersion | None,
    form: forms.Publish,
    *,
    errors: list[dict[str, str]] | None = None,
    preview: bool = False,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "use_case": use_case,
        "form": form,
        "errors": errors,
        "in_force": newest.number if newest else None,
    }
    context["vocabulary"] = presentation.vocabulary(use_case)
    if preview:
        labels = queries.labels_of(use_case)
        former = newest.body if newest else None
        context["changes"] = presentation.changes(former, form.cleaned_data["body"], labels=labels)
        context["previewed"] = _mark(form.cleaned_data["body"])
        context["is_changed"] = former != form.cleaned_data["body"]
    return render(request, "policies/publish.html", context, status=status)


@require_safe
def routing(request: HttpRequest, prediction_id: UUID) -> HttpResponse:
    """Why a prediction went where it went."""
    query.read(request.GET, allowed=())
    prediction = actions.view_routing(prediction_id=prediction_id, actor=request.actor, at=timezone.now())
    version = queries.version_that_routed(prediction)
    context = {
        "use_case": prediction.use_case,
        "routing": presentation.routing(prediction, version),
        "case": case_of(prediction),
    }
    return render(request, "policies/routing.html", context)


def _use_case(request: HttpRequest, slug: str) -> UseCase:
    return queries.readable_use_case(request.actor, slug)
