"""Who may what: every address and method, for every role, on what is theirs, on what is another office's, and on what is not there.

An address of the URLconf that the table does not name must refuse every method; so a new one fails here until it is written down.
"""

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from reviewapp.access.models import ApiKey, User
from reviewapp.access.rules import MANAGE, Role, Scope
from reviewapp.audit.models import AuditEvent
from reviewapp.cases.actions.settings import SETTINGS
from reviewapp.cases.models import Case, Correction, Document, DocumentContent, Recusal
from reviewapp.cases.models.discussion import Comment, ReopenRequest
from reviewapp.datasets.models import DatasetSnapshot
from reviewapp.notifications.queries import audible
from reviewapp.predictions.actions import copy as copy_prediction
from tests import factories
from tests.factories import Office

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PEOPLE = ("reviewer", "lead", "admin", "auditor", "ml")
ROLES = ("anonymous", *PEOPLE, "stranger", "key", "unscoped")
TARGETS = ("own", "other", "absent")
R, L, A, U, M, K = "reviewer", "lead", "admin", "auditor", "ml", "key"

Statuses = Mapping[str, int]


def to(status: int, *roles: str) -> dict[str, int]:
    return dict.fromkeys(roles, status)


ALL = PEOPLE
WORKERS, READERS = (R, L), (R, L, U)


@dataclass(frozen=True)
class Row:
    """What one method of one address answers.

    :param on_own: by role, for what is theirs; whoever is not named gets `otherwise`.
    :param otherwise: for signed-in people and machines that may not, or whose it is not.
    :param by_object: whether the address (or `send`) names something that belongs to an office.
    :param is_public: nobody is asked who they are; then `on_own` is for everyone.
    """

    on_own: Statuses
    otherwise: int = 404
    by_object: bool = False
    public: int | None = None
    send: Mapping[str, Any] = field(default_factory=dict)
    query: str = ""


def role_page(status: int, *roles: str, **more: Any) -> Row:
    """A page for certain roles: the others are told that they may not."""
    return Row(to(status, *roles), otherwise=403, **more)


def only(status: int, *roles: str, **more: Any) -> Row:
    """A page that is not there for the others."""
    return Row(to(status, *roles), **more)


def everyone(status: int, **more: Any) -> Row:
    return Row({}, otherwise=status, **more)


def of_office(status: int, *roles: str, **more: Any) -> Row:
    """Something of one office: to everybody else it is not there."""
    return Row(to(status, *roles), by_object=True, **more)


def public(status: int, **more: Any) -> Row:
    return Row({}, public=status, **more)


LEASE = {"lease": "1", "choice": "agree"}
KNOWN = {"external_id": "APP-NONE", "outcome": "deny", "reason": "Paid back"}
RULING = {"ruling": "stands", "reason": "As the payslip says"}
WAITS = {"lease": "1", "follow_up": "2h", "awaited": "payslip"}
READ_CATALOG = (R, L, A, U, M)

PAGES: dict[tuple[str, str], Row] = {
    ("GET", "/"): everyone(302),
    ("GET", "/sign-in/"): everyone(302, public=200),
    ("POST", "/sign-in/"): public(400),
    ("POST", "/sign-out/"): everyone(302),
    ("GET", "/password/"): everyone(200),
    ("POST", "/password/"): everyone(400),
    ("POST", "/preferences/"): everyone(400),
    ("GET", "/preferences/keys/"): everyone(200),
    ("POST", "/preferences/keys/"): everyone(302),  # only ever one's own
    ("GET", "/people/"): role_page(200, A),
    ("GET", "/people/new/"): role_page(200, A),
    ("POST", "/people/new/"): role_page(422, A),
    ("GET", "/people/roles/<str:name>/"): role_page(200, A),
    ("POST", "/people/roles/<str:name>/rights/"): role_page(302, A),
    ("GET", "/people/<uuid:pk>/"): role_page(200, A),
    ("POST", "/people/<uuid:pk>/roles/"): role_page(302, A),
    ("POST", "/people/<uuid:pk>/state/"): role_page(302, A, send={"active": "no"}),
    ("POST", "/people/<uuid:pk>/password/"): role_page(200, A),
    ("POST", "/people/<uuid:pk>/rights/"): role_page(302, A),
    ("GET", "/keys/"): role_page(200, A),
    ("GET", "/keys/new/"): role_page(200, A),
    ("POST", "/keys/new/"): role_page(422, A),
    ("POST", "/keys/<uuid:pk>/revoke/"): role_page(302, A),
    ("GET", "/audit/"): role_page(200, A, U),
    ("GET", "/audit/<uuid:event_uuid>/"): role_page(200, A, U),
    ("GET", "/my-work/"): everyone(200),
    ("POST", "/my-work/away/"): everyone(302),  # only ever one's own
    ("GET", "/my-work/queues/"): everyone(200),
    ("GET", "/queues/"): everyone(200),
    ("GET", "/queues/<slug:slug>/"): of_office(200, *READERS),
    ("GET", "/queues/<slug:slug>/news/"): of_office(200, *READERS, query="since=0"),
    ("GET", "/queues/<slug:slug>/ahead/"): of_office(204, *WORKERS),
    ("POST", "/queues/<slug:slug>/next/"): of_office(302, *WORKERS),
    ("GET", "/queues/<slug:slug>/settings/"): of_office(200, L),
    ("POST", "/queues/<slug:slug>/settings/<slug:section>/"): of_office(422, L),
    ("GET", "/board/"): only(200, L),
    ("GET", "/board/figures/"): only(200, L),
    ("GET", "/board/news/"): only(200, L),
    ("POST", "/board/preview/"): only(302, L, send={"act": "release"}),  # nothing is ticked
    ("POST", "/board/act/"): only(409, L, send={"act": "release"}),  # nothing was previewed
    ("GET", "/board/forecast/"): only(200, L),
    ("GET", "/board/forecast/lines/"): only(200, L),
    ("POST", "/board/forecast/<slug:slug>/shift/"): of_office(422, L),
    ("GET", "/adjudication/"): only(200, L),
    ("POST", "/adjudication/next/"): only(302, L),
    ("GET", "/cases/<uuid:case_id>/"): of_office(200, *READERS),
    ("GET", "/cases/<uuid:case_id>/news/"): of_office(200, *READERS),
    ("GET", "/cases/<uuid:case_id>/presence/"): of_office(200, *READERS),
    ("POST", "/cases/<uuid:case_id>/claim/"): of_office(302, *WORKERS),
    ("POST", "/cases/<uuid:case_id>/review/"): of_office(409, *WORKERS, send=LEASE),
    ("POST", "/cases/<uuid:case_id>/pend/"): of_office(409, *WORKERS, send=WAITS),
    ("POST", "/cases/<uuid:case_id>/release/"): of_office(302, *WORKERS, send=LEASE),
    ("POST", "/cases/<uuid:case_id>/recuse/"): of_office(302, *WORKERS, send=LEASE),
    ("POST", "/cases/<uuid:case_id>/undo/"): of_office(
        302, *READERS
    ),  # of an answer of one's own, else it says that there is none
    ("POST", "/cases/<uuid:case_id>/reopen/"): Row(to(302, L) | to(403, R, U), by_object=True, send={"reason": "r"}),
    ("POST", "/cases/<uuid:case_id>/heartbeat/"): of_office(409, *WORKERS, send=LEASE),
    ("POST", "/cases/<uuid:case_id>/draft/"): of_office(200, *WORKERS, send=LEASE),
    ("POST", "/cases/<uuid:case_id>/discard/"): everyone(302),  # only ever one's own draft
    ("POST", "/cases/<uuid:case_id>/what-if/"): of_office(409, *READERS),  # the office's model runs elsewhere
    ("POST", "/cases/<uuid:case_id>/flips/"): of_office(409, *READERS),  # likewise
    ("GET", "/cases/<uuid:case_id>/similar/"): of_office(200, *READERS),
    ("POST", "/cases/<uuid:case_id>/comments/"): of_office(302, *READERS, send={"text": "Seen"}),
    ("POST", "/cases/<uuid:case_id>/comments/<uuid:comment_id>/withdraw/"): of_office(
        302, *READERS
    ),  # of a comment of one's own, else it says that it is not
    ("GET", "/my-work/mentions/"): everyone(200),
    ("GET", "/cases/<uuid:case_id>/correct/"): of_office(302, *WORKERS),  # whoever does not hold it is told so
    ("POST", "/cases/<uuid:case_id>/correct/"): of_office(302, *WORKERS, send=LEASE),
    ("GET", "/cases/<uuid:case_id>/corrections/<uuid:correction_id>/"): of_office(200, *READERS),
    ("POST", "/cases/<uuid:case_id>/ask-reopening/"): Row(
        to(302, R, L) | to(403, U), by_object=True, send={"reason": "r"}
    ),
    ("GET", "/reopenings/"): only(200, L),
    ("POST", "/reopenings/<uuid:request_id>/grant/"): of_office(302, L),
    ("POST", "/reopenings/<uuid:request_id>/decline/"): of_office(302, L, send={"reason": "r"}),
    ("POST", "/cases/<uuid:case_id>/documents/"): of_office(422, *WORKERS),  # no file is chosen
    ("GET", "/documents/<uuid:document_id>/"): of_office(200, *READERS),
    ("GET", "/reviews/"): everyone(200),
    ("GET", "/cases/<uuid:case_id>/conflict/"): of_office(200, L),
    ("POST", "/cases/<uuid:case_id>/conflict/"): of_office(422, L),
    ("GET", "/queues/<slug:slug>/skills/"): of_office(200, L),
    ("POST", "/queues/<slug:slug>/skills/"): of_office(422, L),
    ("GET", "/conflicts/"): only(200, L),
    ("POST", "/conflicts/<uuid:conflict_id>/end/"): of_office(302, L),
    ("GET", "/quality/"): only(200, L, U),
    ("GET", "/quality/reliance/"): only(200, L, U),
    ("GET", "/quality/mine/"): everyone(200),
    ("GET", "/quality/samples/"): only(200, L, U),
    ("GET", "/quality/answers/"): only(200, L),
    ("POST", "/quality/answers/<slug:slug>/"): of_office(422, L, send={"lines": "no CSV"}),
    ("GET", "/quality/samples/line/"): only(200, L, U),
    ("POST", "/quality/samples/<uuid:sample_id>/resolve/"): of_office(302, L, send=RULING),
    ("GET", "/models/"): everyone(200),
    ("GET", "/models/<slug:name>/"): of_office(200, *READ_CATALOG),
    ("GET", "/models/<slug:name>/<uuid:version_id>/"): of_office(200, *READ_CATALOG),
    ("POST", "/models/<slug:name>/<uuid:version_id>/promote"): of_office(302, A),
    ("POST", "/models/<slug:name>/<uuid:version_id>/retire"): of_office(302, A),
    ("GET", "/policies/"): everyone(302),  # with one use case, straight to its policy
    ("GET", "/policies/<slug:slug>/"): of_office(200, *READ_CATALOG),
    ("GET", "/policies/<slug:slug>/<int:number>/"): of_office(200, *READ_CATALOG),
    ("GET", "/policies/<slug:slug>/publish"): of_office(200, A),
    ("POST", "/policies/<slug:slug>/publish"): of_office(422, A),
    ("GET", "/predictions/<uuid:prediction_id>/routing/"): of_office(200, R, L, U, M),
    ("GET", "/labels/"): role_page(200, M),
    ("GET", "/datasets/"): role_page(200, M),
    ("POST", "/datasets/freeze"): role_page(422, M),
    ("GET", "/datasets/<uuid:dataset_id>/"): of_office(200, M),
    ("GET", "/datasets/<uuid:dataset_id>/progress"): of_office(200, M),
    ("GET", "/datasets/<uuid:dataset_id>/manifest"): of_office(409, M),
    ("GET", "/datasets/<uuid:dataset_id>/download"): of_office(409, M, query="format=csv"),
    ("GET", "/help/"): everyone(200),
    ("GET", "/help/<slug:role>/"): everyone(200),
    ("GET", "/healthz"): public(200),
    ("GET", "/readyz"): public(503),  # no worker runs here
    ("GET", "/metrics"): public(200),
    ("GET", "/api/docs/"): public(200),
    ("GET", "/api/v1/openapi.json"): public(200),
}

PREDICTION = {"use_case": "{slug}"}
HOLD = {"lease": 1}
TOMORROW = (factories.now() + timedelta(days=1)).isoformat()
SOON = (factories.now() + timedelta(hours=8)).isoformat()
BULK = {"act": "release", "cases": [str(uuid4())], "reason": "The shift ends"}
API: dict[tuple[str, str], tuple[Scope, Row]] = {
    ("GET", "/api/v1/audit-events"): (Scope.AUDIT_READ, role_page(200, A, U)),
    ("GET", "/api/v1/use-cases"): (Scope.CATALOG_READ, everyone(200)),
    ("GET", "/api/v1/models"): (Scope.CATALOG_READ, everyone(200)),
    ("GET", "/api/v1/models/<slug:name>/versions"): (Scope.CATALOG_READ, of_office(200, *READ_CATALOG, K)),
    ("GET", "/api/v1/predictions"): (Scope.PREDICTIONS_READ, everyone(200)),
    ("POST", "/api/v1/predictions"): (
        Scope.PREDICTIONS_WRITE,
        Row(to(201, K), otherwise=422, by_object=True, send=PREDICTION),
    ),
    ("POST", "/api/v1/predictions/batch"): (Scope.PREDICTIONS_WRITE, everyone(400)),
    ("GET", "/api/v1/predictions/<uuid:prediction_id>"): (Scope.PREDICTIONS_READ, of_office(200, M, K)),
    ("GET", "/api/v1/adjudications"): (Scope.CASES_LEAD, only(200, L)),
    ("GET", "/api/v1/quality/agreement"): (Scope.CASES_LEAD, of_office(200, L, U, query="queue={slug}")),
    ("GET", "/api/v1/quality/reliance"): (Scope.CASES_LEAD, of_office(200, L, U, query="queue={slug}")),
    ("GET", "/api/v1/queues/<slug:slug>/skills"): (Scope.CASES_LEAD, of_office(200, L)),
    ("POST", "/api/v1/queues/<slug:slug>/skills"): (
        Scope.CASES_LEAD,
        Row(to(200, L) | to(403, R, U), by_object=True, send={"person": "{worker}", "skills": ["cardiology"]}),
    ),
    ("GET", "/api/v1/me/keys"): (Scope.CASES_REVIEW, everyone(200)),
    ("PUT", "/api/v1/me/keys"): (
        Scope.CASES_REVIEW,
        everyone(200, send={"own_keys": {"a": "q"}}),
    ),  # only ever one's own
    ("GET", "/api/v1/me/absence"): (Scope.CASES_REVIEW, everyone(200)),
    ("PUT", "/api/v1/me/absence"): (Scope.CASES_REVIEW, everyone(200, send={"away_until": TOMORROW})),  # likewise
    ("PUT", "/api/v1/queues/<slug:slug>/shift"): (
        Scope.CASES_LEAD,
        of_office(200, L, send={"people": 3, "until": SOON}),
    ),
    ("DELETE", "/api/v1/queues/<slug:slug>/shift"): (Scope.CASES_LEAD, of_office(204, L)),
    ("GET", "/api/v1/conflicts"): (Scope.CASES_LEAD, only(200, L)),
    ("POST", "/api/v1/conflicts/<uuid:conflict_id>/end"): (
        Scope.CASES_LEAD,
        of_office(200, L, send={"reason": "r"}),
    ),
    ("POST", "/api/v1/quality/answers"): (
        Scope.CASES_LEAD,
        Row(
            to(422, L), by_object=True, send={"queue": "{slug}", "items": [KNOWN]}
        ),  # the office has no such prediction
    ),
    ("GET", "/api/v1/quality/samples"): (Scope.CASES_LEAD, of_office(200, L, U, query="queue={slug}")),
    ("POST", "/api/v1/quality/samples/<uuid:sample_id>/resolve"): (Scope.CASES_LEAD, of_office(200, L, send=RULING)),
    ("GET", "/api/v1/forecasts"): (Scope.CASES_LEAD, only(200, L)),
    ("GET", "/api/v1/board"): (Scope.CASES_LEAD, only(200, L)),
    ("POST", "/api/v1/cases/bulk"): (Scope.CASES_LEAD, only(200, L, send=BULK)),
    ("GET", "/api/v1/cases"): (Scope.CASES_READ, everyone(200)),
    ("GET", "/api/v1/cases/<uuid:case_id>"): (Scope.CASES_READ, of_office(200, *READERS)),
    ("POST", "/api/v1/cases/<uuid:case_id>/heartbeat"): (Scope.CASES_REVIEW, of_office(409, *WORKERS, send=HOLD)),
    ("POST", "/api/v1/cases/<uuid:case_id>/claim"): (Scope.CASES_REVIEW, of_office(200, *WORKERS)),
    ("POST", "/api/v1/cases/<uuid:case_id>/pend"): (
        Scope.CASES_REVIEW,
        of_office(409, *WORKERS, send={**HOLD, "follow_up_at": TOMORROW, "awaited": "payslip"}),
    ),
    ("POST", "/api/v1/cases/<uuid:case_id>/release"): (Scope.CASES_REVIEW, of_office(409, *WORKERS, send=HOLD)),
    ("POST", "/api/v1/cases/<uuid:case_id>/recuse"): (Scope.CASES_REVIEW, of_office(409, *WORKERS, send=HOLD)),
    ("POST", "/api/v1/cases/<uuid:case_id>/undo"): (Scope.CASES_REVIEW, of_office(409, *READERS)),
    ("POST", "/api/v1/cases/<uuid:case_id>/reopen"): (
        Scope.CASES_REVIEW,
        Row(to(409, L) | to(403, R, U), by_object=True, send={"reason": "r"}),
    ),
    ("POST", "/api/v1/cases/<uuid:case_id>/review"): (
        Scope.CASES_REVIEW,
        of_office(409, *WORKERS, send={**HOLD, "answer": "agree"}),
    ),
    ("POST", "/api/v1/cases/<uuid:case_id>/what-if"): (
        Scope.CASES_READ,
        of_office(409, *READERS, send={"changes": {"income": 1}}),  # the office's model runs elsewhere
    ),
    ("POST", "/api/v1/cases/<uuid:case_id>/flips"): (Scope.CASES_READ, of_office(409, *READERS)),
    ("GET", "/api/v1/cases/<uuid:case_id>/similar"): (Scope.CASES_READ, of_office(200, *READERS)),
    ("GET", "/api/v1/cases/<uuid:case_id>/presence"): (Scope.CASES_READ, of_office(200, *READERS)),
    ("GET", "/api/v1/cases/<uuid:case_id>/comments"): (Scope.CASES_READ, of_office(200, *READERS)),
    ("POST", "/api/v1/cases/<uuid:case_id>/comments"): (
        Scope.CASES_REVIEW,
        of_office(201, *READERS, send={"text": "Seen"}),
    ),
    ("POST", "/api/v1/cases/<uuid:case_id>/comments/<uuid:comment_id>/withdraw"): (
        Scope.CASES_REVIEW,
        of_office(403, *READERS),  # somebody else wrote it
    ),
    ("POST", "/api/v1/cases/<uuid:case_id>/reopen-requests"): (
        Scope.CASES_REVIEW,
        Row(to(409, R, L) | to(403, U), by_object=True, send={"reason": "r"}),  # the case is not decided
    ),
    ("GET", "/api/v1/reopen-requests"): (Scope.CASES_READ, everyone(200)),
    ("POST", "/api/v1/reopen-requests/<uuid:request_id>/grant"): (
        Scope.CASES_LEAD,
        of_office(409, L),  # of a case that is open again
    ),
    ("POST", "/api/v1/reopen-requests/<uuid:request_id>/decline"): (
        Scope.CASES_LEAD,
        of_office(200, L, send={"reason": "r"}),
    ),
    ("GET", "/api/v1/mentions"): (Scope.CASES_READ, everyone(200)),
    ("POST", "/api/v1/cases/<uuid:case_id>/corrections"): (
        Scope.CASES_REVIEW,
        of_office(409, *WORKERS, send={**HOLD, "changes": {"income": 1}, "sources": {"income": "payslip"}}),
    ),
    ("POST", "/api/v1/cases/<uuid:case_id>/documents"): (Scope.CASES_REVIEW, of_office(415, *WORKERS)),  # see UPLOADS
    ("POST", "/api/v1/predictions/<uuid:prediction_id>/documents"): (
        Scope.PREDICTIONS_WRITE,
        of_office(415, K),
    ),  # likewise
    ("GET", "/api/v1/queues/<slug:slug>"): (Scope.CASES_READ, of_office(200, *READERS)),
    ("PATCH", "/api/v1/queues/<slug:slug>"): (
        Scope.CASES_LEAD,
        Row(to(200, L) | to(403, R, U), by_object=True, send={"lease_minutes": 20}),
    ),
    ("POST", "/api/v1/queues/<slug:slug>/claim"): (Scope.CASES_REVIEW, of_office(200, *WORKERS)),
    ("GET", "/api/v1/labels"): (Scope.LABELS_READ, of_office(200, M, query="use_case={slug}")),
    ("GET", "/api/v1/datasets"): (Scope.LABELS_READ, of_office(200, M, query="use_case={slug}")),
    ("POST", "/api/v1/datasets"): (
        Scope.DATASETS_WRITE,
        Row(to(201, M) | to(403, R, A, U), by_object=True, send={"use_case": "{slug}", "name": "n"}),
    ),
    ("GET", "/api/v1/datasets/<uuid:dataset_id>"): (Scope.LABELS_READ, of_office(200, M)),
    ("GET", "/api/v1/datasets/<uuid:dataset_id>/manifest"): (Scope.LABELS_READ, of_office(409, M)),
    ("GET", "/api/v1/datasets/<uuid:dataset_id>/download"): (Scope.LABELS_READ, of_office(409, M, query="format=csv")),
}
# Where a role is refused for what it is, before anybody looks whose the object is.
BY_ROLE_FIRST = {("POST", "/api/v1/datasets"): {R, A, U, "stranger"}}


@dataclass(frozen=True)
class World:
    """A browser or key for every role, and the parts of addresses by target."""

    clients: Mapping[str, Client]
    users: Mapping[str, User]
    names: Mapping[str, Mapping[str, str]]
    scopes: Callable[..., str]


@pytest.fixture
def world(office: Office, sign_in: Callable[[User], Client]) -> World:
    elsewhere = factories.make_office("elsewhere")
    users = {
        "reviewer": factories.make_reviewer("alice", office),
        "lead": factories.make_lead("carol", office),
        "admin": factories.make_user("dana", Role.ADMIN),
        "auditor": factories.make_auditor("frank", office),
        "ml": factories.make_ml("mlteam", office),
        "stranger": factories.make_reviewer("mallory", elsewhere),
        "key": office.sender,
    }
    factories.grant(users["admin"], MANAGE, office.use_case)
    clients = {"anonymous": Client(), **{role: sign_in(user) for role, user in users.items() if role != "key"}}
    clients["key"] = _with_key(factories.make_key(office.sender, *Scope))
    names = {"own": _names(office), "other": _names(elsewhere), "absent": _absent()}
    return World(clients, users, names, lambda *scopes: factories.make_key(office.sender, *scopes))


def _with_key(token: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {token}"})


def _names(office: Office) -> dict[str, str]:
    """What stands for each part of an address, by its name there."""
    slug = office.use_case.slug
    case = office.send()
    version = factories.make_model(office.use_case, name=f"{slug}-risk")
    owner = factories.make_user(f"{slug}-somebody", Role.REVIEWER)
    snapshot = DatasetSnapshot.objects.create(
        use_case=office.use_case, name="n", up_to_position=0, requested_by=owner, requested_at=factories.now()
    )
    factories.make_key(office.sender, Scope.CASES_READ)
    return {
        "slug": slug,
        "case_id": str(case.pk),
        "document_id": str(_attached(case, owner).pk),
        "correction_id": str(_corrected(case, owner).pk),
        "prediction_id": str(case.prediction_id),
        "name": f"{slug}-risk",
        "version_id": str(version.pk),
        "dataset_id": str(snapshot.pk),
        "comment_id": str(_comment(case, owner).pk),
        "request_id": str(_request(case, owner).pk),
        "sample_id": str(factories.make_sample(office, owner).pk),
        "number": "1",
        "section": "basics",
        "event_uuid": str(AuditEvent.objects.filter(object_id=str(case.prediction_id)).get().event_uuid),
        "person": str(owner.pk),
        "worker": _worker(office),
        "conflict_id": str(_conflict(case, owner).pk),
        "key": str(ApiKey.objects.filter(owner=office.sender).latest("id").pk),
        "role": "reviewer",
    }


def _worker(office: Office) -> str:
    return factories.make_reviewer(f"{office.use_case.slug}-worker", office).username


def _conflict(case: Case, owner: User) -> Recusal:
    return Recusal.objects.create(
        user=owner, case=case, recorded_by=owner, reason="They are neighbours.", made_at=factories.now()
    )


def _comment(case: Case, author: User) -> Comment:
    """Of somebody who may not see the case any more."""
    written = {"text": "Seen", "round": 1, "knew_answers": False, "knew_model": True, "written_at": factories.now()}
    return Comment.objects.create(case=case, author=author, **written)


def _attached(case: Case, owner: Any) -> Document:
    content = DocumentContent.objects.create(data=b"%PDF-")
    given = {"name": "a.pdf", "kind": "pdf", "size": 5, "pages": 1, "digest": b"", "sent_digest": b""}
    return Document.objects.create(
        prediction=case.prediction, content=content, added_by=owner, added_at=factories.now(), **given
    )


def _corrected(case: Case, owner: Any) -> Correction:
    """One on record; what the model said of it is of no matter here."""
    at = factories.now()
    after = copy_prediction(case.prediction, external_id=f"{case.external_id}-C", at=at)
    given = {"round": 1, "stage": "first", "sources": {"income": "payslip"}, "state": "applied", "ended_at": at}
    return Correction.objects.create(
        case=case, before=case.prediction, after_id=after, made_by=owner, made_at=at, **given
    )


def _request(case: Case, asker: User) -> ReopenRequest:
    return ReopenRequest.objects.create(case=case, round=1, asked_by=asker, asked_at=factories.now(), reason="r")


def _absent() -> dict[str, str]:
    ids = (
        "case_id",
        "comment_id",
        "conflict_id",
        "request_id",
        "document_id",
        "sample_id",
        "prediction_id",
        "version_id",
        "dataset_id",
        "event_uuid",
        "person",
        "key",
        "correction_id",
    )
    return {name: str(uuid4()) for name in ids} | {
        "slug": "nowhere",
        "worker": "nobody",
        "name": "nothing",
        "number": "1",
        "section": "basics",
        "role": "nobody",
    }


def address(route: str, names: Mapping[str, str]) -> str:
    def part(match: re.Match[str]) -> str:
        if route.startswith("/people/roles/"):
            return {"loans-risk": "Reviewer", "elsewhere-risk": "Lead"}.get(names["name"], "Nobody")
        if match[1] == "pk":
            return names["key" if route.startswith("/keys/") else "person"]
        return names[match[1]]

    return re.sub(r"<\w+:(\w+)>", part, route)


def question(world: World, method: str, route: str, row: Row, target: str) -> tuple[str, str, bytes, str]:
    """Method, address, body and kind of body. Where nothing in them names a target, the three are one and the same."""
    names = world.names[target]
    path = address(route, names) + (f"?{row.query.format(**names)}" if row.query else "")
    if method == "GET":
        return method, path, b"", "application/octet-stream"
    if not route.startswith("/api/"):
        return method, path, _form(row.send).encode(), "application/x-www-form-urlencoded"
    sent = {n: value.format(**names) if isinstance(value, str) else value for n, value in row.send.items()}
    if row.send is PREDICTION:
        sent = factories.prediction_body(sent["use_case"], external_id="AUTH-1")
    return method, path, _json(sent), "application/json"


def ask(client: Client, method: str, path: str, content: bytes, kind: str) -> Any:
    """One request whose effects are undone, in the database and in the browser."""
    point, cookies = transaction.savepoint(), copy.deepcopy(client.cookies)
    try:
        return client.generic(method, path, content, content_type=kind)
    finally:
        transaction.savepoint_rollback(point)
        client.cookies = cookies


def _form(values: Mapping[str, Any]) -> str:
    return "&".join(f"{name}={value}" for name, value in values.items())


def _json(values: Any) -> bytes:
    import orjson

    return orjson.dumps(values)


def routes() -> Iterator[str]:
    yield from _walk(get_resolver().url_patterns, "/")


def _walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[str]:
    for entry in patterns:
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, prefix + str(entry.pattern))
        else:
            yield prefix + str(entry.pattern)


ROUTES = sorted(set(routes()))
TABLE: dict[tuple[str, str], Row] = PAGES | {place: row for place, (_, row) in API.items()}


def expected(place: tuple[str, str], row: Row, role: str, target: str) -> int:
    """The status the table promises."""
    is_api = place in API
    if row.public is not None and (
        role in {"anonymous", "key", "unscoped"} or not row.otherwise or row.otherwise == 404
    ):
        return row.public
    if role == "anonymous":
        return 401 if is_api else 302
    if role == "unscoped" or (role == "key" and not is_api):
        return 403
    if row.by_object:
        return _expected_of_object(place, row, role, target)
    status = row.on_own.get(role, row.otherwise)
    is_gone = target == "absent" and "<" in place[1] and status != 403 and not place[1].endswith("/discard/")
    return 404 if is_gone else status


def _expected_of_object(place: tuple[str, str], row: Row, role: str, target: str) -> int:
    if role in BY_ROLE_FIRST.get(place, ()):
        return 403
    theirs = "other" if role == "stranger" else "own"
    if target != theirs:
        return row.otherwise
    return row.on_own.get("reviewer" if role == "stranger" else role, row.otherwise)


def plain(answer: Any) -> bytes:
    """What is said, without the tokens, the time and the id of the request, and the address that was asked for."""
    return re.sub(
        rb'(csrfmiddlewaretoken" value|name="next" value|data-now)="[^"]*"|request <code>\w+', b"", answer.content
    )


def part_of(route: str) -> str:
    """A world is dear to build, so all addresses of a part are asked in one; there are as many parts as processes can share."""
    return ("api " if route.startswith("/api/") else "") + ("cases" if "/cases/" in route else "others")


PARTS = sorted({part_of(route) for route in ROUTES})


@pytest.mark.parametrize("part", PARTS)
def test_every_role_gets_what_the_table_says(world, part):
    got, wanted = {}, {}
    for place, row in TABLE.items():
        if part_of(place[1]) != part:
            continue
        clients = dict(world.clients)
        if place in API:
            clients["unscoped"] = _with_key(world.scopes(*(set(Scope) - {API[place][0]})))
        asked = {target: question(world, *place, row, target) for target in TARGETS}
        for role, client in clients.items():
            answers = {sent: ask(client, *sent).status_code for sent in dict.fromkeys(asked.values())}
            for target in TARGETS:
                got[*place, role, target] = answers[asked[target]]
                wanted[*place, role, target] = expected(place, row, role, target)
    assert got == wanted


@pytest.mark.parametrize("part", sorted({part_of(route) for (_, route), row in TABLE.items() if row.by_object}))
def test_what_is_hidden_answers_like_what_is_not_there(world, part):
    for (method, route), row in TABLE.items():
        if not row.by_object or part_of(route) != part:
            continue
        asked = [question(world, method, route, row, target) for target in ("other", "absent")]
        for role in ("reviewer", "lead", "admin", "auditor", "ml", "key"):
            hidden, absent = (ask(world.clients[role], *sent) for sent in asked)
            assert (hidden.status_code, plain(hidden)) == (absent.status_code, plain(absent)), (method, route, role)
            assert hidden.headers.get("Content-Type") == absent.headers.get("Content-Type")


@pytest.mark.parametrize("part", PARTS)
def test_an_address_refuses_every_method_that_the_table_does_not_name(world, part):
    """So an address or a method missing from the table fails."""
    for route, method in product([route for route in ROUTES if part_of(route) == part], METHODS):
        if (method, route) in TABLE:
            continue
        for role in ("lead", "admin", "ml", "key"):
            answer = ask(world.clients[role], *question(world, method, route, Row({}), "own"))
            is_machine_on_page = role == "key" and not route.startswith("/api/")
            is_refused = answer.status_code == 405 or (is_machine_on_page and answer.status_code == 403)
            assert is_refused, (method, route, role)


def test_the_table_names_nothing_that_is_not_there():
    assert {route for _, route in TABLE} - set(ROUTES) == set()


def test_nobody_hears_of_what_they_may_not_see(world):
    """Subscriptions of live pages, by the same matrix."""
    heard = {
        (role, target, kind)
        for role, user in world.users.items()
        for target, names in world.names.items()
        for kind, topic in _topics(names).items()
        if audible([(user.pk, topic)])
    }
    may = {(role, "own", kind) for role in READERS for kind in ("queue", "case", "presence")}
    assert heard == may | {("stranger", "other", kind) for kind in ("queue", "case", "presence")}


def _topics(names: Mapping[str, str]) -> dict[str, str]:
    case = Case.objects.filter(pk=names["case_id"]).first()
    of_case = {kind: f"{kind}:{names['case_id']}" for kind in ("case", "presence")}
    return {"queue": f"queue:{case.queue_id if case else uuid4()}"} | of_case


# A body that is no JSON: who may is looked at before what it is, as a file costs more to look at.

UPLOADS = ("/api/v1/cases/<uuid:case_id>/documents", "/api/v1/predictions/<uuid:prediction_id>/documents")


@pytest.mark.parametrize(("route", "allowed"), [(UPLOADS[0], {*WORKERS}), (UPLOADS[1], {K})])
def test_a_file_is_taken_from_who_may_send_it_and_from_nobody_else(world, route, allowed):
    for target in TARGETS:
        for role, user in world.users.items():
            if role == "stranger":
                continue
            sent = {"file": SimpleUploadedFile("a.pdf", b"no document")}
            answer = _with_key(factories.make_key(user, *Scope)).post(address(route, world.names[target]), sent)
            assert answer.status_code == (422 if target == "own" and role in allowed else 404), (target, role)


# S2: properties. Whatever columns a model has, nobody writes one that the door does not list.


def test_no_column_of_any_model_is_taken_by_a_door_that_does_not_list_it(world):
    from django.apps import apps

    columns = {
        column.name
        for model in apps.get_models()
        if model.__module__.startswith("reviewapp.")
        for column in model._meta.get_fields()
    }
    listed = {
        "/api/v1/predictions": {
            "use_case",
            "external_id",
            "features",
            "subject",
            "model",
            "model_version",
            "prediction",
            "explanation",
            "occurred_at",
            "context",
        },
        "/api/v1/cases/<uuid:case_id>/heartbeat": {"lease"},
        "/api/v1/cases/<uuid:case_id>/claim": set(),
        "/api/v1/cases/<uuid:case_id>/pend": {"lease", "follow_up_at", "awaited"},
        "/api/v1/cases/<uuid:case_id>/release": {"lease"},
        "/api/v1/cases/<uuid:case_id>/recuse": {"lease", "person", "reason"},
        "/api/v1/conflicts/<uuid:conflict_id>/end": {"reason"},
        "/api/v1/cases/<uuid:case_id>/undo": set(),
        "/api/v1/cases/<uuid:case_id>/reopen": {"reason"},
        "/api/v1/cases/<uuid:case_id>/review": {
            "lease",
            "answer",
            "outcome",
            "reason_codes",
            "note",
            "shown",
            "active_seconds",
            "sure",
        },
        "/api/v1/cases/<uuid:case_id>/comments": {"text"},
        "/api/v1/cases/<uuid:case_id>/comments/<uuid:comment_id>/withdraw": set(),
        "/api/v1/cases/<uuid:case_id>/reopen-requests": {"reason"},
        "/api/v1/reopen-requests/<uuid:request_id>/grant": set(),
        "/api/v1/reopen-requests/<uuid:request_id>/decline": {"reason"},
        "/api/v1/cases/bulk": {"act", "cases", "to", "priority", "reason"},
        "/api/v1/cases/<uuid:case_id>/what-if": {"changes"},
        "/api/v1/cases/<uuid:case_id>/flips": set(),
        "/api/v1/cases/<uuid:case_id>/corrections": {"lease", "changes", "sources"},
        "/api/v1/queues/<slug:slug>": {*SETTINGS, "seen"},
        "/api/v1/queues/<slug:slug>/claim": set(),
        "/api/v1/queues/<slug:slug>/skills": {"person", "skills"},
        "/api/v1/datasets": {"use_case", "name", "filters"},
        "/api/v1/quality/samples/<uuid:sample_id>/resolve": {"ruling", "reason"},
        "/api/v1/me/keys": {"own_keys"},
        "/api/v1/me/absence": {"away_until"},
        "/api/v1/queues/<slug:slug>/shift": {"people", "until"},
        "/api/v1/quality/answers": {"queue", "items"},
    }
    assert {route for method, route in API if method in {"POST", "PUT", "PATCH"}} - set(listed) == {
        "/api/v1/predictions/batch",
        *UPLOADS,
    }
    clients = {"/api/v1/predictions": "key", "/api/v1/datasets": "ml", "/api/v1/cases/bulk": "lead"}
    clients["/api/v1/queues/<slug:slug>/skills"] = clients["/api/v1/queues/<slug:slug>/shift"] = "lead"
    clients["/api/v1/conflicts/<uuid:conflict_id>/end"] = "lead"
    clients["/api/v1/queues/<slug:slug>"] = "lead"
    clients |= {f"/api/v1/reopen-requests/<uuid:request_id>/{answer}": "lead" for answer in ("grant", "decline")}
    for route, known in listed.items():
        # By a key: of ten thousand requests each would else look up a session first.
        client = _with_key(factories.make_key(world.users[clients.get(route, "reviewer")], *Scope))
        path, good = address(route, world.names["own"]), _good(route)
        method = next(method for method in ("PATCH", "PUT", "POST") if (method, route) in API)
        for column in sorted(columns - known):
            answer = client.generic(method, path, _json({**good, column: "x"}), content_type="application/json")
            assert answer.status_code == 422, (route, column, answer.content[:200])
            assert "unknown_field" in {error["code"] for error in answer.json()["errors"]}


def _good(route: str) -> dict[str, Any]:
    if route == "/api/v1/predictions":
        return factories.prediction_body(external_id="S2")
    method = next(method for method in ("PATCH", "PUT", "POST") if (method, route) in API)
    return dict(API[method, route][1].send) | ({"use_case": "loans"} if route.endswith("datasets") else {})


UNSHOWN = (
    "is_superuser",
    "is_staff",
    "is_active",
    "session_epoch",
    "is_service",
    "groups",
    "password",
    "id",
    "pk",
    "must_change_password",
)


def test_a_form_writes_no_column_that_it_does_not_show(world):
    reviewer, user = world.clients["reviewer"], world.users["reviewer"]
    before = User.objects.filter(pk=user.pk).values().get()
    for column in UNSHOWN:
        point = transaction.savepoint()
        reviewer.post("/preferences/", {"theme": "auto", column: "1"})
        reviewer.post("/password/", {"current": "wrong", "new": "x" * 20, "again": "x" * 20, column: "1"})
        assert User.objects.filter(pk=user.pk).values().get() == before, column
        world.clients["admin"].post(
            "/people/new/", {"username": "newone", "display_name": "New", "kind": "person", column: "1"}
        )
        made = User.objects.get(username="newone")
        flags = made.is_superuser, made.is_active, made.is_service, made.session_epoch, list(made.groups.all())
        assert flags == (False, True, False, 0, []), column
        transaction.savepoint_rollback(point)


LOOKUPS = [
    "holder__password__startswith",
    "queue__use_case__slug",
    "reviewer__email",
    "id__in",
    "prediction__subject__masked_name__regex",
]


def test_a_lookup_in_the_address_is_refused_everywhere(world):
    read = [(route, row) for (method, route), row in TABLE.items() if method == "GET"]
    for lookup, (route, row), role in product(LOOKUPS, read, ("lead", "admin", "ml", "anonymous")):
        asked = f"{lookup}=x&{row.query.format(**world.names['own'])}"
        answer = world.clients[role].get(f"{address(route, world.names['own'])}?{asked}")
        assert answer.status_code == 400, (lookup, route, role)
