"""Reads of the catalog that more than one door uses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, OuterRef, Prefetch, Q, QuerySet, Subquery
from guardian.shortcuts import get_objects_for_user

from inference.schema import FeatureSchema
from reviewapp.access import grantable
from reviewapp.access.grants import granted, granted_sql
from reviewapp.access.models import User
from reviewapp.access.rules import MANAGE, SUBMIT, USE_CASE_RIGHTS, VIEW_QUEUE
from reviewapp.catalog.conditions.checking import Check
from reviewapp.catalog.conditions.wording import Labels
from reviewapp.catalog.models import FeatureSchemaVersion, Model, ModelVersion, ReasonCode, UseCase
from reviewapp.catalog.rules import Stage
from reviewapp.lib.actor import SYSTEM, Actor
from reviewapp.lib.errors import NotFound


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """A registered model version, as intake needs it."""

    id: UUID
    model: str
    version: str
    is_live: bool
    has_artifact: bool


@dataclass(frozen=True, slots=True)
class IntakeBundle:
    """Everything intake holds a body against: compiled once, shared by requests until the catalog changes."""

    use_case_id: UUID
    slug: str
    outcomes: frozenset[str]
    adverse: frozenset[str]
    summary_features: tuple[str, ...]
    schema_id: UUID
    names: tuple[str, ...]
    name_set: frozenset[str]
    validate: Callable[[Mapping[str, object]], list[Any]]
    versions: Mapping[tuple[str, str | None], VersionInfo]  # (model, version), and (model, None) for the live one
    live: VersionInfo | None  # of the use case's oldest model that has one


def use_cases_of(actor: Actor, right: str) -> QuerySet[UseCase]:
    return granted(UseCase.objects.all(), actor, right)


def visible_use_cases(actor: Actor) -> QuerySet[UseCase]:
    """The use cases whose catalog `actor` may read: with any right on them, or on one of their queues.

    Queues are of a room above; the registry of grantable kinds knows them.
    """
    if actor.user_id is None:
        return UseCase.objects.none()
    rights = list(USE_CASE_RIGHTS)
    mine = get_objects_for_user(
        User(pk=actor.user_id), rights, klass=UseCase, any_perm=True, accept_global_perms=False, with_superuser=False
    )
    seen = Q(pk__in=mine.values("pk"))
    for kind in grantable.kinds():
        if kind.is_queue:
            seen |= Q(pk__in=granted(QuerySet(kind.model), actor, VIEW_QUEUE).values("use_case"))
    return UseCase.objects.filter(seen)


def visible_models(actor: Actor) -> QuerySet[Model]:
    return Model.objects.filter(use_case__in=visible_use_cases(actor).values("pk")).select_related("use_case")


def visible_versions(actor: Actor) -> QuerySet[ModelVersion]:
    return ModelVersion.objects.filter(model__in=visible_models(actor).values("pk"))


def with_inputs_and_reasons(rows: QuerySet[UseCase]) -> QuerySet[UseCase]:
    """Loads `newest_schema` (a list of none or one) and `reasons_in_force`."""
    newest = FeatureSchemaVersion.objects.order_by("use_case", "-number").distinct("use_case")
    reasons = ReasonCode.objects.filter(retired_at=None)
    return rows.prefetch_related(
        Prefetch("schemas", queryset=newest, to_attr="newest_schema"),
        Prefetch("reason_codes", queryset=reasons, to_attr="reasons_in_force"),
    )


def with_live_version(rows: QuerySet[Model]) -> QuerySet[Model]:
    """Annotates `live_version` (its name or None) and `live_id`."""
    live = ModelVersion.objects.filter(model=OuterRef("pk"), stage=Stage.LIVE)
    return rows.annotate(live_version=Subquery(live.values("version")[:1]), live_id=Subquery(live.values("pk")[:1]))


def versions_of(model: Model) -> QuerySet[ModelVersion]:
    """The versions of a model, with `schema_number` and without what only a version's own page shows."""
    rows = ModelVersion.objects.filter(model=model).defer("manifest", "calibration_table")
    return rows.annotate(schema_number=F("schema__number"))


def visible_version(actor: Actor, name: str, version_id: UUID) -> ModelVersion:
    """One version with its model, use case and schema. :raises NotFound:"""
    found = visible_versions(actor).filter(pk=version_id, model__name=name)
    version = found.select_related("model__use_case", "schema", "registered_by").defer("calibration_table").first()
    if version is None:
        raise NotFound
    return version


def may_manage(actor: Actor, use_case: UseCase) -> bool:
    return use_cases_of(actor, MANAGE).filter(pk=use_case.pk).exists()


def current_schema(use_case: UseCase) -> FeatureSchema | None:
    """The inputs of the use case as they are now, or None while no schema is published."""
    newest = use_case.schemas.order_by("-number").first()
    return FeatureSchema.from_json(newest.body) if newest else None


def condition_check(use_case: UseCase, given: Sequence[str]) -> Check:
    """What conditions on cases of the use case are held against. :param given: what they may speak about beside inputs."""
    return Check(current_schema(use_case) or FeatureSchema(()), use_case.outcome_values, given)


def condition_labels(use_case: UseCase) -> Labels:
    """What people call the inputs and outcomes of the use case."""
    schema = current_schema(use_case) or FeatureSchema(())
    return Labels(schema, {one.value: one.label for one in use_case.outcome_list}, {})


def missing_codes_of(use_case_id: UUID) -> dict[str, list[float]]:
    """By input, the numbers that stand for "not recorded" in the use case's schema as it is now."""
    newest = FeatureSchemaVersion.objects.filter(use_case=use_case_id).order_by("-number").first()
    features = FeatureSchema.from_json(newest.body).features if newest else ()
    return {feature.name: [code.value for code in feature.missing_codes] for feature in features}


def managed_use_case(actor: Actor, use_case_id: UUID, *, lock: bool = False) -> UseCase:
    """The use case if the actor may manage it; `lock` lets one change of its policies and models go at a time.

    The system itself, which is whoever has a shell on the server, may manage all of them.

    :raises NotFound: if it may not, or there is none.
    """
    rows = UseCase.objects.all() if actor.kind == SYSTEM else use_cases_of(actor, MANAGE)
    if lock:
        rows = rows.select_for_update(no_key=True, of=("self",))
    use_case = rows.filter(pk=use_case_id).first()
    if use_case is None:
        raise NotFound
    return use_case


_STATE = """
select u.slug, u.id, (select s.id from catalog_featureschemaversion s where s.use_case_id = u.id order by s.number desc limit 1),
    array(select v.id from catalog_modelversion v join catalog_model m on m.id = v.model_id
        where m.use_case_id = u.id and v.stage = 'live' order by v.id),
    array(select v.id from catalog_modelversion v join catalog_model m on m.id = v.model_id
        where m.use_case_id = u.id and v.stage <> 'retired' order by v.id)
from catalog_usecase u where u.slug = any(%(slugs)s) and u.id in ({granted})
"""


def bundles_for(actor: Actor, slugs: Sequence[str]) -> dict[str, IntakeBundle]:
    """The bundles of those use cases the actor may send to, by slug. One statement while the catalog is unchanged."""
    granted_ids, values = granted_sql(UseCase, actor, SUBMIT)
    with connection.cursor() as cursor:
        cursor.execute(_STATE.format(granted=granted_ids), {"slugs": list(slugs), **values})
        rows = cursor.fetchall()
    return {
        slug: _bundle(use_case_id, schema_id, tuple(live_ids), tuple(usable_ids))
        for slug, use_case_id, schema_id, live_ids, usable_ids in rows
        if schema_id
    }


@lru_cache(maxsize=256)
def _bundle(
    use_case_id: UUID, schema_id: UUID, live_ids: tuple[UUID, ...], usable_ids: tuple[UUID, ...]
) -> IntakeBundle:
    """The ids of versions are part of the key only: they change when one is registered, promoted or retired."""
    use_case = UseCase.objects.get(pk=use_case_id)
    schema = FeatureSchema.from_json(FeatureSchemaVersion.objects.get(pk=schema_id).body)
    found = (
        ModelVersion.objects.filter(model__use_case_id=use_case_id)
        .select_related("model")
        .order_by("model__created_at")
    )
    infos = [
        VersionInfo(v.pk, v.model.name, v.version, v.stage == Stage.LIVE, bool(v.artifact))
        for v in found
        if v.stage != Stage.RETIRED
    ]
    versions: dict[tuple[str, str | None], VersionInfo] = {(info.model, info.version): info for info in infos}
    versions |= {(info.model, None): info for info in infos if info.is_live}
    return IntakeBundle(
        use_case_id=use_case_id,
        slug=use_case.slug,
        outcomes=frozenset(use_case.outcome_values),
        adverse=use_case.adverse_outcomes,
        summary_features=tuple(use_case.summary_features),
        schema_id=schema_id,
        names=schema.names,
        name_set=frozenset(schema.names),
        validate=schema.validator(),
        versions=versions,
        live=next((info for info in infos if info.is_live), None),
    )
