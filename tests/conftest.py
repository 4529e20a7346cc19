"""What every test may use: named people, an office with its queues, browsers and API clients, and a database that can be emptied."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client, TransactionTestCase

from reviewapp.access.models import User
from reviewapp.access.rules import Scope
from tests import factories
from tests.factories import Office


@pytest.fixture(autouse=True)
def _committed_tests_start_with_roles(request: pytest.FixtureRequest) -> None:
    """The roles come with a migration, and with everything else they go after a test that commits."""
    marker = request.node.get_closest_marker("django_db")
    if (marker and marker.kwargs.get("transaction")) or "transactional_db" in request.fixturenames:
        request.getfixturevalue("_django_db_helper")
        _put_roles_back()


def _put_roles_back() -> None:
    import_module("reviewapp.access.migrations.0002_roles").add_roles(apps, None)
    import_module("reviewapp.access.migrations.0004_role_permissions").give_permissions(apps, None)


_OF_THE_SCHEMA = {"django_migrations", "django_content_type", "auth_permission"}


def _empty(_: TransactionTestCase) -> None:
    """What Django does after tests that commit, at a tenth of its price: a few rows are deleted quicker than a hundred tables are made
    anew, and what the schema alone decides stays. The append-only triggers would refuse it, so they are off for that moment."""
    tables = set(connection.introspection.django_table_names()) - _OF_THE_SCHEMA
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        cursor.execute("; ".join(f'delete from "{table}"' for table in sorted(tables)))


TransactionTestCase._fixture_teardown = _empty


@pytest.fixture
def office(db: None) -> Office:
    return factories.make_office()


@pytest.fixture
def alice(office: Office) -> User:
    """A reviewer of the office's queue."""
    return factories.make_reviewer("alice", office)


@pytest.fixture
def bob(office: Office) -> User:
    """Another reviewer of the same queue."""
    return factories.make_reviewer("bob", office)


@pytest.fixture
def carol(office: Office) -> User:
    """The lead."""
    return factories.make_lead("carol", office)


@pytest.fixture
def mallory(db: None) -> User:
    """A reviewer of another office: may see nothing of this one."""
    return factories.make_reviewer("mallory", factories.make_office("elsewhere"))


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    """A browser in which that person has signed in through the front door."""

    def signed_in(user: User) -> Client:
        browser = Client()
        response = browser.post("/sign-in/", {"username": user.username, "password": factories.PASSWORD})
        assert response.status_code == 302, response.content
        return browser

    return signed_in


class Api:
    """A machine that holds one key and speaks JSON."""

    def __init__(self, token: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {token}"})

    def get(self, path: str, **params: Any) -> Any:
        return self.client.get(path, params)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.post(
            path, {} if body is None else body, content_type="application/json", headers=headers or None
        )

    def put(self, path: str, body: Any, **headers: str) -> Any:
        return self.client.put(path, body, content_type="application/json", headers=headers or None)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self.client.patch(path, body, content_type="application/json", headers=headers or None)


@pytest.fixture
def api() -> Callable[..., Api]:
    """`api(user)` may do all that the user may; `api(user, scope, ...)` less."""

    def with_key(user: User, *scopes: Scope) -> Api:
        return Api(factories.make_key(user, *(scopes or tuple(Scope))))

    return with_key
