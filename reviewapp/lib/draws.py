"""Draws by chance that can be drawn again: who lacks the key cannot foresee them, and who has it can prove them."""

import hashlib
import hmac


def draw(key: bytes, *about: object) -> float:
    """A number in [0, 1), uniform, the same when drawn again about the same, unknown to whoever lacks `key`: 53 bits of HMAC-SHA-256."""
    message = "\0".join(str(part) for part in about).encode()
    return (int.from_bytes(hmac.digest(key, message, hashlib.sha256)[:8], "big") >> 11) / 2**53
