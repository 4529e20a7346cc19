"""Pending from the case page, and what the pages say of a pended case."""

from datetime import timedelta

import pytest
from django.utils import timezone

from reviewapp.cases.actions import return_due
from reviewapp.cases.models import Case
from tests.cases.pending import PAYSLIP, body, come_due

pytestmark = pytest.mark.django_db


def form(**changes):
    return {"lease": "1", "follow_up": "2h", "follow_up_at": "", "awaited": PAYSLIP} | changes


def test_lists_name_until_when_and_the_case_page_what_is_awaited(pended, office, alice, sign_in):
    office.send(external_id="APP-8")
    browser = sign_in(alice)
    until = timezone.localtime(Case.objects.get(pk=pended.pk).follow_up_at)
    page = browser.get("/queues/loans/?state=pended").content.decode()
    assert "pended until" in page
    assert f"{until:%H:%M}</bdi>" in page
    assert "October payslip of Zora" not in page
    assert "October payslip of Zora" in browser.get(f"/cases/{pended.pk}/").content.decode()
    assert "APP-8" not in page
    assert "1 waiting, 0 in hand, 1 pended" in page
    page = browser.get("/queues/loans/?state=waiting").content.decode()
    assert "APP-8" in page
    assert "APP-7" not in page
    everything = browser.get("/queues/loans/").content.decode()
    assert "APP-7" in everything
    assert "APP-8" in everything


def test_a_list_cuts_a_long_text_and_the_case_page_does_not(held, alice, bob, sign_in, api):
    long = "the letter of the employer, " * 7
    api(alice).post(f"/api/v1/cases/{held.pk}/pend", body(awaited=long))
    browser = sign_in(bob)
    assert long.strip() not in browser.get("/queues/loans/").content.decode()
    assert long.strip() in browser.get(f"/cases/{held.pk}/").content.decode()


def test_my_work_shows_what_i_pended_to_me_alone(pended, alice, bob, sign_in):
    page = sign_in(alice).get("/my-work/").content.decode()
    assert "Pended by you" in page
    assert PAYSLIP in page
    assert PAYSLIP not in sign_in(bob).get("/my-work/").content.decode()


def test_the_case_tells_its_story_and_keeps_what_was_awaited(pended, alice, bob, sign_in, api):
    browser = sign_in(bob)
    page = browser.get(f"/cases/{pended.pk}/").content.decode()
    assert "Pended until" in page
    assert "By Alice. It then goes back to Loans, with its priority raised by one." in page
    assert "Alice pended the case until" in page
    assert "Take it up again" in page
    assert api(bob).get(f"/api/v1/cases/{pended.pk}").json()["awaited"] == PAYSLIP
    come_due()
    return_due(at=timezone.now())
    page = browser.get(f"/cases/{pended.pk}/").content.decode()
    assert "The follow-up time came" in page
    assert PAYSLIP in page, "who takes it up must know what to look for"
    assert "Take it up again" not in page


def test_taking_it_up_from_its_page(pended, bob, mallory, sign_in):
    assert sign_in(mallory).post(f"/cases/{pended.pk}/claim/").status_code == 404
    page = sign_in(bob).post(f"/cases/{pended.pk}/claim/", follow=True).content.decode()
    assert 'id="answer"' in page
    assert Case.objects.get().holder == bob


def test_text_of_a_person_is_shown_inert(held, alice, bob, api, sign_in):
    api(alice).post(f"/api/v1/cases/{held.pk}/pend", body(awaited="<script>alert(1)</script>"))
    page = sign_in(bob).get(f"/cases/{held.pk}/").content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<script>alert" not in sign_in(bob).get("/queues/loans/").content.decode()


# The form


def test_the_form_pends_and_goes_on_to_the_next_case(held, office, alice, sign_in):
    following = office.send(external_id="APP-8")
    done = sign_in(alice).post(f"/cases/{held.pk}/pend/", form(), follow=True)
    page = done.content.decode()
    case = Case.objects.get(pk=held.pk)
    assert case.state == "pended"
    assert timedelta(minutes=119) < case.follow_up_at - timezone.now() <= timedelta(minutes=120)
    assert "Pended until" in page
    assert "APP-7" in page
    assert done.redirect_chain[-1][0] == f"/cases/{following.pk}/"


def test_a_time_may_be_typed_in_the_servers_zone(held, alice, sign_in):
    moment = (timezone.localtime() + timedelta(days=3)).replace(second=0, microsecond=0)
    typed = f"{moment:%Y-%m-%dT%H:%M}"
    sign_in(alice).post(f"/cases/{held.pk}/pend/", form(follow_up="at", follow_up_at=typed))
    assert Case.objects.get().follow_up_at == moment


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"follow_up": "at"}, "Choose when to follow up."),
        ({"follow_up": "", "awaited": "\t"}, "Say what the case waits for."),
        ({"follow_up": "never", "follow_up_at": "soon"}, "Choose when to follow up."),
        ({"follow_up": "at", "follow_up_at": "2020-01-01T00:00"}, "still to come"),
        ({"follow_up": "at", "follow_up_at": "9999-12-31T23:59"}, "within 30 days"),
        ({"awaited": "  "}, "Say what the case waits for."),
        ({"awaited": "y" * 201}, "in at most 200 characters"),
    ],
)
def test_a_form_that_lacks_something_keeps_what_was_typed(held, alice, sign_in, change, said):
    sent = form(**change)
    refused = sign_in(alice).post(f"/cases/{held.pk}/pend/", sent)
    page = refused.content.decode()
    assert refused.status_code == 422
    assert said in page
    assert sent["awaited"] in page
    assert '<details class="pend" open>' in page
    assert Case.objects.get().state == "leased"


def test_a_form_under_a_lost_lease_pends_nothing_and_says_so(held, alice, bob, mallory, sign_in, api):
    assert sign_in(mallory).post(f"/cases/{held.pk}/pend/", form()).status_code == 404
    Case.objects.update(lease_until=timezone.now() - timedelta(minutes=1))
    api(bob).post("/api/v1/queues/loans/claim")
    lost = sign_in(alice).post(f"/cases/{held.pk}/pend/", form())
    assert lost.status_code == 409
    assert "It was not pended" in lost.content.decode()
    assert Case.objects.get().holder == bob


@pytest.mark.parametrize("change", [{"lease": ""}, {"lease": "-1"}, {"awaited": "a\0b"}, {"awaited": "z" * 10_001}])
def test_what_no_form_of_ours_sends_is_refused(held, alice, sign_in, change):
    assert sign_in(alice).post(f"/cases/{held.pk}/pend/", form(**change)).status_code == 400
    assert Case.objects.get().state == "leased"


def test_the_page_warns_of_a_follow_up_after_the_due_time(held, alice, sign_in):
    browser = sign_in(alice)
    Case.objects.update(due_at=timezone.now() + timedelta(hours=1))
    page = browser.get(f"/cases/{held.pk}/").content.decode()
    assert page.count("after it is due") == 2, "in two hours and tomorrow, and not in half an hour"
    assert "a later follow-up brings it back over its time" in page
    Case.objects.update(due_at=timezone.now() - timedelta(hours=1))
    page = browser.get(f"/cases/{held.pk}/").content.decode()
    assert "after it is due" not in page
    assert "pending does not stop that clock" in page
