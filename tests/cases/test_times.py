"""Times on pages: all in the server's time zone, and a bar that needs no script."""

from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from reviewapp.audit.models import AuditEvent
from reviewapp.cases.models import Case, Draft
from tests import factories

TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.fixture
def case(office, alice, api):
    """Alice has it in hand."""
    made = office.send()
    assert api(alice).post(f"/api/v1/cases/{made.pk}/claim").status_code == 200
    made.refresh_from_db()
    return made


@pytest.fixture
def _tokyo():
    with timezone.override(TOKYO):
        yield


def page_of(browser, case):
    return browser.get(f"/cases/{case.pk}/").content.decode()


@pytest.mark.usefixtures("_tokyo")
def test_bob_reads_in_the_time_of_the_server_until_when_alice_holds_a_case(case, bob, sign_in):
    until = f"{case.lease_until.astimezone(TOKYO):%H:%M}"
    page = page_of(sign_in(bob), case)
    assert f"{until} JST" in page
    assert "UTC" not in page


@pytest.mark.usefixtures("_tokyo")
def test_a_draft_is_saved_at_the_same_time_for_the_page_and_for_its_script(case, alice, sign_in):
    browser = sign_in(alice)
    told = browser.post(f"/cases/{case.pk}/draft/", {"lease": 1, "note": "half", "choice": "agree"}).json()["saved_at"]
    assert told == f"{Draft.objects.get().saved_at.astimezone(TOKYO):%H:%M}"
    assert f"Draft saved {told}." in page_of(browser, case)


@pytest.mark.usefixtures("_tokyo")
def test_a_draft_of_another_day_says_which(case, alice, sign_in):
    saved = timezone.now() - timedelta(days=2)
    Draft.objects.create(case=case, author=alice, choice="agree", note="half", saved_at=saved.astimezone(UTC))
    assert f"Draft saved {saved.astimezone(TOKYO):%-d %b, %H:%M}." in page_of(sign_in(alice), case)


@pytest.mark.usefixtures("_tokyo")
def test_a_decision_is_dated_in_the_time_of_the_server(case, alice, api, sign_in):
    done = api(alice).post(f"/api/v1/cases/{case.pk}/review", {"lease": 1, "answer": "agree"})
    assert done.status_code == 200
    case.refresh_from_db()
    assert f"By Alice at {case.decided_at.astimezone(TOKYO):%H:%M} JST; as the model advised." in page_of(
        sign_in(alice), case
    )


@pytest.mark.usefixtures("_tokyo")
def test_the_trail_is_in_utc_as_it_says_wherever_the_server_stands(case, office, sign_in):
    auditor = sign_in(factories.make_auditor("oscar", office))
    event = AuditEvent.objects.filter(action="case.claimed").get()
    at = f"{event.at.astimezone(UTC):%-d %b %Y, %H:%M:%S}"
    assert f"{at}</time>" in auditor.get("/audit/").content.decode()
    assert f"{at} UTC" in auditor.get(f"/audit/{event.event_uuid}/").content.decode()


@pytest.mark.parametrize(("opened", "due", "used"), [(-30, 10, 75), (-50, -10, 100), (0, 60, 0)])
def test_the_bar_of_the_due_time_stands_where_it_should_before_any_script_runs(case, alice, sign_in, opened, due, used):
    now = timezone.now()
    Case.objects.update(opened_at=now + timedelta(minutes=opened), due_at=now + timedelta(minutes=due))
    assert f'<progress value="{used}" max="100" data-follows="due"' in page_of(sign_in(alice), case)
