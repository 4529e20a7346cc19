"""The documents of a case in words, and as the API lists them. Never their bytes."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.template.defaultfilters import filesizeformat
from django.urls import reverse

from reviewapp.cases.models import Case, Document
from reviewapp.cases.story import first_prediction


def documents_context(documents: Sequence[Document], *, hidden: Collection[UUID] = ()) -> list[dict[str, Any]]:
    """The context of cases/_documents.html. :param hidden: people who are not named, as in the timeline."""
    return [
        {
            "name": kept.name,
            "url": reverse("cases:document", args=[kept.pk]),
            "is_picture": kept.kind != "pdf",
            "width": kept.width,
            "height": kept.height,
            "size_text": f"{_size(kept)}, {filesizeformat(kept.size)}",
            "who": "a colleague" if kept.added_by_id in hidden else kept.added_by.display_name,
            "at": kept.added_at,
        }
        for kept in documents
    ]


def _size(kept: Document) -> str:
    if kept.kind == "pdf":
        return f"PDF, {kept.pages} page{'' if kept.pages == 1 else 's'}"
    return f"picture, {kept.width} × {kept.height}"


def document_answer(kept: Document) -> dict[str, Any]:
    """One document as the API tells of it."""
    return attached_answer(kept) | {"name": kept.name}


def attached_answer(kept: Document) -> dict[str, Any]:
    """What is kept with an Idempotency-Key: without its name, which may be that of a person."""
    return {
        "id": str(kept.pk),
        "kind": kept.kind,
        "size": kept.size,
        "pages": kept.pages,
        "width": kept.width,
        "height": kept.height,
        "sha256": bytes(kept.digest).hex(),
        "added_at": kept.added_at,
        "url": reverse("cases:document", args=[kept.pk]),
    }


def documents_answer(case_id: UUID) -> list[dict[str, Any]]:
    """Those of a case, oldest first."""
    first = first_prediction(Case.objects.select_related("prediction").get(pk=case_id))
    return [document_answer(kept) for kept in Document.objects.filter(prediction=first.pk).order_by("pk")]
