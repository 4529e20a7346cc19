"""The list of one queue: which filters it knows and how each order is paged. All in the URL."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from reviewapp.cases.models import Case
from reviewapp.cases.queries import in_hand, waiting
from reviewapp.cases.rules import CaseState
from reviewapp.lib import listing
from reviewapp.lib.errors import Malformed

PAGE_SIZE = 30
ORDERS = {
    "next": ("-priority", "due_at", "id"),
    "due": ("due_at", "id"),
    "confidence": ("confidence", "id"),
    "oldest": ("id",),
}
DECIDED_ORDER = ("-decided_at", "-id")
STATES = {"": "Not decided", "waiting": "Waiting", "held": "In hand", "pended": "Pended", "decided": "Decided"}
TIMES = {"": "Any", "risk": "At risk", "breached": "Breached"}
BANDS = {
    "": ("Any", 0.0, 1.01),
    "60": ("Under 60", 0.0, 0.60),
    "75": ("60 to 75", 0.60, 0.75),
    "90": ("75 to 90", 0.75, 0.90),
    "100": ("90 and over", 0.90, 1.01),
}
SORTS = {"next": "Next first", "due": "Due first", "confidence": "Least sure first", "oldest": "Oldest first"}
PARAMS = ("q", "state", "time", "confidence", "sort", "cursor", "page_size")


@dataclass(frozen=True, slots=True)
class Choice:
    """The filters chosen; `q` is the beginning of an external id."""

    q: str
    state: str
    time: str
    confidence: str
    sort: str

    @classmethod
    def of(cls, values: dict[str, str]) -> "Choice":
        """:raises Malformed: for a value that is not among the options."""
        given = {name: values.get(name, "").strip() for name in ("q", "state", "time", "confidence")}
        chosen = cls(**given, sort=values.get("sort") or "next")
        options = ((chosen.state, STATES), (chosen.time, TIMES), (chosen.confidence, BANDS), (chosen.sort, SORTS))
        if any(value not in known for value, known in options):
            raise Malformed("The address has a filter this list does not know.", code="bad-param")
        return chosen

    @property
    def order(self) -> tuple[str, ...]:
        return DECIDED_ORDER if self.state == "decided" else ORDERS[self.sort]

    @property
    def leaves_out_blind(self) -> bool:
        """Whether the list is made by the model's confidence: a blind case would tell by its place in it what is withheld."""
        return self.state != "decided" and (bool(self.confidence) or self.sort == "confidence")

    @property
    def is_set(self) -> bool:
        return bool(self.q or self.state or self.time or self.confidence)

    def apply(self, rows: QuerySet[Case], *, now: datetime) -> QuerySet[Case]:
        rows = (
            rows.filter(state=CaseState.DECIDED) if self.state == "decided" else rows.exclude(state=CaseState.DECIDED)
        )
        if self.state == "waiting":
            rows = rows.filter(waiting(now))
        elif self.state == "held":
            rows = rows.filter(in_hand(now))
        elif self.state == "pended":
            rows = rows.filter(state=CaseState.PENDED)
        if self.q:
            rows = rows.filter(external_id__startswith=self.q)
        if self.time == "breached":
            rows = rows.filter(due_at__lte=now)
        elif self.time == "risk":
            rows = rows.filter(due_at__gt=now, risk_at__lte=now)
        if self.leaves_out_blind:
            rows = rows.filter(is_blind=False)
        if self.confidence:
            _, low, high = BANDS[self.confidence]
            rows = rows.filter(confidence__gte=low, confidence__lt=high)
        return rows

    def form(self, url: str) -> dict[str, Any]:
        """The context of components/_filters.html."""
        bands = {value: words for value, (words, _, _) in BANDS.items()}
        return {
            "search": {"name": "q", "label": "Find case", "value": self.q, "placeholder": "Case number"},
            "selects": [
                listing.select("state", "State", STATES.items(), self.state, everything=None),
                listing.select("time", "Time", TIMES.items(), self.time, everything=None),
                listing.select("confidence", "Confidence", bands.items(), self.confidence, everything=None),
                listing.select("sort", "Sort", SORTS.items(), self.sort, everything=None),
            ],
            "clear_url": url if self.is_set else None,
        }
