"""Labels and data sets as the doors and the exports read them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, QuerySet, TextField
from django.db.models.functions import Cast

from inference.schema import FeatureSchema
from reviewapp.access.grants import granted
from reviewapp.access.rules import READ_LABELS
from reviewapp.catalog.models import FeatureSchemaVersion, UseCase
from reviewapp.datasets.columns import LABEL_FIELDS, Column, columns, row
from reviewapp.datasets.models import DatasetRow, DatasetSnapshot
from reviewapp.datasets.rules import Filters
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import NotFound
from reviewapp.predictions.models import Label

BATCH = 2_000
COUNTED = 1_000  # figures on a page are of at most this many labels, the newest


def readable_use_cases(actor: Actor) -> QuerySet[UseCase]:
    """Use cases whose labels the actor may read."""
    return granted(UseCase.objects.all(), actor, READ_LABELS).order_by("name")


def readable_use_case(actor: Actor, slug: str) -> UseCase:
    """:raises NotFound: the same for one that is absent and one that is not the actor's."""
    use_case = readable_use_cases(actor).filter(slug=slug).first()
    if use_case is None:
        raise NotFound
    return use_case


def visible_labels(actor: Actor, *, use_case: str | None) -> QuerySet[Label]:
    """Labels the actor may read, of one use case by its slug or of all. :raises NotFound: if that one is not theirs."""
    labels = Label.objects.select_related("use_case", "superseded")
    if use_case is not None:
        return labels.filter(use_case=readable_use_case(actor, use_case))
    return labels.filter(use_case__in=readable_use_cases(actor).order_by())


def labels_of(use_case: UseCase, filters: Filters) -> QuerySet[Label]:
    """The labels that count: none that a reopening has superseded."""
    return Label.objects.filter(use_case=use_case, superseded=None, **filters.lookups())


def last_position(use_case: UseCase) -> int:
    return Label.objects.filter(use_case=use_case).aggregate(last=Max("position"))["last"] or 0


@dataclass(frozen=True, slots=True)
class Tally:
    """How people decided. `n` labels were counted; `is_part` when there may be older ones."""

    n: int
    is_part: bool
    overridden: int
    by_outcome: dict[str, tuple[int, int]]  # outcome: (labels, of these overrides)


def tally(labels: QuerySet[Label]) -> Tally:
    """Counts of the newest `COUNTED` labels: one statement, however many there are."""
    newest = labels.order_by("-position").values("position")[:COUNTED]
    found = Label.objects.filter(position__in=newest).values_list("outcome", "agrees").annotate(n=Count("*")).order_by()
    by_outcome: dict[str, tuple[int, int]] = {}
    for outcome, agrees, n in found:
        labelled, overridden = by_outcome.get(outcome, (0, 0))
        by_outcome[outcome] = (labelled + n, overridden + (0 if agrees else n))
    n = sum(labelled for labelled, _ in by_outcome.values())
    return Tally(
        n=n, is_part=n == COUNTED, overridden=sum(count for _, count in by_outcome.values()), by_outcome=by_outcome
    )


def seen_values(use_case: UseCase) -> tuple[list[str], list[str]]:
    """Model versions (`name/version`) and selection reasons among the newest labels, for the choices of a filter."""
    newest = Label.objects.filter(use_case=use_case).order_by("-position").values("position")[:COUNTED]
    rows = (
        Label.objects.filter(position__in=newest)
        .values_list("model_name", "model_version_name", "selection_reason")
        .distinct()
        .order_by()
    )
    found = list(rows)
    return sorted({f"{name}/{version}" for name, version, _ in found if name}), sorted(
        {reason for _, _, reason in found}
    )


def batches(snapshot: DatasetSnapshot, *, size: int = BATCH) -> Iterator[list[dict[str, Any]]]:
    """Every row of a frozen data set in order of position, `size` at a time.

    Each batch is a short statement of its own: a slow reader holds no transaction and no cursor open, and as nothing of a frozen data set
    can change, the batches belong together.
    """
    after = 0
    while True:
        found = list(
            DatasetRow.objects.filter(snapshot=snapshot, label_id__gt=after)
            .order_by("label_id")
            .values_list("split", Cast("label__features", TextField()), *(f"label__{name}" for name in LABEL_FIELDS))[
                :size
            ]
        )
        if found:
            yield [row(split, features, values) for split, features, *values in found]
            after = found[-1][2 + LABEL_FIELDS.index("position")]
        if len(found) < size:
            return


def schemas_of(snapshot: DatasetSnapshot) -> list[FeatureSchemaVersion]:
    """The schemas of its rows, newest first: their order is the order of the columns."""
    ids = [UUID(key) for key in snapshot.summary.get("schemas", {})]
    return list(FeatureSchemaVersion.objects.filter(pk__in=ids).order_by("-number"))


def columns_of(schemas: list[FeatureSchemaVersion]) -> tuple[Column, ...]:
    return columns(FeatureSchema.from_json(schema.body) for schema in schemas)


def unfrozen_rows(
    snapshot: DatasetSnapshot, filters: Filters, *, after: int, size: int = BATCH
) -> list[tuple[Any, ...]]:
    """The next labels to freeze: (subject, schema, features as JSON text, *LABEL_FIELDS)."""
    labels = labels_of(snapshot.use_case, filters).filter(position__gt=after, position__lte=snapshot.up_to_position)
    fields = ("prediction__subject_id", "prediction__schema_id", Cast("features", TextField()), *LABEL_FIELDS)
    return list(labels.order_by("position").values_list(*fields)[:size])


def visible_snapshots(actor: Actor) -> QuerySet[DatasetSnapshot]:
    """Data sets of use cases whose labels the actor may read, with what every door shows of them."""
    return DatasetSnapshot.objects.visible_to(actor).select_related("use_case", "requested_by")
