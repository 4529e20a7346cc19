"""Batches about the same people at once: they take the rows in one order, and neither undoes what the other has said."""

from collections.abc import Callable

import orjson
import pytest

from reviewapp.predictions.models import Subject
from reviewapp.predictions.sealing import unseal_under
from reviewapp.predictions.subjects import reference_mac
from tests import factories
from tests.concurrency.meanwhile import meanwhile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]
REFERENCES = ("C-1", "C-2", "C-3")


@pytest.fixture
def send(office, api) -> Callable[..., None]:
    """Sends one batch about these people, saying the same of each."""
    client = api(office.sender)

    def batch(*references: str, **said: str) -> None:
        items = [factories.prediction_body(subject={"reference": one, **said}) for one in references]
        sent = client.post("/api/v1/predictions/batch", {"items": items})
        assert {item["status"] for item in sent.json()["results"]} == {201}, sent.content

    return batch


def test_people_are_taken_in_one_order_whatever_order_they_lie_in(send, office):
    for reference in sorted(REFERENCES, key=lambda one: reference_mac(office.use_case.pk, one), reverse=True):
        send(reference, name="Ann Oak")
    last = Subject.objects.order_by("reference_mac").last()
    with meanwhile(lambda: send(*REFERENCES, name="Ann Aspen")) as start:
        Subject.objects.select_for_update(no_key=True).get(pk=last.pk)
        start()
        others = Subject.objects.exclude(pk=last.pk)
        assert not others.select_for_update(no_key=True, skip_locked=True).exists()
    assert set(Subject.objects.values_list("masked_name", flat=True)) == {"A•• •••••"}


def test_two_batches_at_once_about_one_person_both_count(send):
    send("C-1", name="Ann Oak", contact="oak@example.org")
    with meanwhile(lambda: send("C-1", name="Ann Elm"), lambda: send("C-1", contact="elm@example.org")) as start:
        Subject.objects.select_for_update(no_key=True).get()
        start()
    subject = Subject.objects.get()
    place = f"predictions_subject/identity/{subject.pk}"
    kept = orjson.loads(unseal_under(subject, bytes(subject.identity), place=place))
    assert (kept["name"], kept["contact"]) == ("Ann Elm", "elm@example.org")
