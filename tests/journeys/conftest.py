"""One real web server for a whole module, on committed data that is made once."""

import json
import socket
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from django.apps import apps
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import connection

from reviewapp.access.models import User
from reviewapp.access.rules import Role, Scope
from reviewapp.cases.models import Queue
from tests import conftest as common
from tests import factories
from tests.factories import Office
from tests.programs import Programs, running

SECONDS = 60
_NOTED_ANYWAY = {"access_apikey"}  # when a key was last used


@dataclass
class Served:
    """A running product with an office, people and their keys. `send` and `case` make fresh things by the API."""

    programs: Programs
    office: Office
    people: Mapping[str, User]
    tokens: Mapping[str, str]
    clients: dict[str, httpx.Client] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.programs.url

    def api(self, name: str) -> httpx.Client:
        """A machine with all scopes that may do what that person may."""
        if name not in self.clients:
            headers = {"Authorization": f"Bearer {self.tokens[name]}"}
            self.clients[name] = httpx.Client(base_url=self.url, headers=headers, timeout=SECONDS, verify=False)
        return self.clients[name]

    def send(self, **changes: Any) -> dict[str, Any]:
        sent = self.api("sender").post("/api/v1/predictions", json=body(**changes))
        assert sent.status_code == 201, sent.text
        answer: dict[str, Any] = sent.json()
        return answer

    def case(self, name: str = "alice") -> dict[str, Any]:
        """A fresh case that this person has just taken."""
        case_id = self.send()["case"]["id"]
        for _ in range(200):
            taken = self.api(name).post("/api/v1/queues/loans/claim").json()
            if taken["id"] == case_id:
                break
        return dict(taken)

    def browser(self, name: str) -> httpx.Client:
        """Signed in through the front door; `forms.token` of the next page is in the cookie."""
        browser = httpx.Client(base_url=self.url, timeout=SECONDS, verify=False)
        browser.get("/sign-in/")
        form = {
            "username": self.people[name].username,
            "password": factories.PASSWORD,
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        }
        assert browser.post("/sign-in/", data=form).status_code == 302
        return browser

    def raw(self, request: bytes, *, seconds: float = SECONDS, end: bool = False) -> "RawAnswer":
        """What the server says to exactly these bytes. `end`: nothing more follows."""
        with closing(socket.create_connection(("127.0.0.1", self.programs.port), timeout=seconds)) as line:
            try:
                line.sendall(request)
                if end:
                    line.shutdown(socket.SHUT_WR)
            except OSError:  # it answered and hung up before it had read all
                pass
            return RawAnswer.read(line)

    def fingerprint(self) -> dict[str, str]:
        """Every row of the product, hashed by table: equal before and after means that nothing was changed."""
        tables = [model._meta.db_table for model in apps.get_models() if model.__module__.startswith("reviewapp.")]
        parts = [
            f"select '{table}', coalesce(md5(string_agg(t::text, '|' order by t::text)), '') from {table} t"
            for table in sorted(set(tables) - _NOTED_ANYWAY)
        ]
        with connection.cursor() as cursor:
            cursor.execute(" union all ".join(parts))
            return dict(cursor.fetchall())


@dataclass(frozen=True)
class RawAnswer:
    """A status line, headers and body as they came; `closed` says that the server hung up afterwards."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    closed: bool

    @classmethod
    def read(cls, line: socket.socket) -> "RawAnswer":
        got, closed = b"", False
        while not _is_whole(got):
            try:
                part = line.recv(65_536)
            except OSError:
                part = b""
            if not part:
                closed = True
                break
            got += part
        head, _, rest = got.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (text.partition(":") for text in lines)}
        closed = closed or (headers.get("connection", "").lower() == "close" and _hangs_up(line))
        return cls(int(first.split(" ")[1]) if " " in first else 0, headers, rest, closed)

    def problem(self) -> dict[str, Any]:
        assert self.headers["content-type"] == "application/problem+json", self
        answer: dict[str, Any] = json.loads(self.body)
        return answer


def _is_whole(got: bytes) -> bool:
    head, split, rest = got.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" in head.lower():
        return rest.endswith(b"0\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(split) and bool(lengths) and len(rest) >= int(lengths[0].partition(b":")[2])


def _hangs_up(line: socket.socket) -> bool:
    """It said that it would; waits until it has."""
    try:
        while line.recv(65_536):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def body(**changes: Any) -> dict[str, Any]:
    """A prediction under an external id of its own."""
    return factories.prediction_body(**{"external_id": f"J-{uuid.uuid4()}", **changes})


@pytest.fixture(scope="module")
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The module's tests see and make committed rows; afterwards everything is gone."""
    with django_db_blocker.unblock():
        common.empty_tables()
        yield
        common.empty_tables()
        connection.close()


@pytest.fixture(scope="module")
def served(committed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    office, elsewhere = factories.make_office(), factories.make_office("elsewhere")
    Queue.objects.update(most_held=10_000)
    people = {
        "sender": office.sender,
        "stranger": elsewhere.sender,
        "alice": factories.make_reviewer("alice", office),
        "bob": factories.make_reviewer("bob", office),
        "carol": factories.make_lead("carol", office),
        "mallory": factories.make_reviewer("mallory", elsewhere),
        "ml": factories.make_ml("mlteam", office),
        "auditor": factories.make_auditor("frank", office),
        "admin": factories.make_user("dana", Role.ADMIN),
    }
    password = Argon2PasswordHasher().encode(
        factories.PASSWORD, "salt-of-the-tests"
    )  # as the server hashes, not the tests
    User.objects.filter(is_service=False).update(password=password)
    tokens = {name: factories.make_key(user, *Scope) for name, user in people.items()}
    with running(tmp_path_factory.mktemp("served"), "web") as programs:
        made = Served(programs, office, people, tokens)
        yield made
        for client in made.clients.values():
            client.close()
