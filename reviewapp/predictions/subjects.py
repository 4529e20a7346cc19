"""Subjects: found by a keyed digest of the sender's reference, identity under a data key of their own."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connection

from reviewapp.lib import crypto
from reviewapp.lib.ids import uuid7
from reviewapp.predictions.models import Subject
from reviewapp.predictions.sealing import key_place, seal_under, unseal_under

MASK = "•"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the subject is; lives in memory only until it is encrypted. `reference` is the sender's own id for the person.

    An empty field was not sent: it says nothing, and never that something is to be forgotten.
    """

    reference: str
    name: str = ""
    date_of_birth: str = ""
    contact: str = ""


def reference_mac(use_case_id: UUID, reference: str) -> bytes:
    return crypto.mac(b"subject" + use_case_id.bytes + reference.encode(), key=settings.AUDIT_KEY)


def store_subjects(identified: Mapping[UUID, tuple[UUID, Identity]], *, at: datetime) -> dict[UUID, UUID]:
    """Make or find the subject of each prediction, in the caller's transaction. A known person's identity is renewed.

    :param identified: by prediction id, the use case and what was sent of the person.
    :returns: subject ids by prediction id.
    """
    wanted: dict[bytes, tuple[UUID, Identity]] = {}
    macs: dict[UUID, bytes] = {}
    for prediction_id, (use_case_id, identity) in identified.items():
        mac = reference_mac(use_case_id, identity.reference) if identity.reference else os.urandom(32)
        macs[prediction_id] = mac
        earlier = wanted[mac][1] if mac in wanted else identity
        wanted[mac] = (use_case_id, _renewed(earlier, identity))
    if not wanted:
        return {}
    created = _insert_subjects(wanted, at=at)
    known = _known_subjects({mac: sent for mac, sent in wanted.items() if mac not in created})
    _renew(known, wanted)
    ids = created | {bytes(subject.reference_mac): subject.pk for subject in known}
    return {prediction_id: ids[mac] for prediction_id, mac in macs.items()}


def copy_subject(subject: Subject | None, *, at: datetime) -> UUID | None:
    """A stranger with the same masked name: who the person is, is not copied."""
    if subject is None:
        return None
    row = _new_subject(os.urandom(32), subject.use_case_id, Identity(reference=""), at)
    names = ("pk", "use_case_id", "reference_mac", "data_key", "identity", "masked_name", "created_at")
    return Subject.objects.create(**dict(zip(names, row, strict=True)) | {"masked_name": subject.masked_name}).pk


def _known_subjects(wanted: Mapping[bytes, tuple[UUID, Identity]]) -> list[Subject]:
    if not wanted:
        return []
    use_cases = {use_case_id for use_case_id, _ in wanted.values()}
    return list(Subject.objects.filter(use_case__in=use_cases, reference_mac__in=list(wanted)))


def _insert_subjects(wanted: Mapping[bytes, tuple[UUID, Identity]], *, at: datetime) -> dict[bytes, UUID]:
    rows = [
        _new_subject(mac, use_case_id, identity, at)
        for mac, (use_case_id, identity) in sorted(wanted.items(), key=lambda entry: entry[0])
    ]
    columns = list(zip(*rows, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into predictions_subject (id, use_case_id, reference_mac, data_key, identity, masked_name, created_at)"
            " select * from unnest(%s::uuid[], %s::uuid[], %s::bytea[], %s::bytea[], %s::bytea[], %s::text[], %s::timestamptz[])"
            " on conflict do nothing returning reference_mac, id",
            [list(column) for column in columns],
        )
        return {bytes(mac): subject_id for mac, subject_id in cursor.fetchall()}


def _new_subject(mac: bytes, use_case_id: UUID, identity: Identity, at: datetime) -> tuple[Any, ...]:
    subject_id, data_key = uuid7(), crypto.new_data_key()
    wrapped = crypto.wrap(data_key, masters=settings.MASTER_KEYS, aad=key_place(subject_id))
    return (subject_id, use_case_id, mac, wrapped, _sealed(identity, data_key, subject_id), masked(identity.name), at)


_RENEW = """
update predictions_subject s set identity = t.identity, masked_name = t.masked_name
from unnest(%s::uuid[], %s::bytea[], %s::text[]) as t(id, identity, masked_name) where s.id = t.id
"""


def _renew(known: Sequence[Subject], wanted: Mapping[bytes, tuple[UUID, Identity]]) -> None:
    """Keep what was sent anew; most people come again unchanged, and their rows are left alone.

    The others are locked in one order and read again: two batches about the same people wait for each other, and neither undoes the other.
    """
    changed = [subject.pk for subject in known if _news(subject, wanted) is not None]
    if not changed:
        return
    locked = Subject.objects.filter(pk__in=changed).order_by("reference_mac").select_for_update(no_key=True)
    news = [(subject, identity) for subject in locked if (identity := _news(subject, wanted)) is not None]
    columns = (
        [subject.pk for subject, _ in news],
        [seal_under(subject, _plain(identity), place=_identity_place(subject.pk)) for subject, identity in news],
        [masked(identity.name) for _, identity in news],
    )
    with connection.cursor() as cursor:
        cursor.execute(_RENEW, list(columns))


def _news(subject: Subject, wanted: Mapping[bytes, tuple[UUID, Identity]]) -> Identity | None:
    """The whole identity, where what was sent changes it. Of a person whose key is destroyed nothing is ever kept again."""
    _, sent = wanted[bytes(subject.reference_mac)]
    if not subject.data_key or sent == Identity(reference=sent.reference):
        return None
    sealed = unseal_under(subject, bytes(subject.identity), place=_identity_place(subject.pk))
    stored = Identity(**orjson.loads(sealed))
    renewed = _renewed(stored, sent)
    return None if renewed == stored else renewed


def _renewed(earlier: Identity, sent: Identity) -> Identity:
    return replace(earlier, **{name: text for name, text in asdict(sent).items() if text})


def _sealed(identity: Identity, data_key: bytes, subject_id: UUID) -> bytes:
    return crypto.seal(_plain(identity), key=data_key, aad=_identity_place(subject_id).encode())


def _plain(identity: Identity) -> bytes:
    return orjson.dumps(asdict(identity))


def _identity_place(subject_id: UUID) -> str:
    return f"predictions_subject/identity/{subject_id}"


def masked(name: str) -> str:
    """The first letter and a dot for every other, at most two words of eight: enough to tell two cases apart, too little to know a person."""
    words = name.split()[:2]
    return " ".join(
        (word[0] if place == 0 else MASK) + MASK * min(len(word) - 1, 7) for place, word in enumerate(words)
    )
