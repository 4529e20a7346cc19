"""The pages of models, through the front door."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reviewapp.catalog.models import ModelVersion
from reviewapp.catalog.registering import register_version
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def version(office):
    return factories.make_model(office.use_case)


def _address(version, act=""):
    return f"/models/{version.model.name}/{version.pk}/{act}"


def test_who_works_with_the_use_case_sees_its_models(office, version, alice, mel, mallory, sign_in):
    for user in (alice, mel):
        browser = sign_in(user)
        assert "credit-risk" in browser.get("/models/").content.decode()
        assert browser.get("/models/credit-risk/").status_code == 200
        assert browser.get(_address(version)).status_code == 200
    hidden = sign_in(mallory)
    assert "credit-risk" not in hidden.get("/models/").content.decode()
    for path in ("/models/credit-risk/", _address(version), "/models/nothing/"):
        assert hidden.get(path).status_code == 404


def test_a_version_shows_what_it_is_made_of(office, ada, mel, version, artifact, sign_in):
    trained = register_version(
        model=version.model, version="2", folder=artifact, actor=factories.actor_of(ada), at=factories.now()
    )
    page = sign_in(mel).get(_address(trained)).content.decode()
    for text in (
        trained.artifact_digest,
        trained.lineage["data_digest"],
        f"600 in all, {trained.lineage['rows']['train']} trained on",
        "scikit-learn",
        "Calibration error",
        f"fitted on {trained.metrics['calibration']['n']} cases, measured on {trained.metrics['n']} others",
        "Platt scaling",
        "Debt-to-income",
        "Protected, and not told to it",
        "Married",
        "here, by sklearn",
    ):
        assert text in page
    assert "Make it live" not in page


def test_who_manages_promotes_and_retires(office, ada, version, sign_in):
    newer = factories.make_model(office.use_case, version="2")
    browser = sign_in(ada)
    assert "Make it live" in browser.get(_address(version)).content.decode()
    page = browser.post(_address(version, "promote"), follow=True).content.decode()
    assert "credit-risk 1 is live" in page
    page = browser.get(_address(newer)).content.decode()
    assert "Version 1 is live and will be retired in the same moment." in page
    browser.post(_address(newer, "promote"))
    assert list(ModelVersion.objects.order_by("version").values_list("stage", flat=True)) == ["retired", "live"]
    assert "is live already" in browser.post(_address(newer, "promote"), follow=True).content.decode()
    browser.post(_address(newer, "retire"))
    assert not ModelVersion.objects.filter(stage="live").exists()
    assert "Bring it back live" in browser.get(_address(newer)).content.decode()


def test_who_may_only_read_changes_nothing(office, version, mel, mallory, sign_in):
    for user in (mel, mallory):
        browser = sign_in(user)
        for act in ("promote", "retire"):
            assert browser.post(_address(version, act)).status_code == 404
            assert browser.get(_address(version, act)).status_code == 405
    assert ModelVersion.objects.get().stage == "registered"


def test_a_version_is_not_found_under_the_name_of_another_model(office, version, mel, sign_in):
    other = factories.make_model(office.use_case, name="other")
    assert sign_in(mel).get(f"/models/{other.model.name}/{version.pk}/").status_code == 404


def test_lists_page_filter_and_cost_the_same_when_long(office, version, mel, sign_in):
    browser = sign_in(mel)

    def statements(path):
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(path).status_code == 200
        return len(asked)

    browser.get("/models/")
    few = {path: statements(path) for path in ("/models/", "/models/credit-risk/")}
    assert max(few.values()) <= 5
    for number in range(2, 40):
        factories.make_model(office.use_case, version=str(number))
        factories.make_model(office.use_case, name=f"model-{number}")
    assert {path: statements(path) for path in few} == few
    for path, key, count in (("/models/", "rows", 39), ("/models/credit-risk/", "versions", 39)):
        first = browser.get(path).context
        second = browser.get(path + first["pager"]["next_url"]).context
        assert len(first[key]) + len(second[key]) == count
    assert browser.get("/models/?use_case=loans").status_code == 200
    for wrong in ("?use_case=nothing", "?cursor=x", "?stage__in=live"):
        assert browser.get(f"/models/{wrong}").status_code == 400
