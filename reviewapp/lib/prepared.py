"""Statements that nearly every request asks, turned into SQL once per process and not each time."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cache, wraps
from inspect import signature
from types import SimpleNamespace
from typing import Any, ParamSpec, TypeVar
from uuid import UUID, uuid4

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model, QuerySet
from django.db.models.query import ModelIterable

M = TypeVar("M", bound=Model)
Ids = ParamSpec("Ids")  # UUIDs, none of them None


def prepared(build: Callable[Ids, QuerySet[M]]) -> Callable[Ids, list[M]]:
    """`build(*ids)`, a queryset, becomes a function of the same ids that asks the database at once and returns the rows.

    To put a queryset together and to make SQL of it costs Django several times what sending it costs: of the case page's time it was four
    tenths. Here `build` runs once, with an id of its own for each parameter; from then on the ids asked for stand in their places. So the ids
    are all that may differ from call to call, and `build` decides nothing by them.

    :raises ValueError: at the first call, if an id is not among the values of the statement that `build` makes of it.
    """

    @cache
    def statement() -> _Statement:
        return _Statement.of(build, len(signature(build).parameters))

    @wraps(build)
    def ask(*ids: Ids.args, **named: Ids.kwargs) -> list[M]:
        return statement().rows(*ids, **named)

    return ask


@dataclass(frozen=True, slots=True)
class _Statement:
    """SQL and its values; `places` says which of them are ids: (place among the values, number of the id, whether it is there as text).

    Leans on how Django 5.2 reads rows: `ModelIterable` asks the query for its compiler, and that asks its own `as_sql`.
    """

    model: type[Model]
    compiler: Any
    sql: str
    values: Sequence[Any]
    places: Sequence[tuple[int, int, bool]]

    @classmethod
    def of(cls, build: Callable[..., QuerySet[Any]], count: int) -> "_Statement":
        marks = [uuid4() for _ in range(count)]
        rows = build(*marks)
        compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, values = compiler.as_sql()
        found: dict[Any, tuple[int, bool]] = {mark: (number, False) for number, mark in enumerate(marks)}
        found |= {str(mark): (number, True) for number, mark in enumerate(marks)}
        places = [
            (place, *found[value])
            for place, value in enumerate(values)
            if type(value) in {UUID, str} and value in found
        ]
        if {number for _, number, _ in places} != set(range(count)):
            raise ValueError("An id is not among the values of its statement.")
        return cls(rows.model, compiler, sql, values, places)

    def rows(self, *ids: Any) -> list[Any]:
        values = list(self.values)
        for place, number, is_text in self.places:
            values[place] = str(ids[number]) if is_text else ids[number]
        compiler = copy(self.compiler)
        compiler.connection = connections[DEFAULT_DB_ALIAS]  # each thread has its own
        compiler.as_sql = lambda: (self.sql, tuple(values))
        query = SimpleNamespace(get_compiler=lambda using: compiler)
        asked: Any = SimpleNamespace(db=DEFAULT_DB_ALIAS, query=query, model=self.model, _known_related_objects={})
        return list(ModelIterable(asked))
