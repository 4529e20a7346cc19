"""What each kind of process loads: the web stays light and never opens a model."""

import subprocess
import sys

import pytest

from tests.architecture.source import HOME

NUMERICS = ["numpy", "scipy", "pandas", "sklearn", "shap", "numba", "skops", "xgboost", "lightgbm", "pyarrow"]
IMPORT = """
import importlib, sys
module = importlib.import_module({module!r})
from django.urls import get_resolver
get_resolver().url_patterns
print(*sorted(set({names!r}) & set(sys.modules)))
"""


@pytest.mark.parametrize("module", ["reviewapp.config.wsgi", "reviewapp.config.asgi"])
def test_a_web_process_loads_no_numerics(module):
    done = subprocess.run(
        [sys.executable, "-c", IMPORT.format(module=module, names=NUMERICS)],
        cwd=HOME,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == []
