"""Reads of corrections and documents."""

from uuid import UUID

from django.db.models import Q

from reviewapp.cases.models import Case, Correction, Document
from reviewapp.cases.models.evidence import APPLIED, WAITING
from reviewapp.cases.queries import visible_cases
from reviewapp.cases.story import first_prediction
from reviewapp.lib.actor import Actor
from reviewapp.predictions.models import Prediction


def corrections_of(case: Case) -> list[Correction]:
    """Those that are in force and the one that waits, oldest first; no statement where there is none. `case.prediction` is loaded.

    Of one that came to nothing the story tells.
    """
    if not case.is_correcting and case.prediction.corrects_id is None:
        return []
    rows = case.corrections.filter(state__in=[WAITING, APPLIED]).select_related("before", "after")
    return list(rows.order_by("pk"))


def correction_of(case: Case, pk: UUID) -> Correction | None:
    """One that is in force, with what a page shows of the prediction that it replaced."""
    loaded = ("before__explanation", "before__model_version__model", "before__routing", "after")
    return case.corrections.filter(pk=pk, state=APPLIED).select_related(*loaded).first()


def case_of(prediction: Prediction) -> Case | None:
    """The case that this prediction opened, or that went on with it or from it when inputs were corrected; with its queue."""
    stands = Case.objects.filter(prediction=prediction).select_related("queue").first()
    if stands is not None:
        return stands
    made = Correction.objects.select_related("case__queue").filter(Q(before=prediction) | Q(after=prediction)).first()
    return made.case if made else None


def documents_of(case: Case) -> list[Document]:
    """Without their bytes, oldest first; no statement for a case that has none. `case` as `whole_case` loads it."""
    if case.prediction.corrects_id is None and not vars(case)["has_documents"]:
        return []
    return list(Document.objects.filter(prediction=first_prediction(case).pk).select_related("added_by").order_by("pk"))


def readable_document(actor: Actor, pk: UUID) -> tuple[Case, Document] | None:
    """A document with the case through which the actor may see it."""
    kept = Document.objects.filter(pk=pk).select_related("prediction").first()
    case = case_of(kept.prediction) if kept else None
    if kept is None or case is None or not visible_cases(actor).filter(pk=case.pk).exists():
        return None
    return case, kept
