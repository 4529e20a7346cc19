"""Use cases, their inputs and reasons: who may make and change them."""

import pytest

from reviewapp.access.rules import Role
from reviewapp.audit.models import AuditEvent
from reviewapp.catalog.actions import NameTaken, SchemaUnchanged, add_reason_code, create_use_case, publish_schema
from reviewapp.catalog.models import FeatureSchemaVersion, ReasonCode, UseCase
from reviewapp.catalog.queries import bundles_for, visible_use_cases
from reviewapp.lib.errors import Invalid, NotAllowed, NotFound
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = {
    "slug": "cards",
    "name": "Cards",
    "description": "",
    "subject_noun": "applicant",
    "case_noun": "application",
    "case_noun_plural": "applications",
    "outcome_kind": "categorical",
    "outcomes": factories.LOAN_OUTCOMES,
}


def _create(user, **changes):
    return create_use_case(**WORDS | changes, actor=factories.actor_of(user), at=factories.now())


def test_an_administrator_makes_a_use_case_and_others_do_not(alice, ada):
    with pytest.raises(NotAllowed):
        _create(alice)
    use_case = _create(ada)
    assert AuditEvent.objects.get(action="use_case.created").data == {"slug": "cards", "outcomes": ["approve", "deny"]}
    with pytest.raises(NameTaken):
        _create(ada)
    assert use_case.adverse_outcomes == {"deny"}


@pytest.mark.parametrize(
    "changes",
    [
        {"slug": "No spaces"},
        {"outcome_kind": "other"},
        {"outcomes": factories.LOAN_OUTCOMES[:1]},
        {"outcomes": [*factories.LOAN_OUTCOMES, factories.LOAN_OUTCOMES[0]]},
        {"outcomes": [{"value": 1, "label": "One"}, {"value": 2, "label": "Two"}]},
    ],
)
def test_a_use_case_that_makes_no_sense_is_refused(ada, changes):
    with pytest.raises(Invalid):
        _create(ada, **changes)
    assert UseCase.objects.count() == 1


def test_new_inputs_count_from_the_next_request_on(office, ada, mel):
    def publish(user, body):
        return publish_schema(use_case=office.use_case, body=body, actor=factories.actor_of(user), at=factories.now())

    more = {"features": [*factories.LOAN_SCHEMA["features"], {"name": "age", "kind": "integer", "label": "Age"}]}
    before = bundles_for(factories.actor_of(office.sender), ["loans"])["loans"]
    with pytest.raises(NotFound):
        publish(mel, more)
    assert publish(ada, more).number == 2
    after = bundles_for(factories.actor_of(office.sender), ["loans"])["loans"]
    assert set(after.names) - set(before.names) == {"age"}
    with pytest.raises(SchemaUnchanged):
        publish(ada, more)
    with pytest.raises(Invalid, match="unknown field"):
        publish(ada, {"features": [{"name": "age", "kind": "integer", "colour": "red"}]})
    assert FeatureSchemaVersion.objects.count() == 2


def test_new_words_for_a_reason_are_a_new_version(office, ada):
    def add(**changes):
        given = {"code": "R01", "text": "Debts are too high", "subject_text": "Your debts.", "features": ["debt_ratio"]}
        return add_reason_code(
            use_case=office.use_case, **given | changes, actor=factories.actor_of(ada), at=factories.now()
        )

    assert add().version == 2
    known = ReasonCode.objects.filter(code="R01").order_by("version")
    assert [(one.text, one.retired_at is None) for one in known] == [
        ("Debts too high for the income", False),
        ("Debts are too high", True),
    ]
    for bad in ({"features": ["height"]}, {"outcomes": ["maybe"]}):
        with pytest.raises(Invalid):
            add(**bad)


def test_a_use_case_is_seen_by_those_with_a_right_on_it_or_on_a_queue_of_it(office, alice, mel, mallory):
    nobody = factories.make_user("nora", Role.ADMIN)
    for user, sees in ((alice, True), (mel, True), (office.sender, True), (mallory, False), (nobody, False)):
        assert visible_use_cases(factories.actor_of(user)).filter(pk=office.use_case.pk).exists() == sees
