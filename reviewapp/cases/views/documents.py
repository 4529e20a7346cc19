"""Documents of a case: attaching one from its page, and opening one, on a path of its own."""

from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from reviewapp.cases import actions
from reviewapp.cases.documents.inspecting import TYPES
from reviewapp.cases.views.case import case_page
from reviewapp.lib import query
from reviewapp.lib.crypto import CannotDecrypt
from reviewapp.lib.errors import Conflict, Invalid, NotFound, TooMany

# Neither a picture nor the viewer that Chromium puts around a PDF needs anything; tried with both.
_POLICY = "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@require_POST
def attach(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """From the page of a case; the guard before every request has seen to it that the file is read."""
    sent = request.FILES.get("file")
    try:
        name, data = _read(sent)
        actions.attach_to_case(case_id=case_id, data=data, name=name, actor=request.actor, at=timezone.now())
    except (Invalid, Conflict, TooMany) as error:
        return _refused(request, case_id, error)
    messages.success(request, "Attached.")  # kept in a cookie, so without the file's name
    return redirect("cases:case", case_id=case_id)


def _read(sent: UploadedFile | None) -> tuple[str, bytes]:
    """An input without a file chosen is refused as an empty one is."""
    return (sent.name or "", sent.read()) if sent else ("", b"")


def _refused(request: HttpRequest, case_id: UUID, error: Invalid | Conflict | TooMany) -> HttpResponse:
    found = actions.view_case(case_id=case_id, actor=request.actor, at=timezone.now())
    return case_page(request, found, status=error.status, document_error=error.detail)


@require_safe
def document(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """The bytes, to whoever may see the case, each time anew. The browser may not guess what they are, keep them, or let another site have them."""
    query.read(request.GET, allowed=())
    try:
        kept, data = actions.open_document(document_id=document_id, actor=request.actor, at=timezone.now())
    except (NotFound, CannotDecrypt):
        raise Http404 from None
    response = HttpResponse(data, content_type=TYPES[kept.kind])
    response["Content-Disposition"] = str(content_disposition_header(False, kept.name))
    response["Content-Security-Policy"] = _POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-store"
    return response
