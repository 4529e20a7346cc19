"""What two write at once, and only one may have."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError
from psycopg.errors import UniqueViolation

from reviewapp.lib.errors import Conflict


@contextmanager
def refused_as(refusal: Conflict) -> Iterator[None]:
    """A row that somebody else was first to write is `refusal`, whose words name no value; the transaction is over with it.

    Whoever looks before writing sees nothing of a twin that has not committed yet: only the constraint knows.
    """
    try:
        yield
    except IntegrityError as error:
        if isinstance(error.__cause__, UniqueViolation):
            raise refusal from None
        raise
