"""Draws by chance that can be drawn again: who lacks the key cannot foresee them, and who has it can prove them."""

import hashlib
import hmac
import secrets


def digest(key: bytes, *about: object) -> bytes:
    """HMAC-SHA-256 of what is drawn about: the same whenever it is drawn again."""
    return hmac.digest(key, "\0".join(map(str, about)).encode(), hashlib.sha256)


def number(drawn: bytes) -> float:
    """A digest as a number in [0, 1), uniform: its first 53 bits."""
    return (int.from_bytes(drawn[:8], "big") >> 11) / 2**53


def draw(key: bytes, *about: object) -> float:
    """The number of the digest, where nobody need keep the digest itself."""
    return number(digest(key, *about))


def uniform() -> float:
    """A number in [0, 1) that nobody can draw again."""
    return secrets.randbelow(2**53) / 2**53
