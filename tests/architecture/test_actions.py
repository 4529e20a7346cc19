"""Writes and doors: every act leaves an audit event, only doors read the clock, and doors fetch through who is asking."""

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.architecture.source import APP, calls, dotted, modules, place, tree

RECORDING = {"audit.record", "audit.record_many", "record", "record_many"}
# Durable, and no act of a person or a machine: each says in its docstring why it leaves no event.
NO_ACT = {"heartbeat", "save_draft", "discard_draft", "_set_aside", "_answer_batch", "_place_batch", "_forget_batch"}
CLOCKS = {"timezone.now", "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}
DOORS = {"views", "api", "consumers", "tasks", "middleware", "authentication", "backends"}
DOOR_FILES = {"views", "api", "consumers"}
UNTIMED_ROOMS = {"config", "standalone"}  # they start and serve; nothing of theirs is on record


def functions(module: ast.Module) -> Iterable[ast.FunctionDef]:
    return (node for node in ast.walk(module) if isinstance(node, ast.FunctionDef))


def is_durable(function: ast.FunctionDef) -> bool:
    for decorator in function.decorator_list:
        if dotted(decorator) == "durable":
            return True
        if isinstance(decorator, ast.Call) and any(keyword.arg == "durable" for keyword in decorator.keywords):
            return True
    return False


def unrecorded(trees: Iterable[ast.Module]) -> set[str]:
    """Durable functions from which no call, however deep, leads to an audit event. Functions are known by name alone."""
    called: dict[str, set[str]] = {}
    durable = set()
    for module in trees:
        for function in functions(module):
            called.setdefault(function.name, set()).update(dotted(call.func) for call in calls(function))
            if is_durable(function):
                durable.add(function.name)
    return {name for name in durable if not _reaches_audit(name, called, set())}


def _reaches_audit(name: str, called: dict[str, set[str]], seen: set[str]) -> bool:
    if name in seen:
        return False
    seen.add(name)
    names = called.get(name, set())
    return bool(names & RECORDING) or any(_reaches_audit(deeper.rpartition(".")[2], called, seen) for deeper in names)


def clock_readings(module: ast.Module) -> list[int]:
    return [call.lineno for call in calls(module) if ".".join(dotted(call.func).split(".")[-2:]) in CLOCKS]


def bare_queries(module: ast.Module) -> list[int]:
    """Lines that ask a model's default manager for rows: `Case.objects.get(...)`, `Case.objects.filter(...)`."""
    return [
        call.lineno
        for call in calls(module)
        if ".objects." in dotted(call.func) and "visible_to" not in dotted(call.func)
    ]


def is_door(path: Path) -> bool:
    return path.stem in DOORS or path.parent.name in DOORS or "management" in path.parts


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("@durable\ndef act(*, at): row.save()", {"act"}),
        ("@transaction.atomic(durable=True)\ndef act(*, at): row.save()", {"act"}),
        ("@durable\ndef act(*, at): audit.record('case.claimed', at=at)", set()),
        ("@durable\ndef act(*, at): deeper()\ndef deeper(): audit.record_many([])", set()),
        ("@durable\ndef act(*, at): act()", {"act"}),
        ("def read(): row.save()", set()),
    ],
)
def test_a_durable_action_without_an_event_is_found(source, found):
    assert unrecorded([ast.parse(source)]) == found


@pytest.mark.parametrize(
    "source", ["timezone.now()", "datetime.now(UTC)", "datetime.datetime.now()", "date.today()", "time.time()"]
)
def test_a_clock_is_found(source):
    assert clock_readings(ast.parse(source)) == [1]
    assert clock_readings(ast.parse("time.monotonic(); Now(); at.now")) == []


@pytest.mark.parametrize(
    "source", ["Case.objects.get(pk=1)", "models.Case.objects.filter(a=1).first()", "Case.objects.all()"]
)
def test_a_bare_query_is_found(source):
    assert bare_queries(ast.parse(source))
    assert (
        bare_queries(ast.parse("Case.objects.visible_to(actor, 'view').get(pk=1); visible_cases(actor).get(pk=1)"))
        == []
    )


def test_every_durable_action_records_an_audit_event():
    found = unrecorded(tree(path) for path in modules(APP))
    assert found <= NO_ACT


def test_only_doors_read_the_clock():
    rooms = [path for path in modules(APP) if path.relative_to(APP).parts[0] not in UNTIMED_ROOMS]
    assert [place(path, line) for path in rooms if not is_door(path) for line in clock_readings(tree(path))] == []


def test_doors_fetch_objects_through_who_is_asking():
    doors = [
        path
        for path in modules(APP)
        if {path.stem, path.parent.name} & DOOR_FILES and path.relative_to(APP).parts[0] != "config"
    ]
    assert [place(path, line) for path in doors for line in bare_queries(tree(path))] == []
