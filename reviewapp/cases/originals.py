"""Finding the case of a prediction also once it went on with another, as when inputs were corrected: of what a copy was made."""

from uuid import UUID

from reviewapp.cases.models import Case
from reviewapp.cases.models.evidence import APPLIED, Correction

# Ids of the cases that stand on a prediction or stood on it; {0} is its id. There is one at most. Each half is an index.
CASES_OF = """select x.id from cases_case x where x.prediction_id = {0}
    union all select x.case_id from cases_correction x where x.before_id = {0} and x.state = 'applied'"""


def cases_of(prediction_id: UUID) -> list[UUID]:
    """The same, in one statement."""
    stands = Case.objects.filter(prediction=prediction_id).values_list("pk")
    stood = Correction.objects.filter(before=prediction_id, state=APPLIED).values_list("case")
    return [pk for (pk,) in stands.union(stood, all=True)]
