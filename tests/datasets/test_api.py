"""The API of labels and data sets."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reviewapp.access.rules import Role, Scope
from reviewapp.datasets.models import DatasetSnapshot
from tests import factories
from tests.datasets import world


def post(client, body, **headers):
    return client.post("/api/v1/datasets", body, content_type="application/json", headers=headers)


def test_a_poller_gets_every_label_once(labels, mortgage, alice):
    seen, cursor = [], ""
    while True:
        page = alice.api.get(f"/api/v1/labels?use_case={mortgage.slug}&page_size=25{cursor}").json()
        seen += [label["position"] for label in page["results"]]
        cursor = f"&cursor={page['resume']}"
        if page["next"] is None:
            break
    assert seen == [label.position for label in labels]
    world.make_labels(mortgage, 3, sender=alice.user, seed=1)
    later = alice.api.get(f"/api/v1/labels?use_case={mortgage.slug}{cursor}").json()
    assert [label["position"] for label in later["results"]] == [seen[-1] + n for n in (1, 2, 3)]
    quiet = alice.api.get(f"/api/v1/labels?use_case={mortgage.slug}&cursor={later['resume']}").json()
    assert quiet["results"] == []
    assert quiet["resume"] == later["resume"]


def test_a_label_says_where_it_comes_from(labels, alice):
    label = alice.api.get("/api/v1/labels?page_size=1").json()["results"][0]
    assert label["use_case"] == "mortgage-underwriting"
    assert label["decision"] == str(labels[0].decision_id)
    assert label["prediction"] == str(labels[0].prediction_id)
    assert label["model"] == "mortgage-underwriting-risk"
    assert label["model_version"] == "3"
    assert label["selection_probability"] == 0.05
    assert label["snapshot_digest"] == bytes(labels[0].snapshot_digest).hex()


def test_a_page_of_labels_costs_the_same_however_many_there_are(labels, mortgage, alice):
    def statements(size, query=""):
        with CaptureQueriesContext(connection) as asked:
            assert len(alice.api.get(f"/api/v1/labels?page_size={size}{query}").json()["results"]) == size
        return len(asked)

    statements(1)  # the key's first use is noted
    assert statements(2) == statements(40)
    assert statements(2, f"&use_case={mortgage.slug}") == statements(40, f"&use_case={mortgage.slug}")


def test_labels_of_another_use_case_are_as_absent_as_none(labels, triage, alice, bob):
    world.make_labels(triage, 3, sender=alice.user, seed=2)
    foreign, absent = (alice.api.get(f"/api/v1/labels?use_case={slug}") for slug in (triage.slug, "nothing"))
    assert foreign.status_code == absent.status_code == 404
    assert foreign.json() == absent.json()
    assert len(alice.api.get("/api/v1/labels?page_size=200").json()["results"]) == 60
    assert bob.api.get("/api/v1/labels").json()["results"] == []


def test_a_key_without_the_scope_reads_nothing(labels, mortgage):
    from django.test import Client

    carl = factories.make_user("carl", Role.ML)
    world.let_read(carl, mortgage)
    client = Client(headers={"Authorization": f"Bearer {factories.make_key(carl, Scope.CASES_READ)}"})
    for path in ("/api/v1/labels", "/api/v1/datasets"):
        assert client.get(path).json()["code"] == "scope-missing"
    assert post(client, {"use_case": mortgage.slug, "name": "x"}).status_code == 403
    assert Client().get("/api/v1/labels").status_code == 401


@pytest.mark.parametrize(
    "query",
    ["?use_cases=x", "?page_size=0", "?page_size=abc", "?cursor=abc", "?use_case=a&use_case=b", "?outcome__gt=a"],
)
def test_query_strings_are_read_strictly(query, labels, alice):
    for path in ("/api/v1/labels", "/api/v1/datasets"):
        assert alice.api.get(path + query).status_code == 400


def test_a_cursor_of_one_use_case_is_refused_by_another(labels, triage, mortgage, alice):
    world.let_read(alice.user, triage)
    cursor = alice.api.get(f"/api/v1/labels?use_case={mortgage.slug}&page_size=1").json()["next"]
    assert alice.api.get(f"/api/v1/labels?use_case={triage.slug}&cursor={cursor}").json()["code"] == "bad-cursor"


def test_the_ml_team_freezes_and_polls(labels, mortgage, alice):
    answer = post(alice.api, {"use_case": mortgage.slug, "name": "  March ", "filters": {"outcome": "deny"}})
    assert answer.status_code == 201
    made = answer.json()
    assert (made["state"], made["name"], made["filters"], made["digest"]) == (
        "pending",
        "March",
        {"outcome": "deny"},
        None,
    )
    assert answer["Location"] == f"/api/v1/datasets/{made['id']}"
    assert alice.api.get(f"/api/v1/datasets/{made['id']}").json() == made
    assert alice.api.get("/api/v1/datasets").json()["results"] == [made]


def test_a_reviewer_freezes_nothing(labels, mortgage, bob, rita):
    for who in (bob, rita):
        assert post(who.api, {"use_case": mortgage.slug, "name": "x"}).status_code == 403
    assert not DatasetSnapshot.objects.exists()


def test_somebody_elses_use_case_is_absent(labels, triage, alice):
    foreign, absent = (post(alice.api, {"use_case": slug, "name": "x"}) for slug in (triage.slug, "nothing"))
    assert foreign.status_code == absent.status_code == 404
    assert foreign.json() == absent.json()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"state": "frozen"}, "unknown_field"),
        ({"id": "x"}, "unknown_field"),
        ({"name": 1}, "wrong_type"),
        ({"name": " "}, "required"),
        ({"name": "a\r\nb"}, "bad_value"),
        ({"name": "x" * 81}, "wrong_type"),
        ({"use_case": None}, "required"),
        ({"filters": []}, "wrong_type"),
        ({"filters": {"outcome__in": "x"}}, "unknown_field"),
        ({"filters": {"outcome": "Deny"}}, "unknown_value"),
        ({"filters": {"agreement": True}}, "wrong_type"),
        ({"filters": {"decided_from": "2026-02-30"}}, "bad_date"),
        ({"filters": {"decided_to": "0000-01-01"}}, "bad_date"),
        ({"filters": {"decided_to": "20260101"}}, "bad_date"),
    ],
)
def test_bad_bodies_are_refused_with_a_pointer(change, code, labels, mortgage, alice):
    answer = post(alice.api, {"use_case": mortgage.slug, "name": "x"} | change)
    assert answer.status_code == 422, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert code in [error["code"] for error in answer.json()["errors"]]
    assert not DatasetSnapshot.objects.exists()


def test_the_same_key_and_body_make_one_data_set(labels, mortgage, alice):
    body = {"use_case": mortgage.slug, "name": "Once"}
    first, second = (post(alice.api, body, **{"Idempotency-Key": "k1"}) for _ in range(2))
    assert first.json() == second.json()
    assert second["Idempotent-Replayed"] == "true"
    assert post(alice.api, body | {"name": "Other"}, **{"Idempotency-Key": "k1"}).status_code == 409
    assert DatasetSnapshot.objects.count() == 1


def test_filters_narrow_what_is_frozen(labels, freeze):
    expected = {
        ("outcome", "deny"): sum(label.outcome == "deny" for label in labels),
        ("agreement", "overrides"): 12,
        ("direction", "low-side"): sum(label.direction == "low-side" for label in labels),
        ("model_version", "mortgage-underwriting-risk/3"): 60,
        ("model_version", "mortgage-underwriting-risk/4"): 0,
        ("reviewer", labels[0].reviewer): 20,
        ("selection_reason", "random"): 30,
        ("decided_from", "2026-03-02"): 0,
        ("decided_to", "2026-03-01"): 60,
    }
    found = {
        (name, value): DatasetSnapshot.objects.get(pk=freeze(**{name: value})).rows_done for name, value in expected
    }
    assert found == expected
