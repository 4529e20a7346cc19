"""Sealing what is about a person under that person's own data key, so that destroying the key destroys it."""

from uuid import UUID

from django.conf import settings

from reviewapp.lib import crypto
from reviewapp.predictions.models import Subject


def seal_under(subject: Subject, plain: bytes, *, place: str) -> bytes:
    """:param place: table, column and primary key of where it will stand; it opens nowhere else."""
    return crypto.seal(plain, key=_key(subject), aad=place.encode())


def unseal_under(subject: Subject, sealed: bytes, *, place: str) -> bytes:
    """:raises crypto.CannotDecrypt: once the key is gone, and for what was changed or moved."""
    return crypto.unseal(sealed, key=_key(subject), aad=place.encode())


def _key(subject: Subject) -> bytes:
    if not subject.data_key:
        raise crypto.CannotDecrypt("The key of this person is destroyed.")
    return crypto.unwrap(bytes(subject.data_key), masters=settings.MASTER_KEYS, aad=key_place(subject.pk))


def key_place(subject_id: UUID) -> bytes:
    """Where a person's wrapped key stands; it opens nowhere else."""
    return f"predictions_subject/data_key/{subject_id}".encode()
