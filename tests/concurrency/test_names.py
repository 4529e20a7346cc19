"""Two give the same name at once: one has it, and the other is told that it is taken."""

import pytest

from reviewapp.access.models import User
from reviewapp.access.rules import MANAGE, Role
from reviewapp.catalog.actions import NameTaken, create_use_case
from reviewapp.catalog.models import Model, UseCase
from reviewapp.catalog.registering import create_model
from tests import factories
from tests.concurrency.meanwhile import meanwhile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]


@pytest.fixture
def dana(db) -> User:
    """An administrator."""
    return factories.make_user("dana", Role.ADMIN)


def test_a_user_name_given_twice_at_once_is_one_person(dana, sign_in):
    browser = sign_in(dana)
    form = {"display_name": "Gwen", "username": "gwen", "kind": "person"}
    with meanwhile(lambda: browser.post("/people/new/", form)) as start:
        factories.make_user("gwen")
        [answer] = start()
    assert answer.result().status_code == 409
    assert "This user name is taken." in answer.result().content.decode()
    assert browser.post("/people/new/", form | {"username": "hugo"}).status_code == 200


def test_a_use_case_named_twice_at_once_is_one(dana):
    words = {
        "slug": "cards", "name": "Cards", "description": "", "subject_noun": "applicant", "case_noun": "application",
        "case_noun_plural": "applications", "outcome_kind": "categorical", "outcomes": factories.LOAN_OUTCOMES,
    }  # fmt: skip

    def create():
        with pytest.raises(NameTaken):
            create_use_case(**words, actor=factories.actor_of(dana), at=factories.now())

    with meanwhile(create) as start:
        factories.make_use_case("cards")
        start()
    assert UseCase.objects.filter(slug="cards").count() == 1


def test_a_model_named_twice_at_once_in_two_use_cases_is_one(dana, office):
    other = factories.make_use_case("cards")
    factories.grant(dana, MANAGE, other)

    def create():
        with pytest.raises(NameTaken):
            create_model(use_case=other, name="risk", actor=factories.actor_of(dana), at=factories.now())

    with meanwhile(create) as start:
        factories.make_model(office.use_case, "risk")
        start()
    assert Model.objects.get().use_case == office.use_case
