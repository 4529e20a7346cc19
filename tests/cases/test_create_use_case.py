"""A use case from a file, as the README says."""

import json

import pytest
from django.core.management import CommandError, call_command

from reviewapp.catalog.models import UseCase
from tests.factories import LOAN_OUTCOMES, LOAN_SCHEMA

pytestmark = pytest.mark.django_db
BODY = {
    "slug": "car-loans",
    "name": "Car loans",
    "description": "For a test",
    "subject_noun": "applicant",
    "case_noun": "application",
    "case_noun_plural": "applications",
    "outcome_kind": "categorical",
    "outcomes": LOAN_OUTCOMES,
    "schema": LOAN_SCHEMA,
    "reasons": [{"code": "R01", "text": "Debts", "subject_text": "Debts are too high.", "features": ["debt_ratio"]}],
    "queues": [{"slug": "car-loans", "name": "Car loans"}, {"slug": "car-loans-lead", "name": "Lead", "is_lead": True}],
}


def _write(tmp_path, body) -> str:
    file = tmp_path / "use-case.json"
    file.write_text(json.dumps(body))
    return str(file)


def test_a_file_makes_a_use_case_with_inputs_reasons_and_queues(tmp_path):
    call_command("create_use_case", _write(tmp_path, BODY))
    made = UseCase.objects.get(slug="car-loans")
    assert made.schemas.get().number == 1
    assert made.reason_codes.get().code == "R01"
    assert set(made.queues.values_list("slug", "is_lead")) == {("car-loans", False), ("car-loans-lead", True)}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"slug": "Car Loans"}, "lower-case"),
        ({"outcomes": []}, "outcomes"),
        ({"nonsense": 1}, "nonsense"),
        ({"reasons": [{"code": "R01", "text": "x" * 121, "subject_text": "y"}]}, "Give text, in at most 120"),
        ({"reasons": [{"code": "R01", "text": "x", "subject_text": " "}]}, "Give subject_text, in at most 300"),
        ({"queues": [{"slug": "No Slug", "name": "x"}]}, "lower-case"),
    ],
)
def test_a_bad_file_is_refused_in_words(tmp_path, change, word):
    with pytest.raises(CommandError, match=word):
        call_command("create_use_case", _write(tmp_path, BODY | change))
