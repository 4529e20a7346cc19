"""Our subquery for grants gives the same rows as guardian's own."""

import pytest
from guardian.shortcuts import assign_perm, get_objects_for_user

from reviewapp.access.grants import granted
from reviewapp.access.rules import LEAD_QUEUE, QUEUE_RIGHTS, VIEW_QUEUE, WORK_QUEUE, Role, implied
from reviewapp.cases.models import Queue
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("right", QUEUE_RIGHTS)
def test_the_rows_are_guardians_rows(office, right):
    other = factories.make_office("other")
    people = [
        factories.make_user(name, *roles)
        for name, roles in (("ann", [Role.REVIEWER]), ("ben", [Role.LEAD, Role.REVIEWER]), ("cat", []))
    ]
    assign_perm(WORK_QUEUE, people[0], office.queue)
    assign_perm(VIEW_QUEUE, people[0], other.queue)
    assign_perm(LEAD_QUEUE, people[1].groups.get(name=Role.LEAD), office.lead_queue)
    assign_perm(WORK_QUEUE, people[1].groups.get(name=Role.REVIEWER), other.lead_queue)
    for person in people:
        theirs = get_objects_for_user(
            person, list(implied(right)), klass=Queue, any_perm=True, accept_global_perms=False, with_superuser=False
        )
        assert set(granted(Queue.objects.all(), factories.actor_of(person), right)) == set(theirs)


def test_nobody_has_nothing(office):
    from reviewapp.lib.actor import system

    assert not granted(Queue.objects.all(), system("nobody"), VIEW_QUEUE).exists()
