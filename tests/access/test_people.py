"""Who may do what, where: admins see and change it, nobody for themselves, and everything is on record."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.utils import timezone

from reviewapp.access import actions
from reviewapp.access.actions import LastAdmin, set_active, set_roles
from reviewapp.access.models import User
from reviewapp.access.rules import LEAD_QUEUE, READ_LABELS, VIEW_QUEUE, WORK_QUEUE, Role
from reviewapp.audit.models import AuditEvent
from reviewapp.cases.models import QueueUserPermission
from reviewapp.lib.actor import system
from reviewapp.lib.errors import Invalid, NotFound
from tests import factories
from tests.factories import PASSWORD, actor_of

ROBOTS_KEY = {"name": "intake", "scopes": ["predictions:write"], "days": "30"}


def said(response):
    """What the page says after a redirect."""
    return response.content.decode()


def cell(thing, right):
    return f"{thing._meta.label_lower}:{thing.pk}:{right}"


# Who may come here


@pytest.mark.parametrize("path", ["/people/", "/people/new/", "/people/roles/Reviewer/", "/keys/", "/keys/new/"])
def test_only_an_admin_opens_the_pages_of_people_and_keys(path, admin, alice, carol, frank, sign_in):
    assert admin.get(path).status_code == 200
    assert [sign_in(person).get(path).status_code for person in (alice, carol, frank)] == [403, 403, 403]
    assert Client().get(path).status_code == 302


@pytest.mark.parametrize("page", ["", "roles/", "state/", "password/", "rights/"])
def test_nobody_else_changes_a_person(page, alice, bob, sign_in):
    browser = sign_in(bob)
    path = f"/people/{alice.pk}/{page}"
    answer = browser.post(path, {"roles": ["Admin"], "active": "no"}) if page else browser.get(path)
    assert answer.status_code == 403
    assert User.objects.get(pk=alice.pk).is_active


def test_a_person_who_does_not_exist_is_not_found(admin):
    unknown = "0190a000-0000-7000-8000-000000000000"
    assert admin.get(f"/people/{unknown}/").status_code == 404
    assert admin.post(f"/people/{unknown}/roles/", {"roles": []}).status_code == 404
    assert admin.get("/people/roles/Nobody/").status_code == 404


# The list


def test_the_list_tells_who_may_do_what_where(admin, alice, carol):
    page = said(admin.get("/people/"))
    assert all(
        words in page for words in ("alice", "Reviewer", "Loans: Work", "carol", "Loans: Lead", "Loans lead: Lead")
    )


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("q=ali", {"alice"}),
        ("q=%25", set()),
        ("q=_", set()),
        ("role=Lead", {"carol"}),
        ("state=service", {"loans-system"}),
        ("state=disabled", {"bob"}),
        ("state=active&role=Reviewer", {"alice"}),
    ],
)
def test_the_list_is_filtered_by_its_address(query, shown, admin, alice, bob, carol):
    User.objects.filter(pk=bob.pk).update(is_active=False)
    context = admin.get(f"/people/?{query}").context
    assert {row["user"].username for row in context["rows"]} == shown


@pytest.mark.parametrize(
    "query", ["password__startswith=p", "role=Nobody", "state=x", "q=a&q=b", "cursor=forged", "ordering=email"]
)
def test_an_address_the_list_does_not_know_is_refused(query, admin):
    assert admin.get(f"/people/?{query}").status_code == 400


def test_a_long_list_is_paged_both_ways(admin):
    for number in range(60):
        factories.make_user(f"person{number:02}")
    first = admin.get("/people/")
    second = admin.get(f"/people/{first.context['pager']['next_url']}")
    assert (len(first.context["rows"]), len(second.context["rows"])) == (50, 11)
    back = admin.get(f"/people/{second.context['pager']['previous_url']}")
    assert [row["user"].pk for row in back.context["rows"]] == [row["user"].pk for row in first.context["rows"]]


def test_the_list_costs_the_same_however_many_people_there_are(admin, office, django_assert_max_num_queries):
    for number in range(45):
        factories.make_reviewer(f"person{number:02}", office)
    with django_assert_max_num_queries(8):
        admin.get("/people/")


# Making people


def test_a_new_person_gets_a_password_once_and_must_change_it(admin, dana):
    page = admin.post(
        "/people/new/",
        {"display_name": "Gwen Ó Néill", "username": "gwen", "kind": "person", "roles": ["Reviewer", "Lead"]},
    )
    assert page.status_code == 200
    made = said(page).split('class="secret">')[1].split("<")[0]
    gwen = User.objects.get(username="gwen")
    assert (gwen.display_name, gwen.must_change_password, gwen.is_service) == ("Gwen Ó Néill", True, False)
    browser = Client()
    assert browser.post("/sign-in/", {"username": "gwen", "password": made}).status_code == 302
    assert browser.get("/my-work/")["Location"] == "/password/"
    event = AuditEvent.objects.get(action="user.created")
    assert (event.actor_name, event.object_id, event.data) == (
        "dana",
        str(gwen.pk),
        {"roles": ["Lead", "Reviewer"], "service": False},
    )
    assert made.encode() not in bytes(event.canon)


def test_sending_the_page_twice_makes_one_person(admin):
    form = {"display_name": "Gwen", "username": "gwen", "kind": "person"}
    assert [admin.post("/people/new/", form).status_code for _ in range(2)] == [200, 409]
    assert User.objects.filter(username="gwen").count() == 1


@pytest.mark.parametrize(
    "username", ["", "Gwen", "gwén", "g wen", "-gwen", "a" * 61, "gwen\0", "gwen\n", "../x", "ɡwen"]
)
def test_a_bad_user_name_is_refused(username, admin):
    answer = admin.post("/people/new/", {"display_name": "Gwen", "username": username, "kind": "person"})
    if username == "gwen\n":  # blanks around it are not part of it
        assert answer.status_code == 200
    else:
        assert answer.status_code == 422
        assert User.objects.count() == 1


@pytest.mark.parametrize("name", ["", "   ", "a" * 61, "a\0b", "a\u202eb", "a\nb"])
def test_a_bad_display_name_is_refused(name, admin):
    assert admin.post("/people/new/", {"display_name": name, "username": "gwen", "kind": "person"}).status_code == 422


@pytest.mark.parametrize("extra", [{"roles": ["Root"]}, {"kind": "robot"}, {"kind": ""}])
def test_an_unknown_role_or_kind_is_refused(extra, admin):
    assert (
        admin.post("/people/new/", {"display_name": "G", "username": "gwen", "kind": "person"} | extra).status_code
        == 422
    )


def test_fields_that_are_not_offered_change_nothing(admin):
    extra = {
        "is_superuser": "on",
        "is_staff": "on",
        "session_epoch": "9",
        "must_change_password": "",
        "id": "1",
        "password": "x",
    }
    admin.post("/people/new/", {"display_name": "G", "username": "gwen", "kind": "person"} | extra)
    gwen = User.objects.get(username="gwen")
    assert (gwen.is_superuser, gwen.session_epoch, gwen.must_change_password) == (False, 0, True)


def test_a_service_account_has_no_password(admin):
    admin.post(
        "/people/new/",
        {"display_name": "Loan system", "username": "loan-system", "kind": "service", "roles": ["Service"]},
    )
    robot = User.objects.get(username="loan-system")
    assert robot.is_service
    assert not robot.has_usable_password()


def test_a_weak_password_is_refused_by_the_action(db):
    with pytest.raises(Invalid) as refusal:
        actions.create_user(
            username="gwen", display_name="Gwen", password="gwen", actor=system("test"), at=timezone.now()
        )
    assert refusal.value.code == "weak-password"
    assert not User.objects.exists()


# Roles


def test_an_admin_changes_roles_and_is_told_what_changed(admin, alice, roles_of):
    answer = admin.post(f"/people/{alice.pk}/roles/", {"roles": ["Lead"]}, follow=True)
    assert roles_of(alice) == {"Lead"}
    assert "alice now has the role Lead" in said(answer)
    assert "no longer has the role Reviewer" in said(answer)
    event = AuditEvent.objects.get(action="user.roles_changed")
    assert (event.object_id, event.data) == (str(alice.pk), {"added": ["Lead"], "taken": ["Reviewer"]})


def test_saving_roles_unchanged_changes_nothing(admin, alice, fresh):
    assert "Nothing was changed" in said(admin.post(f"/people/{alice.pk}/roles/", {"roles": ["Reviewer"]}, follow=True))
    assert fresh(alice).session_epoch == 0
    assert not AuditEvent.objects.filter(action="user.roles_changed").exists()


def test_an_unknown_role_changes_nothing(admin, alice, roles_of):
    assert admin.post(f"/people/{alice.pk}/roles/", {"roles": ["Lead", "Root"]}).status_code == 422
    assert roles_of(alice) == {"Reviewer"}


def test_nobody_gives_a_role_to_themselves_and_the_try_is_on_record(admin, dana, erin, roles_of):
    answer = admin.post(f"/people/{dana.pk}/roles/", {"roles": ["Admin", "Auditor"]})
    assert (answer.status_code, roles_of(dana)) == (403, {"Admin"})
    assert "Nobody gives rights to themselves" in said(answer)
    event = AuditEvent.objects.get(action="user.roles_changed")
    assert (event.actor_name, event.object_id, event.outcome, event.data) == (
        "dana",
        str(dana.pk),
        "refused",
        {"code": "own-rights"},
    )


def test_the_last_admin_stays_admin_and_the_try_is_on_record(admin, dana, roles_of):
    answer = admin.post(f"/people/{dana.pk}/roles/", {"roles": []})
    assert (answer.status_code, roles_of(dana)) == (409, {"Admin"})
    assert AuditEvent.objects.get(action="user.roles_changed").data == {"code": "last-admin"}


def test_the_last_admin_stays_open_and_the_try_is_on_record(admin, dana, fresh):
    answer = admin.post(f"/people/{dana.pk}/state/", {"active": "no"})
    assert (answer.status_code, fresh(dana).is_active) == (409, True)
    assert AuditEvent.objects.get(action="user.disabled").outcome == "refused"


def test_one_admin_of_two_may_go(admin, dana, erin, roles_of):
    assert admin.post(f"/people/{dana.pk}/roles/", {"roles": []}).status_code == 302
    assert roles_of(dana) == set()


@pytest.mark.parametrize("other", ["disabled", "service"])
def test_a_disabled_admin_or_a_machine_is_no_other_admin(other, admin, dana, erin):
    User.objects.filter(pk=erin.pk).update(is_active=other != "disabled", is_service=other == "service")
    assert admin.post(f"/people/{dana.pk}/roles/", {"roles": []}).status_code == 409


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_remove_each_other_at_once_leave_one():
    start = Barrier(2)  # serves every round
    for role in Role:
        Group.objects.get_or_create(name=role)
    for _ in range(5):
        people = [factories.make_user(f"admin{User.objects.count()}", Role.ADMIN) for _ in range(2)]

        def remove(pair):
            actor, victim = pair
            start.wait()
            try:
                set_roles(user_id=victim.pk, roles=[], actor=actor_of(actor), at=timezone.now())
            except LastAdmin:
                return "last"
            finally:
                connection.close()
            return "removed"

        with ThreadPoolExecutor(2) as pool:
            results = sorted(pool.map(remove, [people, people[::-1]]))
        assert results == ["last", "removed"]
        for user in people:
            user.groups.clear()


# Accounts


def test_a_disabled_account_opens_nothing_and_can_be_opened_again(admin, alice, fresh):
    answer = admin.post(f"/people/{alice.pk}/state/", {"active": "no"}, follow=True)
    assert "alice is disabled" in said(answer)
    assert Client().post("/sign-in/", {"username": "alice", "password": PASSWORD}).status_code == 401
    assert "is enabled again" in said(admin.post(f"/people/{alice.pk}/state/", {"active": "yes"}, follow=True))
    assert Client().post("/sign-in/", {"username": "alice", "password": PASSWORD}).status_code == 302
    assert list(AuditEvent.objects.filter(action__startswith="user.", object_id=str(alice.pk)).order_by("id").values_list("action", flat=True)) == [
        "user.disabled", "user.sign_in_refused", "user.enabled", "user.signed_in",
    ]  # fmt: skip


def test_disabling_twice_is_one_act(alice):
    results = [set_active(user_id=alice.pk, active=False, actor=system("test"), at=timezone.now()) for _ in range(2)]
    assert results == [True, False]
    assert AuditEvent.objects.filter(action="user.disabled").count() == 1


def test_a_nonsense_state_is_refused(admin, alice, fresh):
    assert admin.post(f"/people/{alice.pk}/state/", {"active": "maybe"}).status_code == 422
    assert fresh(alice).is_active


def test_a_new_password_is_shown_once_and_ends_the_old_one(admin, alice):
    page = admin.post(f"/people/{alice.pk}/password/")
    made = said(page).split('class="secret">')[1].split("<")[0]
    assert Client().post("/sign-in/", {"username": "alice", "password": PASSWORD}).status_code == 401
    assert Client().post("/sign-in/", {"username": "alice", "password": made}).status_code == 302
    assert made not in said(admin.get(f"/people/{alice.pk}/"))
    assert AuditEvent.objects.get(action="user.password_reset").actor_name == "dana"


def test_nobody_resets_their_own_password_or_a_machines(admin, dana, office):
    assert admin.post(f"/people/{dana.pk}/password/").status_code == 403
    assert admin.post(f"/people/{office.sender.pk}/password/").status_code == 403


# Rights on queues and use cases


def test_the_page_of_a_person_says_what_each_right_allows(admin, alice, office):
    page = said(admin.get(f"/people/{alice.pk}/"))
    assert "take cases and answer them" in page
    assert f'value="{cell(office.queue, WORK_QUEUE)}" checked' in page
    assert f'value="{cell(office.lead_queue, WORK_QUEUE)}">' in page
    assert "included" in page


def test_rights_are_given_and_taken_by_the_matrix(admin, alice, office, sign_in):
    was = cell(office.queue, WORK_QUEUE)
    form = {"was": [was], "grant": [cell(office.lead_queue, VIEW_QUEUE), cell(office.use_case, READ_LABELS)]}
    answer = admin.post(f"/people/{alice.pk}/rights/", form, follow=True)
    assert all(
        words in said(answer)
        for words in ("now Read on Loans lead", "now Read labels on Loans", "no longer Work on Loans")
    )
    browser = sign_in(alice)
    assert browser.get(f"/queues/{office.lead_queue.slug}/").status_code == 200
    assert browser.get(f"/queues/{office.queue.slug}/").status_code == 404
    events = {
        (event.action, event.data["right"], event.queue_id)
        for event in AuditEvent.objects.filter(action__startswith="grant.")
    }
    assert events == {
        ("grant.given", VIEW_QUEUE, office.lead_queue.pk),
        ("grant.given", READ_LABELS, None),
        ("grant.taken", WORK_QUEUE, office.queue.pk),
    }


def test_what_another_admin_changed_meanwhile_is_left_alone(admin, alice, office):
    """The form carries only what its page showed: a right given since by somebody else stays."""
    factories.grant(alice, LEAD_QUEUE, office.lead_queue)
    was = cell(office.queue, WORK_QUEUE)
    admin.post(f"/people/{alice.pk}/rights/", {"was": [was], "grant": [was, cell(office.queue, VIEW_QUEUE)]})
    rights = set(
        QueueUserPermission.objects.filter(user=alice).values_list("content_object__slug", "permission__codename")
    )
    assert rights == {("loans", WORK_QUEUE), ("loans", VIEW_QUEUE), ("loans-lead", LEAD_QUEUE)}


def test_saving_rights_unchanged_changes_nothing(admin, alice, office):
    was = cell(office.queue, WORK_QUEUE)
    assert "Nothing was changed" in said(
        admin.post(f"/people/{alice.pk}/rights/", {"was": [was], "grant": [was]}, follow=True)
    )
    assert not AuditEvent.objects.filter(action__startswith="grant.").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        "x",
        "cases.queue:{pk}:manage_use_case",
        f"cases.queue:{UUID(int=7)}:work_cases",
        "access.user:{pk}:manage_people",
        "\0",
    ],
)
def test_a_cell_that_is_not_on_the_page_is_refused(wrong, admin, alice, office):
    answer = admin.post(f"/people/{alice.pk}/rights/", {"grant": [wrong.format(pk=office.queue.pk)]})
    assert answer.status_code == 422
    assert QueueUserPermission.objects.filter(user=alice).count() == 1


def test_nobody_gives_a_right_to_themselves(admin, dana, office):
    answer = admin.post(f"/people/{dana.pk}/rights/", {"grant": [cell(office.queue, WORK_QUEUE)]})
    assert answer.status_code == 403
    assert not QueueUserPermission.objects.filter(user=dana).exists()
    assert AuditEvent.objects.get(action="grant.given").outcome == "refused"


def test_nobody_gives_a_right_to_themselves_through_their_role(admin, office):
    answer = admin.post("/people/roles/Admin/rights/", {"grant": [cell(office.queue, WORK_QUEUE)]})
    assert answer.status_code == 403
    assert AuditEvent.objects.get(action="grant.given").object_id == "Admin"


def test_a_right_of_a_role_holds_for_everyone_who_has_it(admin, bob, office, sign_in):
    answer = admin.post("/people/roles/Reviewer/rights/", {"grant": [cell(office.lead_queue, VIEW_QUEUE)]}, follow=True)
    assert "Everyone with the role Reviewer: now Read on Loans lead" in said(answer)
    assert sign_in(bob).get(f"/queues/{office.lead_queue.slug}/").status_code == 200
    assert "by role Reviewer" in said(admin.get(f"/people/{bob.pk}/"))


def test_a_right_that_does_not_exist_there_is_refused(alice, office):
    with pytest.raises(Invalid):
        actions.set_grant(
            holder=alice, target=office.queue, right=READ_LABELS, granted=True, actor=system("test"), at=timezone.now()
        )
    with pytest.raises(NotFound):
        actions.set_grant(
            holder=alice, target=alice, right=WORK_QUEUE, granted=True, actor=system("test"), at=timezone.now()
        )


# Where a person may go


@pytest.mark.parametrize(
    ("roles", "places"),
    [
        ([Role.REVIEWER], ["My work", "Queues", "My reviews", "Help"]),
        ([Role.LEAD], ["My work", "Queues", "My reviews", "Policy", "Help"]),
        ([Role.ADMIN], ["Models", "Policy", "People", "Keys", "Audit", "Help"]),
        ([Role.AUDITOR], ["Audit", "Quality", "Help"]),
        ([Role.ML], ["Labels", "Data sets", "Models", "Help"]),
        ([], ["Help"]),
    ],
)
def test_the_navigation_offers_what_the_roles_open(roles, places, db, sign_in):
    page = sign_in(factories.make_user("gwen", *roles)).get("/help/")
    assert [item["label"] for item in page.context["nav"]] == places
    assert [item["label"] for item in page.context["nav"] if item["current"]] == ["Help"]


@pytest.mark.parametrize(
    ("role", "start"),
    [(Role.REVIEWER, "/my-work/"), (Role.AUDITOR, "/audit/"), (Role.ML, "/labels/"), (None, "/help/")],
)
def test_the_start_page_is_the_first_place_a_role_opens(role, start, db, sign_in):
    browser = sign_in(factories.make_user("gwen", *([role] if role else [])))
    assert browser.get("/")["Location"] == start


def test_a_queue_granted_to_somebody_without_a_role_is_offered(office, sign_in):
    gwen = factories.make_user("gwen")
    factories.grant(gwen, VIEW_QUEUE, office.queue)
    assert "Queues" in [item["label"] for item in sign_in(gwen).get("/help/").context["nav"]]
