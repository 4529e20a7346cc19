"""Documents of a case: attaching them, and opening them, which is on record.

They are facts, so a blind case shows them, too. They are added while the case is not decided, by whoever may work on it or by the service that
sent its prediction, and never changed or taken away. What has documents is copied for no seeded case and no QA sample: they are a person's papers.
"""

import hashlib
from datetime import datetime
from typing import cast
from uuid import UUID

from reviewapp.access.idempotency import Once, durable
from reviewapp.access.rules import SUBMIT, WORK_QUEUE
from reviewapp.audit import actions as audit
from reviewapp.cases.actions.refusals import CaseDecided, DocumentThere, KnowsSubject, TooManyDocuments
from reviewapp.cases.documents.inspecting import Found, inspect, safe_name
from reviewapp.cases.evidence_queries import case_of, readable_document
from reviewapp.cases.models import Case, Document, DocumentContent
from reviewapp.cases.queries import is_recused, recused, visible_cases
from reviewapp.cases.rules import CaseState
from reviewapp.cases.story import first_prediction
from reviewapp.catalog.queries import use_cases_of
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import NotFound
from reviewapp.lib.ids import uuid7
from reviewapp.predictions.models import Prediction
from reviewapp.predictions.sealing import seal_under, unseal_under

MOST_DOCUMENTS = 20
_KNOWS = "You know the person this case is about, as you said or a lead recorded: you attach no documents to it."


def attach_to_case(
    *, case_id: UUID, data: bytes, name: str, actor: Actor, at: datetime, once: Once | None = None
) -> Document:
    """Keep what somebody who may work on the case sent as a document of it.

    :raises NotFound: if they may not. :raises KnowsSubject: if they are linked to the person. :raises CaseDecided, TooManyDocuments, DocumentThere:
    :raises Invalid: with a sentence for a file that is not kept.
    """
    _refuse_at_the_door(case_to_attach_to(case_id, actor), once)
    found, sent = inspect(data), hashlib.sha256(data).digest()
    return _attach_to_case(case_id=case_id, found=found, sent=sent, name=name, actor=actor, at=at, once=once)


@durable
def _attach_to_case(*, case_id: UUID, found: Found, sent: bytes, name: str, actor: Actor, at: datetime) -> Document:
    case = case_to_attach_to(case_id, actor)
    kept = _keep(first_prediction(case), case, found, sent=sent, name=name, actor=actor, at=at)
    data = _on_record(kept)
    audit.record("case.document_added", subject=case, actor=actor, at=at, queue_id=case.queue_id, data=data)
    return kept


def attach_to_prediction(
    *, prediction_id: UUID, data: bytes, name: str, actor: Actor, at: datetime, once: Once | None = None
) -> Document:
    """Keep what the service that may send predictions of this use case sent as a document of one. Raises as `attach_to_case` does."""
    _refuse_at_the_door(case_of(prediction_to_attach_to(prediction_id, actor)), once)
    found, sent = inspect(data), hashlib.sha256(data).digest()
    return _attach_to_prediction(
        prediction_id=prediction_id, found=found, sent=sent, name=name, actor=actor, at=at, once=once
    )


@durable
def _attach_to_prediction(
    *, prediction_id: UUID, found: Found, sent: bytes, name: str, actor: Actor, at: datetime
) -> Document:
    prediction = prediction_to_attach_to(prediction_id, actor)
    case = case_of(prediction)
    kept = _keep(prediction, case, found, sent=sent, name=name, actor=actor, at=at)
    subject, action = (case, "case.document_added") if case else (prediction, "prediction.document_added")
    queue_id = case.queue_id if case else None
    audit.record(action, subject=subject, actor=actor, at=at, queue_id=queue_id, data=_on_record(kept))
    return kept


def case_to_attach_to(case_id: UUID, actor: Actor) -> Case:
    """For a door that looks before it reads what may be large. :raises NotFound: :raises KnowsSubject:"""
    rows = visible_cases(actor, WORK_QUEUE).annotate(knows_person=recused(actor.user_id))
    case = rows.select_related("prediction__subject").filter(pk=case_id).first()
    if case is None:
        raise NotFound
    if is_recused(case, actor):
        raise KnowsSubject(_KNOWS)
    return case


def prediction_to_attach_to(prediction_id: UUID, actor: Actor) -> Prediction:
    """Likewise, of a prediction that arrived. :raises NotFound:"""
    arrived = Prediction.objects.filter(
        copy_of=None, corrects=None, use_case__in=use_cases_of(actor, SUBMIT).values("pk")
    )
    found = arrived.select_related("subject").filter(pk=prediction_id).first()
    if found is None:
        raise NotFound
    return found


def _refuse_at_the_door(case: Case | None, once: Once | None) -> None:
    """Before the file costs anything; but what comes under a key may have been answered before the decision, and the key is asked first."""
    if once is None:
        _refuse_decided(case)


def _refuse_decided(case: Case | None) -> None:
    if case is not None and case.state == CaseState.DECIDED:
        raise CaseDecided


def _keep(
    prediction: Prediction, case: Case | None, found: Found, *, sent: bytes, name: str, actor: Actor, at: datetime
) -> Document:
    """One at a time for each prediction, and none once its case is decided."""
    Prediction.objects.select_for_update(no_key=True).get(pk=prediction.pk)
    if case is not None:
        _refuse_decided(Case.objects.select_for_update(no_key=True).get(pk=case.pk))
    there = Document.objects.filter(prediction=prediction)
    if there.filter(sent_digest=sent).exists():
        raise DocumentThere
    if there.count() >= MOST_DOCUMENTS:
        raise TooManyDocuments
    return Document.objects.create(
        prediction=prediction,
        content=_sealed(prediction, found.data),
        name=safe_name(name, found.kind),
        kind=found.kind,
        size=len(found.data),
        pages=found.pages,
        width=found.width,
        height=found.height,
        digest=hashlib.sha256(found.data).digest(),
        sent_digest=sent,
        added_by_id=cast("UUID", actor.user_id),
        added_at=at,
    )


def _sealed(prediction: Prediction, data: bytes) -> DocumentContent:
    pk, subject = uuid7(), prediction.subject
    kept = data if subject is None else seal_under(subject, data, place=_place(pk))
    return DocumentContent.objects.create(pk=pk, subject=subject, data=kept)


def _place(content_id: UUID) -> str:
    return f"cases_documentcontent/data/{content_id}"


def _on_record(kept: Document) -> dict[str, str]:
    """Never its name, which may be that of a person."""
    return {"document": str(kept.pk), "document_kind": kept.kind, "sha256": bytes(kept.digest).hex()}


@durable
def open_document(*, document_id: UUID, actor: Actor, at: datetime) -> tuple[Document, bytes]:
    """A document and its bytes, for whoever may see its case; on record as evidence that they looked at.

    :raises NotFound: for anybody else. :raises crypto.CannotDecrypt: once the key of its person is destroyed.
    """
    found = readable_document(actor, document_id)
    if found is None:
        raise NotFound
    case, kept = found
    data = {"document": str(kept.pk)}
    audit.record("case.document_viewed", subject=case, actor=actor, at=at, queue_id=case.queue_id, data=data)
    content = DocumentContent.objects.select_related("subject").get(pk=kept.content_id)
    plain = bytes(content.data)
    return kept, unseal_under(content.subject, plain, place=_place(content.pk)) if content.subject else plain
