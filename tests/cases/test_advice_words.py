"""The figures and words of the model's part agree with the reason why a person sees the case."""

import pytest

from inference.schema import FeatureSchema
from reviewapp.cases.presentation import threshold_in
from reviewapp.catalog.presentation import protected_labels
from reviewapp.predictions.presentation import sure_of_100


@pytest.mark.parametrize(
    ("confidence", "why", "said"),
    [
        (0.947, "Confidence below 95 %", "just under 95"),
        (0.944, "Confidence below 95 %", "94"),
        (0.951, "Confidence below 95 %", "95"),
        (0.9249, "Confidence below 92.5 %", "92"),
        (0.947, "Large loans are reviewed", "95"),
    ],
)
def test_a_confidence_that_rounds_to_its_threshold_is_just_under_it(confidence, why, said):
    assert sure_of_100(confidence, threshold_in(why)) == said


def test_what_the_model_is_not_told_names_no_value_of_anybody():
    protected = {"kind": "boolean", "protected": True}
    schema = FeatureSchema.from_json(
        {
            "features": [
                {"name": "income", "label": "Income (yearly)", "kind": "number"},
                {"name": "black", "label": "Race (Black)"} | protected,
                {"name": "asian", "label": "Race (Asian)"} | protected,
                {"name": "sex", "label": "Sex"} | protected,
            ]
        }
    )
    assert protected_labels(schema) == ["Race", "Sex"]
