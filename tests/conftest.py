"""What every test may use: named people, an office with its queues, browsers and API clients, and a database that can be emptied."""

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client, TransactionTestCase

from reviewapp.access.models import User
from reviewapp.access.rules import Scope
from reviewapp.catalog.models import ModelVersion
from tests import factories
from tests.factories import Office


def pytest_collection_finish() -> None:
    """What is imported by now stays, so the collector need not look through it again and again: a tenth of the time of most tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


# What migrations put there
_OF_MIGRATIONS = {"django_migrations", "django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}


def empty_tables(*_: object) -> None:
    """Every row goes that a test may have committed. Quicker than Django's own emptying, which makes a hundred tables anew for a few rows.

    The append-only triggers would refuse it, so they are off for that moment alone.
    """
    tables = set(connection.introspection.django_table_names()) - _OF_MIGRATIONS
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        cursor.execute("; ".join(f'delete from "{table}"' for table in sorted(tables)))


TransactionTestCase._fixture_teardown = empty_tables


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


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model of the office's use case."""
    return factories.train_model(tmp_path_factory.mktemp("models") / "credit-risk")


@pytest.fixture
def registered(office: Office, artifact: Path, settings, tmp_path: Path) -> ModelVersion:
    """Version 1 of credit-risk, live."""
    settings.ARTIFACT_DIR = tmp_path / "artifacts"
    call_command("register_model", office.use_case.slug, *factories.NAMED.values(), artifact, "--live")
    return ModelVersion.objects.get()


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
