"""UUID version 7 (RFC 9562): ordered by time, so that index pages fill from one end."""

import os
import time
from datetime import UTC, datetime
from uuid import UUID


def uuid7(moment: datetime | None = None) -> UUID:
    """A new id: 48 bits of Unix milliseconds, of now or of `moment`, then 74 random bits."""
    stamp = time.time_ns() // 1_000_000 if moment is None else int(moment.timestamp() * 1000)
    random = int.from_bytes(os.urandom(10), "big")
    value = (stamp & (1 << 48) - 1) << 80 | random
    return UUID(int=value & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62)


def first_id_of(moment: datetime) -> UUID:
    """The least id that `uuid7` may have made at `moment`: what was made since has a greater one."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def moment_of(made: UUID) -> datetime:
    """When `uuid7` made this id, in UTC."""
    return datetime.fromtimestamp((made.int >> 80) / 1000, UTC)
