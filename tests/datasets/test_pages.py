"""The pages of labels and data sets."""

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reviewapp.access.rules import Role
from reviewapp.datasets import freezing
from reviewapp.datasets.models import DatasetSnapshot
from tests import factories
from tests.datasets import world


def test_the_labels_page_counts_what_people_decided(labels, alice):
    page = alice.browser.get("/labels/?agreement=overrides")
    assert page.status_code == 200
    assert "12 of n = 12" in page.content.decode()
    whole = alice.browser.get("/labels/").content.decode()
    assert "20.0 %" in whole
    assert "12 of n = 60" in whole


def test_whoever_has_the_role_and_no_right_yet_is_told_who_gives_it(db, sign_in):
    erin, dave = factories.make_user("erin", Role.ML), factories.make_user("dave", Role.REVIEWER)
    for path in ("/labels/", "/datasets/"):
        page = sign_in(erin).get(path)
        assert page.status_code == 200
        assert "No labels for you to read yet" in page.content.decode()
        assert sign_in(dave).get(path).status_code == 403


def test_pages_go_on_without_doubling(labels, alice):
    first = alice.browser.get("/labels/").context
    second = alice.browser.get("/labels/" + first["pager"]["next_url"]).context
    shown = [row["position"] for context in (first, second) for row in context["rows"]]
    assert shown == sorted((label.position for label in labels), reverse=True)
    assert second["pager"]["next_url"] is None


def test_the_number_of_statements_does_not_grow_with_the_labels(labels, mortgage, alice):
    def statements():
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert alice.browser.get("/labels/").status_code == 200
        return len(caught)

    few = statements()
    world.make_labels(mortgage, 1_200, sender=alice.user, seed=3)
    assert statements() == few <= 8
    assert "over 1,000" in alice.browser.get("/labels/").content.decode()


def test_freezing_what_is_shown(labels, alice):
    shown = {"use_case": "mortgage-underwriting", "outcome": "deny", "decided_from": "2026-03-01"}
    answer = alice.browser.post("/datasets/freeze", shown | {"name": "Denied"})
    snapshot = DatasetSnapshot.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == f"/datasets/{snapshot.pk}/"
    assert snapshot.filters == {"outcome": "deny", "decided_from": "2026-03-01"}
    waiting = alice.browser.get(answer["Location"]).content.decode()
    assert "<progress" in waiting
    assert "progress.js" in waiting
    assert "Download" not in waiting
    assert alice.browser.get(f"/datasets/{snapshot.pk}/progress").json()["finished"] is False
    freezing.freeze_pending(at=timezone.now())
    assert alice.browser.get(f"/datasets/{snapshot.pk}/progress").json()["finished"] is True
    frozen = alice.browser.get(f"/datasets/{snapshot.pk}/").content.decode()
    assert "format=parquet" in frozen
    assert DatasetSnapshot.objects.get().digest in frozen
    assert "progress.js" not in frozen


def test_a_name_is_needed(labels, alice):
    answer = alice.browser.post(
        "/datasets/freeze", {"use_case": "mortgage-underwriting", "name": " ", "outcome": "deny"}
    )
    assert answer.status_code == 422
    assert answer.context["chosen"]["outcome"] == "deny"
    assert not DatasetSnapshot.objects.exists()


def test_a_reviewer_who_may_read_sees_labels_and_no_way_to_freeze(labels, rita):
    page = rita.browser.get("/labels/").content.decode()
    assert "Freeze" not in page
    assert rita.browser.post("/datasets/freeze", {"use_case": "mortgage-underwriting", "name": "x"}).status_code == 403
    assert not DatasetSnapshot.objects.exists()


def test_a_filter_that_is_no_choice_is_a_page_that_says_so(labels, alice):
    for query in ("?agreement=maybe", "?outcome__in=x", "?decided_from=soon", "?cursor=x"):
        assert alice.browser.get(f"/labels/{query}").status_code == 400


def test_an_outcome_of_another_use_case_falls_away_when_one_switches(labels, triage, alice):
    world.let_read(alice.user, triage)
    triage.outcomes = [{"value": "1", "label": "Immediate"}, {"value": "2", "label": "Urgent"}]
    triage.save()
    page = alice.browser.get(f"/labels/?use_case={triage.slug}&outcome=deny")
    assert page.status_code == 200
    assert "No labels yet" in page.content.decode()
    assert alice.browser.get("/labels/?use_case=nothing").status_code == 404


def test_names_show_as_text(labels, freeze, alice):
    pk = freeze("<img src=x onerror=alert(1)> {{7*7}}")
    for path in ("/datasets/", f"/datasets/{pk}/"):
        page = alice.browser.get(path).content.decode()
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page
