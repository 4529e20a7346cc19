"""What no file may hold: code inside data, switched-off protections, addresses in a lock, app code in a migration."""

import ast
import re
import tomllib
from collections import Counter
from importlib import import_module
from importlib.util import find_spec

import pytest
from django.apps import apps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from rest_framework.serializers import Serializer

from tests.architecture.source import APP, HOME, ROOMS, dotted, imports, modules, place, tree

OWN = [APP, HOME / "inference", HOME / "deploy"]
# Each of these runs code that it finds in a file. `shap.Explainer.load` is pickle underneath.
LOADERS = {"pickle", "_pickle", "cPickle", "cloudpickle", "joblib", "dill", "marshal", "shelve"}
LOADING_CALLS = re.compile(
    r"(Explainer|shap\.\w+)\.load$|^(np|numpy)\.load$|^torch\.load$|^(eval|exec)$|^yaml\.(load|unsafe_load)$"
)
SWITCHED_OFF = {"mark_safe", "csrf_exempt", "SafeString", "xframe_options_exempt"}
ADDRESS = re.compile(r"(\w+:)?//|@ |\bfile:|--(extra-)?index-url|--find-links", re.IGNORECASE)
LOCKS = [*sorted(HOME.glob("*.lock")), *sorted(HOME.glob("deploy/**/*.lock"))]
DOCSTRING_LINES = 30


def code_in_data(module: ast.Module) -> list[int]:
    by_import = [line for name, line in imports(module) if name.split(".")[0] in LOADERS]
    found = [
        node for node in ast.walk(module) if isinstance(node, ast.Call) and LOADING_CALLS.search(dotted(node.func))
    ]
    return by_import + [node.lineno for node in found]


def switched_off(module: ast.Module) -> list[int]:
    nodes = [node for node in ast.walk(module) if isinstance(node, ast.Name | ast.Attribute)]
    return [node.lineno for node in nodes if dotted(node).rpartition(".")[2] in SWITCHED_OFF]


def app_imports(module: ast.Module) -> list[int]:
    return [
        line
        for name, line in imports(module)
        if name.startswith(("reviewapp.", "inference.")) and not name.startswith("reviewapp.lib.")
    ]


def pins(lock: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9._-]+==[^ ;\\]+)", lock, re.MULTILINE))


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "import cloudpickle as cp",
        "shap.Explainer.load(f)",
        "TreeExplainer.load(f)",
        "eval(x)",
        "yaml.load(f)",
    ],
)
def test_code_in_data_is_found(source):
    assert code_in_data(ast.parse(source)) == [1]
    assert code_in_data(ast.parse("json.load(f); explainer.shap_values(x); skops.io.load(f, trusted=NAMES)")) == []


@pytest.mark.parametrize("source", ["mark_safe(text)", "safestring.mark_safe(text)", "@csrf_exempt\ndef view(r): ..."])
def test_a_switched_off_protection_is_found(source):
    assert switched_off(ast.parse(source))


@pytest.mark.parametrize(
    "line",
    ["--index-url https://example.org", "x @ file:///tmp/x", "git+ssh://host/x", "-f //host/wheels"],
)
def test_an_address_in_a_lock_is_found(line):
    assert ADDRESS.search(line)
    assert not ADDRESS.search("httpx==0.28.1 ; sys_platform == 'linux' \\\n    --hash=sha256:ab12")


def test_nothing_runs_code_that_it_finds_in_a_file():
    assert [place(path, line) for path in modules(*OWN) for line in code_in_data(tree(path))] == []


def test_no_protection_is_switched_off():
    assert [place(path, line) for path in modules(*OWN) for line in switched_off(tree(path))] == []


def test_locks_name_no_host():
    assert LOCKS
    found = [
        place(path, number)
        for path in LOCKS
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if ADDRESS.search(line)
    ]
    assert found == []


def test_every_locked_package_has_hashes():
    for path in LOCKS:
        blocks = re.split(r"\n(?=\S)", path.read_text())
        assert [block.splitlines()[0] for block in blocks if "==" in block and "--hash=sha256:" not in block] == []


def test_the_lock_for_developing_holds_the_lock_for_running():
    run, develop = ((HOME / name).read_text() for name in ("requirements.lock", "requirements-dev.lock"))
    assert pins(run) - pins(develop) == set()


def test_every_dependency_is_locked():
    project = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    locked = {pin.partition("==")[0] for pin in pins((HOME / "requirements-dev.lock").read_text())}
    assert {re.match(r"[\w.-]+", name)[0] for name in wanted} - locked == set()


def test_every_variable_of_the_settings_is_explained():
    readers = {"text", "flag", "whole", "words", "folder", "secret", "keyring"}
    settings = (call for call in ast.walk(tree(APP / "config/settings.py")) if isinstance(call, ast.Call))
    read = {
        ast.literal_eval(call.args[0]) for call in settings if dotted(call.func) in {f"env.{name}" for name in readers}
    }
    explained = set(re.findall(r"^# ([A-Z_]+)=", (HOME / "deploy/env.example").read_text(), re.MULTILINE))
    assert len(read) > 10
    assert read - explained == set()


def test_migrations_import_no_app_code():
    found = [path for path in modules(APP, migrations=True) if "migrations" in path.parts]
    assert [place(path, line) for path in found for line in app_imports(tree(path))] == []


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_every_room_says_what_it_owns(room):
    docstring = ast.get_docstring(tree(room / "__init__.py"))
    assert docstring
    assert len(docstring.splitlines()) < DOCSTRING_LINES


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_what_a_room_calls_public_is_there(room):
    """`actions.store` names what stands in that module; after it, `copy` another of the same module, or a module itself."""
    public = (ast.get_docstring(tree(room / "__init__.py")) or "").partition("Public:")[2]
    module = ""
    for name in re.findall(r"`([a-z_.]+)`", public):
        above, _, last = name.rpartition(".")
        module = above or module
        is_module = not above and find_spec(f"reviewapp.{room.name}.{name}")
        if module and not is_module:
            assert hasattr(import_module(f"reviewapp.{room.name}.{module}"), last), name


def test_no_two_shapes_of_the_api_have_one_name():
    """The description of the API knows a shape by its name alone: of two, one would be described as the other."""
    import_module("reviewapp.config.urls")  # from where every shape is reached
    shapes = [shape for shape in _below(Serializer) if shape.__module__.startswith("reviewapp.")]
    assert shapes
    names = Counter(shape.__name__ for shape in shapes)
    assert [name for name, count in names.items() if count > 1] == []


def _below(kind):
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def test_the_migrations_make_what_the_models_say():
    made = MigrationLoader(None)
    assert made.detect_conflicts() == {}
    said = ProjectState.from_apps(apps)
    changes = MigrationAutodetector(made.project_state(), said).changes(graph=made.graph)
    assert {app: [step.describe() for one in found for step in one.operations] for app, found in changes.items()} == {}
