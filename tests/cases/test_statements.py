"""How many statements a request costs, and what a web process never loads: neither grows with the number of cases."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from reviewapp.cases.models import Case, Queue, Review
from tests import factories

FEW, MANY = 3, 300


class Statements(list[str]):
    """What went to the database inside `counted`. The ends of transactions do not pass here."""

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.append(str(sql))
        return execute(sql, params, many, context)

    @property
    def texts(self) -> list[str]:
        return [sql for sql in self if not sql.upper().startswith(("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK"))]


@contextmanager
def counted() -> Iterator[Statements]:
    statements = Statements()
    with connection.execute_wrapper(statements):
        yield statements


@pytest.fixture(params=[FEW, MANY])
def filled(request, office, api):
    """The office with few and with many waiting cases; the first request of each kind has warmed what is kept in memory."""
    items = [factories.prediction_body(external_id=f"S-{number:04}") for number in range(request.param)]
    sent = api(office.sender).post("/api/v1/predictions/batch", {"items": items})
    assert [item["status"] for item in sent.json()["results"]] == [201] * request.param
    Queue.objects.update(most_held=1000)
    return office


@pytest.fixture
def reviewer(filled, alice, api):
    client = api(alice)
    claim(client)  # notes once a minute that the key is in use
    return client


def claim(client):
    answer = client.post("/api/v1/queues/loans/claim")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_claim_costs_four_statements(reviewer):
    with counted() as statements:
        claim(reviewer)
    assert len(statements.texts) <= 4, statements


@pytest.mark.parametrize(
    "answer",
    [
        {"answer": "agree"},
        {"answer": "correct", "outcome": "approve", "note": "n", "reason_codes": ["R01"]},
        {"answer": "refer"},
    ],
)
def test_a_review_costs_nine_statements(reviewer, answer):
    case = claim(reviewer)
    with counted() as statements:
        done = reviewer.post(
            f"/api/v1/cases/{case['id']}/review", {"lease": 1, **answer}, **{"Idempotency-Key": "once"}
        )
    assert done.status_code == 200, done.content
    assert len(statements.texts) <= 9, statements


@pytest.mark.django_db(transaction=True)
def test_a_review_is_one_transaction(office, alice, api):
    """Begun once and committed once: what the wrapper cannot see, PostgreSQL's own transaction id tells."""
    office.send()
    reviewer = api(alice)
    case = claim(reviewer)
    assert reviewer.post(f"/api/v1/cases/{case['id']}/review", {"lease": 1, "answer": "agree"}).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute(
            "select xmin::text from cases_case union select xmin::text from cases_review union select xmin::text from cases_decision"
            " union select xmin::text from cases_outbox union select xmin::text from audit_auditevent where action = 'case.reviewed'"
        )
        assert len(cursor.fetchall()) == 1


PAGES = [
    "/queues/loans/",
    "/queues/loans/?sort=due",
    "/queues/loans/?state=waiting&confidence=75",
    "/queues/loans/?state=decided",
    "/queues/loans/?page_size=200",
]


@pytest.mark.parametrize("path", PAGES)
def test_a_list_page_costs_six_statements(filled, alice, sign_in, path):
    browser = sign_in(alice)
    assert browser.get(path).status_code == 200
    with counted() as statements:
        assert browser.get(path).status_code == 200
    assert len(statements.texts) <= 6, statements


def test_the_second_page_costs_as_much_as_the_first(filled, alice, sign_in):
    browser = sign_in(alice)
    cursor = re.search(r"cursor=([\w%-]+)", browser.get("/queues/loans/?page_size=1").content.decode())[1]
    with counted() as statements:
        assert browser.get(f"/queues/loans/?page_size=1&cursor={cursor}").status_code == 200
    assert len(statements.texts) <= 6, statements


def test_a_case_page_costs_eleven_statements(filled, alice, bob, sign_in, api):
    case = claim(api(alice))
    for colleague in (bob, alice):
        browser = sign_in(colleague)
        with counted() as statements:
            page = browser.get(f"/cases/{case['id']}/")
        assert page.status_code == 200
        assert len(statements.texts) <= 11, statements


def test_the_list_of_cases_in_the_api_costs_the_same_for_one_as_for_many(filled, alice, api):
    client, costs = api(alice), []
    client.get("/api/v1/cases")
    for size in (1, 200):
        with counted() as statements:
            assert client.get("/api/v1/cases", page_size=size).status_code == 200
        costs.append(len(statements.texts))
    assert costs[0] == costs[1] <= 3


def test_my_work_costs_the_same_however_much_i_did(filled, alice, sign_in, api):
    client, browser, costs = api(alice), sign_in(alice), []
    for _ in range(2):
        case = claim(client)
        client.post(f"/api/v1/cases/{case['id']}/review", {"lease": 1, "answer": "agree"})
        with counted() as statements:
            assert browser.get("/my-work/").status_code == 200
        costs.append(len(statements.texts))
        if Case.objects.filter(state="open").count() == 0:
            return
    assert costs[0] == costs[1]
    assert Review.objects.count() == 2


@pytest.mark.parametrize("path", ["/board/", "/board/?state=held&queue=loans", "/board/?page_size=1"])
def test_the_board_costs_eight_statements(filled, alice, carol, sign_in, api, path):
    Case.objects.filter(pk__in=Case.objects.values("pk")[1:]).update(due_at=timezone.now())
    claim(api(alice))
    browser = sign_in(carol)
    assert browser.get(path).status_code == 200
    with counted() as statements:
        assert browser.get(path).status_code == 200
    assert len(statements.texts) <= 8, statements


HEAVY = {"numpy", "scipy", "pandas", "sklearn", "shap", "numba", "xgboost", "lightgbm", "skops", "pyarrow"}
_SERVE = """
import sys
from reviewapp.config.wsgi import application
from django.test import Client
for path in {paths!r}:
    answer = Client(raise_request_exception=False).get(path)
    assert answer.status_code < 500 or path == "/readyz", (path, answer.status_code)
print(" ".join(sorted(name for name in sys.modules if "." not in name)))
"""


def test_a_web_process_never_loads_what_models_need():
    """All rooms are imported with the first request, since the address book imports every door."""
    paths = ["/sign-in/", "/api/v1/openapi.json", "/api/docs/", "/readyz", "/metrics", "/my-work/"]
    done = subprocess.run(
        [sys.executable, "-c", _SERVE.format(paths=paths)], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert {"django", "reviewapp", "inference"} <= loaded
    assert loaded & HEAVY == set()


def test_reading_a_case_by_the_api_reads_its_prediction_once(office, alice, api):
    case, client = office.send(), api(alice)
    client.get(f"/api/v1/cases/{case.pk}")
    with counted() as statements:
        assert client.get(f"/api/v1/cases/{case.pk}").status_code == 200
    assert len([sql for sql in statements.texts if "predictions_prediction" in sql]) == 1
