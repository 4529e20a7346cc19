"""Pages of labels and data sets."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from reviewapp.access.rules import Role
from reviewapp.catalog.models import UseCase
from reviewapp.datasets import actions, forms, presenting, queries, rules
from reviewapp.datasets.exports import Form
from reviewapp.datasets.manifest import manifest
from reviewapp.datasets.models import DatasetSnapshot
from reviewapp.datasets.responses import download as download_response
from reviewapp.datasets.rules import FILTERS, Filters
from reviewapp.lib import listing, paging, query
from reviewapp.lib.errors import Malformed, Problem

ROWS = 30
LABEL_ORDER = ("-position",)
LIST_ORDER = ("-requested_at", "-id")


@require_safe
def labels(request: HttpRequest) -> HttpResponse:
    """Labels, newest first, with how people decided among those that the filters let through."""
    values = query.read(request.GET, allowed=("use_case", "cursor", *FILTERS))
    use_cases = list(queries.readable_use_cases(request.actor))
    if not use_cases:
        return _nothing_to_read(request)
    use_case = _chosen(use_cases, values.get("use_case", ""))
    filters = _filters(values, use_cases, use_case)
    return _labels_page(request, use_cases, use_case, filters, cursor=values.get("cursor"))


def _labels_page(
    request: HttpRequest,
    use_cases: list[UseCase],
    use_case: UseCase,
    filters: Filters,
    *,
    cursor: str | None = None,
    form: forms.Freeze | None = None,
    status: int = 200,
) -> HttpResponse:
    found = queries.labels_of(use_case, filters)
    page = paging.paginate(found, order=LABEL_ORDER, cursor=cursor, size=ROWS, purpose=f"labels page {use_case.pk}")
    chosen = {"use_case": use_case.slug, **filters.as_json()}
    context = {
        "use_case": use_case,
        "filters": presenting.label_filters(use_cases, use_case, filters, seen=queries.seen_values(use_case)),
        "filtered": bool(filters.as_json()),
        "rows": [presenting.label_row(label, use_case) for label in page.rows],
        "tally": presenting.tally(queries.tally(found), use_case),
        "pager": _pager(page, chosen, one="label", many="labels"),
        "form": form or (forms.Freeze(use_case=use_case) if rules.may_freeze(request.actor.roles) else None),
        "chosen": chosen,
    }
    return render(request, "datasets/labels.html", context, status=status)


@require_POST
def freeze(request: HttpRequest) -> HttpResponse:
    """Ask for the labels shown to be frozen."""
    use_cases = list(queries.readable_use_cases(request.actor))
    if not use_cases:
        raise PermissionDenied
    use_case = _chosen(use_cases, request.POST.get("use_case", ""))
    form = forms.Freeze(request.POST, use_case=use_case)
    if not form.is_valid():
        filters = form.cleaned_data.get("filters", Filters())
        return _labels_page(request, use_cases, use_case, filters, form=form, status=422)
    snapshot = actions.request_snapshot(
        use_case=use_case, name=form.cleaned_data["name"], filters=form.filters, actor=request.actor, at=timezone.now()
    )
    return redirect("datasets:dataset", snapshot.pk)


@require_safe
def datasets(request: HttpRequest) -> HttpResponse:
    """Data sets, newest first."""
    values = query.read(request.GET, allowed=("use_case", "cursor"))
    use_cases = list(queries.readable_use_cases(request.actor))
    if not use_cases:
        return _nothing_to_read(request)
    found = queries.visible_snapshots(request.actor)
    slug = values.get("use_case", "")
    if slug:
        found = found.filter(use_case=_chosen(use_cases, slug))
    page = paging.paginate(
        found, order=LIST_ORDER, cursor=values.get("cursor"), size=ROWS, purpose=f"datasets page {slug}"
    )
    context = {
        "filters": presenting.dataset_filters(use_cases, slug),
        "filtered": bool(slug),
        "rows": [presenting.dataset_row(snapshot) for snapshot in page.rows],
        "pager": _pager(page, {"use_case": slug} if slug else {}, one="data set", many="data sets"),
    }
    return render(request, "datasets/datasets.html", context)


@require_safe
def dataset(request: HttpRequest, dataset_id: UUID) -> HttpResponse:
    """One data set: its progress, then its counts, its digest and the files."""
    query.read(request.GET, allowed=())
    snapshot = _snapshot(request, dataset_id)
    context = {
        "dataset": snapshot,
        "job": presenting.job(snapshot),
        "about": presenting.about(snapshot),
        "table": presenting.counts(snapshot) if snapshot.is_frozen else None,
        "files": presenting.files(snapshot)
        if rules.may_download(request.actor.roles, rows=snapshot.rows_done)
        else None,
    }
    return render(request, "datasets/dataset.html", context)


@require_safe
def progress(request: HttpRequest, dataset_id: UUID) -> JsonResponse:
    """How far the freezing is, for progress.js."""
    job = presenting.job(_snapshot(request, dataset_id))
    return JsonResponse({name: job[name] for name in ("done", "total", "text", "finished", "failed")})


@require_safe
def manifest_file(request: HttpRequest, dataset_id: UUID) -> JsonResponse:
    """The manifest of a frozen data set. :raises NotFrozen:"""
    snapshot = _snapshot(request, dataset_id)
    if not snapshot.is_frozen:
        raise actions.NotFrozen
    name = rules.file_name(snapshot.name, digest=snapshot.digest, extension="manifest.json")
    return JsonResponse(
        manifest(snapshot),
        headers={"Content-Disposition": rules.content_disposition(name)},
        json_dumps_params={"indent": 2},
    )


@require_safe
def download(request: HttpRequest, dataset_id: UUID) -> HttpResponseBase:
    """One file. :raises NotFrozen, TooManyRows, NotInstalled:"""
    values = query.read(request.GET, allowed=("format",))
    if values.get("format") not in list(Form):
        raise Malformed(f"format is one of {', '.join(Form)}.", code="bad-param")
    snapshot = _snapshot(request, dataset_id)
    if request.method == "HEAD":
        return HttpResponse()
    return download_response(snapshot, Form(values["format"]), actor=request.actor, at=timezone.now())


def _nothing_to_read(request: HttpRequest) -> HttpResponse:
    """To the ML team no error, as these are the pages where they start. :raises PermissionDenied: to anybody else."""
    if not request.actor.has_role(Role.ML):
        raise PermissionDenied
    return render(request, "datasets/no_rights.html")


def _chosen(use_cases: list[UseCase], slug: str) -> UseCase:
    if not slug:
        return use_cases[0]
    for use_case in use_cases:
        if use_case.slug == slug:
            return use_case
    raise Http404


def _filters(values: dict[str, str], use_cases: list[UseCase], use_case: UseCase) -> Filters:
    """:raises Malformed: for a value that is none of the choices. An outcome of another use case falls away: somebody has just switched."""
    given = {name: values[name] for name in FILTERS if name in values}
    filters, faults = rules.read_filters(given, outcomes={value for each in use_cases for value in each.outcome_values})
    if faults:
        errors = [Problem(f"/{fault.field}", fault.code, fault.detail) for fault in faults]
        raise Malformed(
            "A filter has a value that is none of its choices. Clear the filters and choose again.",
            code="bad-param",
            errors=errors,
        )
    return filters if filters.outcome in use_case.outcome_values else replace(filters, outcome="")


def _snapshot(request: HttpRequest, dataset_id: UUID) -> DatasetSnapshot:
    snapshot = queries.visible_snapshots(request.actor).filter(pk=dataset_id).first()
    if snapshot is None:
        raise Http404
    return snapshot


def _pager(page: paging.Page[Any], chosen: dict[str, str], **noun: str) -> dict[str, Any]:
    return listing.pager(chosen, page, **noun) | {"previous_label": "Newer", "next_label": "Older"}
