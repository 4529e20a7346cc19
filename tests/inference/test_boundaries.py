"""What a web process may import stays light, and nothing here knows of Django or unpickles."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import inference

ROOT = Path(inference.__file__).parent
HEAVY = {"numpy", "pandas", "scipy", "sklearn", "shap", "xgboost", "lightgbm", "skops", "django", "numba"}


@pytest.mark.parametrize(
    "module",
    [
        "inference",
        "inference.errors",
        "inference.schema",
        "inference.reasons",
        "inference.waterfall",
        "inference.confidence",
        "inference.evaluation.intervals",
        "inference.evaluation.reliance",
    ],
)
def test_modules_for_web_processes_need_the_standard_library_alone(module):
    code = f"import sys, {module}; print(*sorted({{n.split('.')[0] for n in sys.modules}} & {HEAVY!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT.parent, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_knows_the_application_or_unpickles(path):
    assert not imported(path) & {"django", "celery", "reviewapp", "pickle", "cloudpickle", "joblib", "dill", "marshal"}
