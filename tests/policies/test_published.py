"""The policy in force, as intake meets it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reviewapp.lib.draws import draw
from reviewapp.lib.ids import uuid7
from reviewapp.policies.queries import NoPolicy, published
from tests import factories


def _routed(use_case, features=factories.FEATURES, outcome="approve", confidence=0.99):
    return published(use_case.pk).route(uuid7(), features, outcome, confidence, 0.9)


def test_a_new_version_routes_from_the_next_call_on_at_one_statement_each(office):
    assert _routed(office.use_case).result == "auto"
    with CaptureQueriesContext(connection) as asked:
        assert _routed(office.use_case).policy_number == 1
    assert len(asked) == 1
    newer = factories.make_policy(office.use_case, office.queue, always_review=["approve"])
    routed = _routed(office.use_case)
    assert (routed.result, routed.policy_number, routed.policy_version_id) == ("review", 2, newer.pk)
    assert (routed.queue_slug, routed.outcome, routed.draw) == (office.queue.slug, "", None)


def test_without_a_policy_nothing_is_routed(office):
    with pytest.raises(NoPolicy):
        published(factories.make_use_case("unruled").pk)


def test_a_code_for_not_recorded_is_no_number(office):
    schema = {
        "features": [{"name": "age", "kind": "integer", "label": "Age", "missing_allowed": True, "missing_codes": [-9]}]
    }
    use_case = factories.make_use_case("coded", schema=schema)
    rule = {"name": "Young", "when": {"field": "features.age", "op": "lt", "value": 21}, "then": {"result": "review"}}
    factories.make_policy(use_case, factories.make_queue(use_case), rules=[rule], always_review=[])
    assert _routed(use_case, {"age": 20}).rule == "Young"
    assert _routed(use_case, {"age": -9}).result == "auto"


def test_the_share_of_the_sample_is_what_it_says_and_each_draw_can_be_made_again(office):
    version = factories.make_policy(office.use_case, office.queue, qa_share=0.2, always_review=[])
    policy = published(office.use_case.pk)
    routed = {one: policy.route(one, {}, "approve", 0.99, 0.9) for one in (uuid7() for _ in range(5_000))}
    drawn = [one for one in routed.values() if one.result == "review"]
    assert 900 < len(drawn) < 1_100
    assert {(one.selection_reason, one.selection_probability, one.rule) for one in drawn} == {
        ("qa_auto", 0.2, "Quality sample")
    }
    assert {one.stratum for one in routed.values()} == {f"policy {version.number}/approve/Passes"}
    for prediction_id, one in list(routed.items())[:50]:
        assert one.draw == draw(policy.key, version.digest, prediction_id, "qa_auto")
        assert (one.draw < 0.2) == (one.result == "review")
