"""Every write to use cases, their inputs and reasons. Models are in `registering`."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from inference.errors import SchemaError
from inference.schema import FeatureSchema
from reviewapp.access.idempotency import durable
from reviewapp.access.rules import Role
from reviewapp.audit import actions as audit
from reviewapp.catalog import rules
from reviewapp.catalog.models import FeatureSchemaVersion, ReasonCode, UseCase
from reviewapp.catalog.queries import current_schema, managed_use_case
from reviewapp.lib.actor import SYSTEM, Actor
from reviewapp.lib.errors import Conflict, Invalid, NotAllowed, Problem
from reviewapp.lib.fields import why_faults
from reviewapp.lib.unique import refused_as

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


class NameTaken(Conflict):
    """This name is taken. Choose another."""

    code = "name-taken"


class SchemaUnchanged(Conflict):
    """These are the inputs already in force; there is nothing to publish."""

    code = "schema-unchanged"


@durable
def create_use_case(
    *,
    slug: str,
    name: str,
    description: str,
    subject_noun: str,
    case_noun: str,
    case_noun_plural: str,
    severity_noun: str = "",
    outcome_kind: str,
    outcomes: Sequence[Mapping[str, Any]],
    summary_features: Sequence[str] = (),
    facts_layout: str = "facts",
    correction_needs_note: bool = True,
    actor: Actor,
    at: datetime,
) -> UseCase:
    """A use case without inputs, models and policy yet. Rights on it are granted on the people page.

    :param outcomes: [{value, label, adverse, ...}], most severe first where ordered.
    :raises NotAllowed: unless the actor is an administrator. :raises NameTaken: :raises Invalid: with every fault.
    """
    if actor.kind != SYSTEM and not actor.has_role(Role.ADMIN):
        raise NotAllowed("Use cases are made by administrators.")
    faults = [*rules.outcome_faults(outcomes, kind=outcome_kind), *name_faults(slug, "/slug")]
    if faults:
        raise Invalid(faults[0].detail, errors=faults)
    if UseCase.objects.filter(slug=slug).exists():
        raise NameTaken
    with refused_as(NameTaken()):
        use_case = UseCase.objects.create(
            slug=slug,
            name=name,
            description=description,
            subject_noun=subject_noun,
            case_noun=case_noun,
            case_noun_plural=case_noun_plural,
            severity_noun=severity_noun,
            outcome_kind=outcome_kind,
            outcomes=[dict(outcome) for outcome in outcomes],
            summary_features=list(summary_features),
            facts_layout=facts_layout,
            correction_needs_note=correction_needs_note,
            created_at=at,
        )
    data = {"slug": slug, "outcomes": use_case.outcome_values}
    audit.record("use_case.created", subject=use_case, actor=actor, at=at, data=data)
    return use_case


@durable
def publish_schema(*, use_case: UseCase, body: Mapping[str, Any], actor: Actor, at: datetime) -> FeatureSchemaVersion:
    """Publish the inputs of a use case as its next schema; what is sent is held against it from its commit on.

    :raises Invalid: if the schema is not well formed. :raises SchemaUnchanged: :raises NotFound: without the right to manage.
    """
    locked = managed_use_case(actor, use_case.pk, lock=True)
    schema = _read_schema(body)
    last = locked.schemas.order_by("-number").first()
    if last is not None and last.digest == schema.digest:
        raise SchemaUnchanged
    version = FeatureSchemaVersion.objects.create(
        use_case=locked,
        number=last.number + 1 if last else 1,
        body=schema.to_json(),
        digest=schema.digest,
        created_at=at,
    )
    data = {"use_case": locked.slug, "number": version.number, "digest": version.digest, "inputs": len(schema.features)}
    audit.record("schema.published", subject=version, actor=actor, at=at, data=data)
    return version


def _read_schema(body: Mapping[str, Any]) -> FeatureSchema:
    try:
        return FeatureSchema.from_json(body)
    except SchemaError as error:
        raise Invalid(str(error), errors=[Problem("/features", "not_well_formed", str(error))]) from error


@durable
def add_reason_code(
    *,
    use_case: UseCase,
    code: str,
    text: str,
    subject_text: str,
    features: Sequence[str] = (),
    outcomes: Sequence[str] = (),
    position: int = 0,
    actor: Actor,
    at: datetime,
) -> ReasonCode:
    """Add a reason, or new words for one: the former version is retired, and what was answered with it keeps its words.

    :raises Invalid: for an input or an outcome that the use case does not have, and for words that are missing or too long.
    :raises NotFound: without the right to manage.
    """
    locked = managed_use_case(actor, use_case.pk, lock=True)
    schema = current_schema(locked)
    faults = _unknown(features, schema.names if schema else (), "/features")
    faults += _unknown(outcomes, locked.outcome_values, "/outcomes")
    for name, words in (("code", code), ("text", text), ("subject_text", subject_text)):
        most = cast("Any", ReasonCode._meta.get_field(name)).max_length
        faults += why_faults(words, most=most, wanted=f"Give {name}", pointer=f"/{name}")
    if faults:
        raise Invalid(faults[0].detail, errors=faults)
    former = locked.reason_codes.filter(code=code).order_by("-version").first()
    locked.reason_codes.filter(code=code, retired_at=None).update(retired_at=at)
    reason = ReasonCode.objects.create(
        use_case=locked,
        code=code,
        version=former.version + 1 if former else 1,
        text=text,
        subject_text=subject_text,
        features=list(features),
        outcomes=list(outcomes),
        position=position,
    )
    data = {"use_case": locked.slug, "code": code, "version": reason.version}
    audit.record("reason_code.added", subject=reason, actor=actor, at=at, data=data)
    return reason


def _unknown(names: Sequence[str], known: Sequence[str], pointer: str) -> list[Problem]:
    return [Problem(pointer, "unknown_value", f"One of {', '.join(known)}.")] if set(names) - set(known) else []


def name_faults(name: str, pointer: str) -> list[Problem]:
    if _NAME.fullmatch(name):
        return []
    return [
        Problem(pointer, "wrong_type", "Use at most 60 lower-case letters, digits and dashes, a letter or digit first.")
    ]
