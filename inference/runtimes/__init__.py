"""One module per kind of model. Each reads and writes its own native format and builds nothing before the audit.

A runtime module offers the names of `Runtime`; what it builds is a `Backend`, which knows margins and, where the
library can, exact attributions of its columns. Libraries are imported when a model of their kind is met.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, ClassVar, Protocol, cast

from inference.encoding import FloatArray
from inference.errors import RuntimeUnavailable, UnknownRuntime

RUNTIMES = ("sklearn", "xgboost", "lightgbm")


class Attribution(Protocol):
    """Splits margins over columns: `margin = base + sum over columns`."""

    method: str
    tolerance: float
    by_feature: bool  # values are one per feature already, not one per column

    def attribute(self, matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
        """((n, columns, outputs), (outputs,)) for (n, columns)."""
        ...


class Backend(Protocol):
    """A model ready to score.

    `outputs` is 1 where there are two outcomes (the margin of the second), else one per outcome.
    """

    output_space: str
    outputs: int

    def margins(self, matrix: FloatArray) -> FloatArray:
        """(n, outputs): log-odds of the second outcome, one log-odds per outcome, or probabilities."""
        ...

    def attribution(self) -> Attribution | None:
        """The library's exact attribution with the training cases as baseline, None where it has none."""
        ...

    def interventional(self, background: FloatArray) -> Attribution | None:
        """Exact attribution against the rows of `background`, None where the library has none."""
        ...


class Runtime(Protocol):
    NAME: ClassVar[str]
    FILE: ClassVar[str]
    APPROVED_TYPES: ClassVar[frozenset[str]]

    def recognises(self, model: object) -> bool: ...

    def classes(self, model: Any) -> Sequence[str] | None:
        """The model's classes as text in its own order, None where it knows positions only."""
        ...

    def dump(self, model: Any) -> bytes: ...

    def type_names(self, data: bytes) -> set[str]:
        """Python types the file asks for beyond plain data; reads, never builds."""
        ...

    def load(self, data: bytes, outcomes: int, columns: int) -> Backend: ...


def runtime_named(name: str) -> Runtime:
    """:raises UnknownRuntime, RuntimeUnavailable:"""
    if name not in RUNTIMES:
        raise UnknownRuntime(f"There is no runtime “{name}”; there are {', '.join(RUNTIMES)}.")
    try:
        return cast("Runtime", import_module(f"inference.runtimes.{name}"))
    except ImportError as error:
        raise RuntimeUnavailable(f"This model needs {error.name}, which is not installed.") from error


def runtime_of(model: object) -> Runtime:
    """The runtime that can keep a fitted model.

    :raises UnknownRuntime: none can.
    """
    for name in RUNTIMES:
        library = {cls.__module__.split(".")[0] for cls in type(model).__mro__}
        if name in library and (runtime := runtime_named(name)).recognises(model):
            return runtime
    raise UnknownRuntime(f"No runtime here keeps a model of type {type(model).__name__}.")
