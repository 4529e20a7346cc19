"""Publishing a policy: who may, what is refused, and what becomes of it."""

import json
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from reviewapp.access.rules import Role
from reviewapp.audit.models import AuditEvent
from reviewapp.lib.errors import NotFound
from reviewapp.policies.actions import PolicyInvalid, PolicyMoved, publish
from reviewapp.policies.models import PolicyVersion
from reviewapp.policies.queries import published
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def _body(office, **changes):
    return office.use_case.policy_versions.first().body | changes


def _publish(office, user, body, **given):
    words = {"reason": "Fewer cases by hand", "after": None} | given
    return publish(use_case=office.use_case, body=body, actor=factories.actor_of(user), at=factories.now(), **words)


def test_a_published_policy_routes_what_comes_next_and_is_on_record(office, ada):
    before = office.send()
    version = _publish(office, ada, _body(office, always_review=["approve"], confidence_threshold=0.5), after=1)
    assert (version.number, published(office.use_case.pk).id) == (2, version.pk)
    approved = {"prediction": {"outcome": "approve", "probabilities": {"approve": 0.97, "deny": 0.03}}}
    after = office.send(**approved, explanation=None)
    assert before.prediction.routing.policy_number == 1
    assert after.prediction.routing.policy_number == 2
    event = AuditEvent.objects.get(action="policy.published")
    assert event.data == {"use_case": "loans", "number": 2, "digest": version.digest}
    assert (event.actor_id, event.reason) == (ada.pk, "Fewer cases by hand")


def test_who_may_not_manage_the_use_case_publishes_nothing(office, alice, carol):
    elsewhere = factories.make_user("eve", Role.ADMIN)
    factories.grant(elsewhere, "manage_use_case", factories.make_use_case("elsewhere"))
    for user in (alice, carol, elsewhere, office.sender):
        with pytest.raises(NotFound):
            _publish(office, user, _body(office))
    assert PolicyVersion.objects.count() == 1


def test_faults_and_a_missing_reason_are_told_together(office, ada):
    with pytest.raises(PolicyInvalid) as refused:
        _publish(office, ada, _body(office, qa_share=2, default={"queue": "elsewhere"}), reason=" ")
    assert [problem.pointer for problem in refused.value.errors] == ["/reason", "/qa_share", "/default/queue"]
    assert PolicyVersion.objects.count() == 1
    assert not AuditEvent.objects.filter(action="policy.published").exists()


def test_a_queue_of_another_use_case_is_no_queue(office, ada):
    other = factories.make_queue(factories.make_use_case("cards"))
    with pytest.raises(PolicyInvalid):
        _publish(office, ada, _body(office, default={"queue": other.slug}))


def test_what_was_written_against_an_older_version_is_refused(office, ada):
    _publish(office, ada, _body(office, qa_share=0.1), after=1)
    with pytest.raises(PolicyMoved):
        _publish(office, ada, _body(office, qa_share=0.2), after=1)
    assert PolicyVersion.objects.count() == 2


def test_eight_at_once_get_eight_numbers(office, ada):
    numbers = []

    def act(share):
        try:
            numbers.append(_publish(office, ada, _body(office, qa_share=share)).number)
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=(place / 10,)) for place in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(2, 10))


def test_a_published_version_cannot_be_edited(office):
    version = office.use_case.policy_versions.get()
    for change in (version.save, version.delete):
        with pytest.raises(DatabaseError, match="append-only"):
            change()


def test_the_command_publishes_and_says_what_it_published(office, tmp_path, capsys):
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(_body(office, qa_share=0.05)))
    call_command("publish_policy", "loans", file, reason="Sample 5 %")
    said = capsys.readouterr().out
    assert "Loans, policy 2:" in said
    assert "5 % is drawn at random" in said
    file.write_text(json.dumps(_body(office, qa_share=5)))
    with pytest.raises(CommandError, match="/qa_share: Write a number from 0 to 1"):
        call_command("publish_policy", "loans", file, reason="Sample too much")
    file.write_text("{")
    with pytest.raises(CommandError, match="not JSON"):
        call_command("publish_policy", "loans", file, reason="Sample too much")
    with pytest.raises(CommandError, match="no use case"):
        call_command("publish_policy", "nothing", file, reason="x")
