"""Envelope encryption: a data key per record, wrapped by a master key; AES-256-GCM throughout.

A value is `version byte · length of the key id · key id · nonce · ciphertext and tag`. The additional data names table, column and primary key,
so a ciphertext moved to another row does not open.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = 1
_NONCE = 12


class CannotDecrypt(Exception):
    """The key is gone, or the value was changed or moved. The message never holds the value."""


def new_data_key() -> bytes:
    return AESGCM.generate_key(256)


def seal(plain: bytes, *, key: bytes, aad: bytes) -> bytes:
    """Nonce and ciphertext under `key` (32 bytes)."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, aad)


def unseal(sealed: bytes, *, key: bytes, aad: bytes) -> bytes:
    """:raises CannotDecrypt: if the key, the value or its place is another."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], aad)
    except (InvalidTag, ValueError):
        raise CannotDecrypt("The value does not open with this key at this place.") from None


def wrap(data_key: bytes, *, masters: Mapping[str, bytes], aad: bytes) -> bytes:
    """`data_key` under the first of `masters`, with that master's id in front."""
    key_id, master = next(iter(masters.items()))
    name = key_id.encode()
    return bytes([_VERSION, len(name)]) + name + seal(data_key, key=master, aad=aad)


def unwrap(wrapped: bytes, *, masters: Mapping[str, bytes], aad: bytes) -> bytes:
    """:raises CannotDecrypt: if the master key named in the value is not among `masters`."""
    end = 2 + wrapped[1]
    master = masters.get(wrapped[2:end].decode())
    if wrapped[0] != _VERSION or master is None:
        raise CannotDecrypt("The master key of this value is not configured.")
    return unseal(wrapped[end:], key=master, aad=aad)


def mac(message: bytes, *, key: bytes) -> bytes:
    """HMAC-SHA-256, 32 bytes."""
    return hmac.digest(key, message, hashlib.sha256)


def same(left: bytes, right: bytes) -> bool:
    """Comparison in constant time."""
    return hmac.compare_digest(left, right)
