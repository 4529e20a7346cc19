"""Draws that anyone with the key can repeat and nobody without it can foresee. Plain Python."""

import hashlib
import hmac


def digest(key: bytes, *parts: object) -> bytes:
    """HMAC-SHA-256 of what is drawn about: the same whenever it is drawn again."""
    return hmac.digest(key, "\0".join(map(str, parts)).encode(), hashlib.sha256)


def number(drawn: bytes) -> float:
    """A digest as a number in [0, 1), uniform: its first 53 bits."""
    return (int.from_bytes(drawn[:8], "big") >> 11) / 2**53
