"""One thread per model call: worker processes are the parallelism.

OpenMP threads wait by spinning. With as many busy processes as cores, two threads made a fit nine times slower than one.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]


@cache
def _controller() -> Any:
    """Finding the loaded libraries costs milliseconds, so it is done once, on the first call after their import."""
    return ThreadpoolController()


def one_thread() -> AbstractContextManager[Any]:
    """While inside, OpenMP of the libraries loaded so far uses one thread."""
    limit: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="openmp")
    return limit
