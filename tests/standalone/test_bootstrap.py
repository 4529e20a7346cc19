"""The first command on a new machine: it sets itself up once, and what it cannot do it says in a sentence."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.standalone.conftest import HOME

SOURCE = (HOME / "deploy/bootstrap.py").read_text()
# A package index out of reach. Everything else a person may have set is gone as well: the environment is empty but for PATH.
OFFLINE = {"PATH": os.environ["PATH"], "PIP_NO_INDEX": "1", "UV_OFFLINE": "1", "PIP_CONFIG_FILE": os.devnull}


def a_checkout(folder: Path) -> Path:
    """A project with the same bootstrap, whose command needs no package and prints what it was given."""
    (folder / "deploy").mkdir()
    shutil.copy(HOME / "deploy/bootstrap.py", folder / "deploy")
    (folder / "requirements.lock").write_text("")
    (folder / "requirements-dev.lock").write_text("")
    (folder / "manage.py").write_text("import sys; print(sys.prefix, sys.argv[1:])")
    return folder


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests, since making a virtual environment takes its time."""
    return a_checkout(tmp_path_factory.mktemp("checkout"))


def begin(checkout: Path, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
    command = [sys.executable, str(checkout / "deploy/bootstrap.py"), *arguments]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=OFFLINE | variables, cwd="/", **pipes)


def test_it_sets_up_once_however_many_ask(checkout):
    """Also where uv cannot be had: pip is slower, and enough."""
    calls = [begin(checkout, "demo", "--port", "9000") for _ in range(2)]
    outputs = ["".join(call.communicate(timeout=100)) for call in calls]

    assert [call.returncode for call in calls] == [0, 0], outputs
    assert all(f"{checkout}/.venv ['demo', '--port', '9000']" in output for output in outputs)
    assert sum("Making .venv" in output for output in outputs) == 1
    assert sum("Installing the packages" in output for output in outputs) == 1


def test_a_changed_lock_is_installed(checkout):
    assert begin(checkout, "demo").wait(100) == 0
    (checkout / "requirements.lock").write_text(f"absent-package==1.0 --hash=sha256:{'0' * 64}\n")

    again = begin(checkout, "demo")

    assert "The packages could not be installed; the lines above say why." in again.communicate(timeout=100)[1]
    assert again.returncode == 1


def test_an_old_python_is_told_so():
    """The check is reached by any Python 3: nothing before or after it is syntax that an older one cannot read."""
    ast.parse(SOURCE, feature_version=(3, 7))
    pretend = f"import sys; sys.version_info = (3, 9, 2, 'final', 0); exec(compile({SOURCE!r}, 'bootstrap.py', 'exec'))"
    done = subprocess.run([sys.executable, "-c", pretend], capture_output=True, text=True, check=False)
    sentence = "Countersign needs Python 3.11 or newer, and this is 3.9. Name a newer one: make PYTHON=python3.12"
    assert (done.returncode, done.stderr.strip()) == (1, sentence)


def test_a_python_without_venv_is_told_so(tmp_path):
    checkout = a_checkout(tmp_path)
    (checkout / "broken/venv").mkdir(parents=True)
    (checkout / "broken/venv/__init__.py").write_text("")
    (checkout / "broken/venv/__main__.py").write_text(
        "raise SystemExit('The virtual environment was not created: ensurepip')"
    )

    call = begin(checkout, "demo", PYTHONPATH=str(checkout / "broken"))

    assert call.communicate(timeout=100)[1].strip() == (
        "This Python cannot make a virtual environment. On Debian or Ubuntu: apt install python3-venv. "
        "Elsewhere install Python 3.11 or newer."
    )
    assert call.returncode == 1
    assert not (checkout / ".venv").exists()


def test_an_unknown_command_is_told_the_known_ones(tmp_path):
    said = begin(a_checkout(tmp_path), "deploy").communicate(timeout=20)[1]
    assert said.strip() == "Name one of: demo, standalone, test, lint, bench, lock"


def test_make_names_every_command():
    shown = subprocess.run(
        ["make", "--no-print-directory"], cwd=HOME, capture_output=True, text=True, check=True
    ).stdout
    assert [line.split()[1] for line in shown.splitlines()] == ["demo", "test", "lint", "bench", "lock"]
