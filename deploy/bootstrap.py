#!/usr/bin/env python3
"""Run one of the project's commands on a machine that has only Python 3.11 or newer and a package index.

Makes .venv, installs the locked packages with every hash checked, and hands over. Standard library only. A second call installs nothing, and
calls at the same time wait for each other. The Makefile names the commands; more arguments go to the command.
"""

import sys

# Comes first, and the whole file keeps to old syntax, so that an old Python can say so.
if sys.version_info < (3, 11):
    sys.exit(
        "Countersign needs Python 3.11 or newer, and this is %d.%d. Name a newer one: make PYTHON=python3.12"
        % sys.version_info[:2]
    )

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
VENV = HOME / ".venv"
PYTHON = VENV / "bin" / "python"
RUN, DEVELOP = HOME / "requirements.lock", HOME / "requirements-dev.lock"  # the second holds the first
EXTRAS = ("embedded", "demo", "boosting", "export")

_COMPILE = (
    "uv pip compile -q --upgrade pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate"
).split()
_LOCKS = [
    [*_COMPILE, "-o", RUN.name, *(f"--extra={extra}" for extra in EXTRAS)],
    [*_COMPILE, "-o", DEVELOP.name, "--all-extras", "--constraint", RUN.name],
]
_LINTERS = [
    ["-m", "ruff", "check", "."],
    ["-m", "ruff", "format", "--check", "."],
    ["-m", "mypy"],
    ["-c", "from importlinter.cli import lint_imports_command as check; check()"],
    ["-m", "djlint", "templates", "--lint", "--quiet"],
    ["-m", "bandit", "-q", "-c", "pyproject.toml", "-r", "reviewapp", "inference", "deploy", "manage.py"],
]
# What each command needs installed, and the steps it runs with the Python of .venv.
COMMANDS = {
    "demo": (RUN, [["manage.py", "demo"]]),
    "standalone": (RUN, [["manage.py", "standalone"]]),
    "test": (DEVELOP, [["-m", "pytest"]]),
    "lint": (DEVELOP, _LINTERS),
    "bench": (DEVELOP, [["-m", "tests.bench"]]),
    "lock": (None, [["-m", *step] for step in _LOCKS]),
}


def main(arguments):
    if not arguments or arguments[0] not in COMMANDS:
        sys.exit("Name one of: " + ", ".join(COMMANDS))
    lock, steps = COMMANDS[arguments[0]]
    os.chdir(HOME)
    # A dozen processes import the same thousand modules: compiling them anew in each makes a start three times as long.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    prepare(lock)
    if len(steps) == 1:
        os.execv(PYTHON, [str(PYTHON), *steps[0], *arguments[1:]])
    failed = [step for step in steps if subprocess.call([PYTHON, *step])]
    if failed:
        sys.exit("Failed: " + " · ".join(" ".join(step[1:]) for step in failed))


def prepare(lock):
    """Have .venv ready, with the packages of `lock` in it, whoever else is preparing it at the same time."""
    folder = os.open(HOME, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    try:
        if not runs():
            make_venv()
        if not (VENV / "bin" / "uv").exists():
            attempt(["-m", "pip", "install", "-q", "--only-binary=:all:", "uv"])  # without it pip installs, only slower
        if lock and not is_installed(lock):
            install(lock)
    except OSError as error:
        sys.exit(f"{VENV} cannot be made: {error.strerror or error}. Mend that, or delete .venv, and try again.")
    finally:
        os.close(folder)


def runs():
    return PYTHON.exists() and subprocess.run([PYTHON, "-c", "import pip"], capture_output=True).returncode == 0


def make_venv():
    print("Making .venv ...", flush=True)
    done = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], capture_output=True, text=True)
    if done.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        if "No space left" in done.stdout + done.stderr:
            sys.exit(f"The disk that holds {HOME} is full. Free some space there and try again.")
        sys.exit(
            "This Python cannot make a virtual environment. On Debian or Ubuntu: apt install python3-venv. Elsewhere install Python 3.11 or newer."
        )


def install(lock):
    print("Installing the packages of " + lock.name + " ...", flush=True)
    uv = [
        "-m",
        "uv",
        "pip",
        "install",
        "-q",
        "--python",
        str(PYTHON),
        "--require-hashes",
        "--no-build",
        "-r",
        str(lock),
    ]
    pip = ["-m", "pip", "install", "-q", "--require-hashes", "--only-binary=:all:", "-r", str(lock)]
    if attempt(uv) and attempt(pip, show=True):
        sys.exit(
            "The packages could not be installed; the lines above say why. "
            "Check that the package index can be reached and the disk has 2 GB free, then try again."
        )
    # The checkout itself becomes importable, so that tools find `reviewapp` and `tests` from any folder.
    site = next((VENV / "lib").glob("python3.*/site-packages"))
    (site / "countersign.pth").write_text(f"{HOME}\n", encoding="utf-8")
    stamp(lock).write_text(digest(lock), encoding="ascii")
    if lock == DEVELOP:
        stamp(RUN).write_text(digest(RUN), encoding="ascii")


def attempt(arguments, *, show=False):
    """The exit status of the Python of .venv with `arguments`. What a failed first try says is no help when a second follows."""
    return subprocess.run(
        [PYTHON, *arguments],
        # uv trusts the certificates of this machine, as pip does: behind a company's proxy it would reach nothing otherwise.
        env={
            **os.environ,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_ROOT_USER_ACTION": "ignore",
            "UV_NATIVE_TLS": "1",
        },
        stderr=None if show else subprocess.DEVNULL,
    ).returncode


def is_installed(lock):
    return stamp(lock).exists() and stamp(lock).read_text(encoding="ascii") == digest(lock)


def stamp(lock):
    return VENV / (lock.name + ".sha256")


def digest(lock):
    """Names the lock and the place: a checkout that was moved is installed anew."""
    return hashlib.sha256(str(HOME).encode() + lock.read_bytes()).hexdigest()


if __name__ == "__main__":
    main(sys.argv[1:])
