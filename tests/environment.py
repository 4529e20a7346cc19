"""Random keys for one run of the tests or of the type checker: the settings refuse to start without."""

import os
import secrets
from base64 import b64encode


def set_keys() -> None:
    for name in ("SECRET_KEY", "COUNTERSIGN_AUDIT_KEY", "COUNTERSIGN_SEAL_KEY"):
        os.environ.setdefault(name, _key())
    os.environ.setdefault("COUNTERSIGN_MASTER_KEYS", f"1:{_key()}")


def _key() -> str:
    return b64encode(secrets.token_bytes(32)).decode()
