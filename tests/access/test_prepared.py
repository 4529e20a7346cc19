"""A statement that is put together once answers each asker with their own rows."""

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.test.utils import CaptureQueriesContext

from reviewapp.access.models import User
from reviewapp.cases.models import Queue, QueueUserPermission
from reviewapp.lib.prepared import prepared
from tests import factories
from tests.factories import Office

pytestmark = pytest.mark.django_db


def colleagues(user_id: UUID, queue_id: UUID) -> QuerySet[User]:
    """Others with a grant on the queue; the ids stand in two places each, one of them in a subquery, one of them as text."""
    grants = QueueUserPermission.objects.filter(content_object=queue_id)
    rows = User.objects.filter(pk__in=grants.values("user")).exclude(pk=user_id).exclude(username=str(user_id))
    has_grant = Exists(grants.filter(user=OuterRef("pk"), content_object__slug__gt=""))
    return rows.annotate(has_grant=has_grant).only("username").order_by("username")


def test_each_call_is_one_statement_with_its_own_ids_and_the_rows_the_queryset_has(office: Office) -> None:
    people = {name: factories.make_reviewer(name, office) for name in ("alice", "bob")}
    elsewhere = factories.make_office("elsewhere")
    people["mallory"] = factories.make_reviewer("mallory", elsewhere)
    ask = prepared(colleagues)
    for one in (office, elsewhere, office):
        for person in people.values():
            asked = (person.pk, one.queue.pk)
            with CaptureQueriesContext(connection) as statements:
                found = ask(*asked)
            assert len(statements) == 1
            assert [(row.pk, row.has_grant) for row in found] == [(row.pk, row.has_grant) for row in colleagues(*asked)]
            assert all(row.get_deferred_fields() for row in found)
    assert [row.username for row in ask(people["alice"].pk, office.queue.pk)] == ["bob"]


def test_rows_come_with_what_the_queryset_selects_beside_them(office: Office) -> None:
    @prepared
    def queue(queue_id: UUID) -> QuerySet[Queue]:
        return Queue.objects.select_related("use_case").filter(pk=queue_id)

    assert queue(uuid4()) == []
    (found,) = queue(office.queue.pk)
    with CaptureQueriesContext(connection) as statements:
        assert found.use_case == office.queue.use_case
    assert len(statements) == 0


def test_an_id_that_the_statement_does_not_hold_is_refused_and_not_passed_over(alice: User) -> None:
    @prepared
    def anybody(user_id: UUID) -> QuerySet[User]:
        return User.objects.exclude(username=f"the one with {user_id}")

    with pytest.raises(ValueError, match="not among the values"):
        anybody(alice.pk)


def test_nobody_finds_nothing(alice: User) -> None:
    @prepared
    def by_id(user_id: UUID) -> QuerySet[User]:
        return User.objects.filter(pk=user_id)

    nobody: UUID = None  # type: ignore[assignment]
    assert by_id(nobody) == []
    assert by_id(alice.pk) == [alice]


@pytest.mark.django_db(transaction=True)
def test_threads_that_ask_at_once_get_their_own_rows() -> None:
    people = [factories.make_user(f"person-{number}") for number in range(4)]
    start, ordinarily = Barrier(len(people)), sys.getswitchinterval()

    @prepared
    def by_id(user_id: UUID) -> QuerySet[User]:
        return User.objects.filter(pk=user_id)

    def own(person: User) -> bool:
        start.wait(10)
        try:
            return all(by_id(person.pk) == [person] for _ in range(50))
        finally:
            connection.close()

    sys.setswitchinterval(1e-6)  # so that they do meet
    try:
        with ThreadPoolExecutor(len(people)) as pool:
            assert all(pool.map(own, people))
    finally:
        sys.setswitchinterval(ordinarily)
