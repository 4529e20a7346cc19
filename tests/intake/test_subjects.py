"""A person is sent again and again: who they are is renewed by what was sent, and never forgotten for what was not."""

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reviewapp.predictions.models import Prediction, Subject
from reviewapp.predictions.sealing import unseal_under
from tests import factories

ZORA = {"reference": "CUST-88", "name": "Zora Quill", "date_of_birth": "1980-02-29", "contact": "zora@example.org"}


@pytest.fixture
def client(office, api):
    return api(office.sender)


def send(client, *subjects):
    """One batch, an item for each."""
    items = [factories.prediction_body(subject=subject) for subject in subjects]
    sent = client.post("/api/v1/predictions/batch", {"items": items})
    assert {item["status"] for item in sent.json()["results"]} == {201}, sent.content


def kept():
    """The one person there is: (masked name, identity)."""
    subject = Subject.objects.get()
    sealed = bytes(subject.identity)
    return subject.masked_name, orjson.loads(
        unseal_under(subject, sealed, place=f"predictions_subject/identity/{subject.pk}")
    )


@pytest.mark.parametrize(
    "again",
    [{}, {"name": "", "contact": ""}, {"name": None}, {"name": "Zora Quill"}],
    ids=["bare", "empty", "null", "same"],
)
def test_a_reference_that_is_sent_again_without_a_name_forgets_nobody(client, again):
    send(client, ZORA)
    before = bytes(Subject.objects.get().identity)
    send(client, {"reference": "CUST-88", **again})
    assert kept() == ("Z••• •••••", ZORA)
    assert bytes(Subject.objects.get().identity) == before  # not even sealed anew
    assert Prediction.objects.filter(subject=Subject.objects.get()).count() == 2


def test_what_is_sent_anew_is_kept_and_the_rest_stays(client):
    send(client, ZORA)
    send(client, {"reference": "CUST-88", "name": "Zora Quill-Maro"})
    assert kept() == ("Z••• ••••••••", {**ZORA, "name": "Zora Quill-Maro"})


def test_a_person_twice_in_one_batch_is_all_that_was_said_of_them(client):
    send(client, ZORA, {"reference": "CUST-88"}, {"reference": "CUST-88", "contact": "quill@example.org"})
    assert kept() == ("Z••• •••••", {**ZORA, "contact": "quill@example.org"})


def test_nothing_is_kept_again_of_a_person_whose_key_is_destroyed(client):
    send(client, ZORA)
    Subject.objects.update(data_key=b"", identity=b"", masked_name="")
    send(client, {**ZORA, "name": "Zora Maro"})
    erased = Subject.objects.get()
    assert (bytes(erased.data_key), bytes(erased.identity), erased.masked_name) == (b"", b"", "")


def test_however_many_known_people_come_again_they_cost_the_same_statements(client):
    def statements(people, **said):
        with CaptureQueriesContext(
            connection,
        ) as seen:
            send(client, *({"reference": f"C-{number}", "name": "Ann Oak"} | said for number in range(people)))
        return len(seen)

    statements(20)
    assert statements(20) == statements(2)
    assert statements(20, name="Ann Elm") == statements(2, name="Ann Ash")
