"""The pages of models: which there are, what each version is made of, and which one serves."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from reviewapp.catalog import presentation, queries, registering
from reviewapp.catalog.models import ModelVersion
from reviewapp.catalog.rules import Stage
from reviewapp.lib import listing, paging, query

ROWS = 30


@require_safe
def models(request: HttpRequest) -> HttpResponse:
    """The models of the use cases one has a right on."""
    values = query.read(request.GET, allowed=("use_case", "cursor"))
    use_cases = list(queries.visible_use_cases(request.actor).order_by("name").values_list("slug", "name")[:100])
    chosen = listing.one_of(values, "use_case", use_cases)
    rows = queries.with_live_version(queries.visible_models(request.actor))
    if chosen:
        rows = rows.filter(use_case__slug=chosen)
    page = paging.paginate(
        rows, order=("name",), cursor=values.get("cursor"), size=ROWS, purpose=f"models page {chosen}"
    )
    context = {
        "rows": page.rows,
        "pager": listing.pager(values, page, one="model", many="models"),
        "filters": {
            "selects": [listing.select("use_case", "Use case", use_cases, chosen)],
            "clear_url": request.path if chosen else None,
        },
    }
    return render(request, "catalog/models.html", context)


@require_safe
def model(request: HttpRequest, name: str) -> HttpResponse:
    """The versions of one model, newest first."""
    values = query.read(request.GET, allowed=("cursor",))
    found = queries.visible_models(request.actor).filter(name=name).first()
    if found is None:
        raise Http404
    page = paging.paginate(
        queries.versions_of(found), order=("-registered_at", "-id"), cursor=values.get("cursor"), size=ROWS,
        purpose=f"versions page {found.pk}",
    )  # fmt: skip
    context = {
        "model": found,
        "versions": [presentation.version_row(row) for row in page.rows],
        "pager": listing.pager(values, page, one="version", many="versions"),
    }
    return render(request, "catalog/model.html", context)


@require_safe
def version(request: HttpRequest, name: str, version_id: UUID) -> HttpResponse:
    """One version: how good, made from what, with which inputs."""
    query.read(request.GET, allowed=())
    found = _version(request, name, version_id)
    context = {
        "version": found,
        "model": found.model,
        "live": queries.versions_of(found.model).filter(stage=Stage.LIVE).first(),
        "may_manage": queries.may_manage(request.actor, found.model.use_case),
    }
    return render(request, "catalog/version.html", context | presentation.version_page(found))


@require_POST
def promote(request: HttpRequest, name: str, version_id: UUID) -> HttpResponse:
    return _moved(request, name, version_id, registering.promote, "is live. It scores what arrives from now on.")


@require_POST
def retire(request: HttpRequest, name: str, version_id: UUID) -> HttpResponse:
    return _moved(request, name, version_id, registering.retire, "is retired.")


def _moved(
    request: HttpRequest, name: str, version_id: UUID, move: Callable[..., ModelVersion], words: str
) -> HttpResponse:
    found = _version(request, name, version_id)
    try:
        move(version=found, actor=request.actor, at=timezone.now())
    except registering.StageConflict as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, f"{found.model.name} {found.version} {words}")
    return redirect("catalog:version", found.model.name, found.pk)


def _version(request: HttpRequest, name: str, version_id: UUID) -> ModelVersion:
    return queries.visible_version(request.actor, name, version_id)
