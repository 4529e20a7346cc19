"""`manage.py standalone` and `manage.py demo`: from the command line to a running stack. Runs before Django reads its settings."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from reviewapp.standalone import stack
from reviewapp.standalone.datafiles import data_dir
from reviewapp.standalone.errors import CannotStart


def main(argv: Sequence[str]) -> int:
    """Run the stack in the foreground; answers the exit status."""
    try:
        options = _options(argv)
        stack.run(options, on_ready=lambda first: _announce(options, first=first), say=_say)
    except CannotStart as error:
        sys.stderr.write(f"{error}\n")
        return 1
    _say("Countersign has stopped.")
    return 0


def _options(argv: Sequence[str]) -> stack.Options:
    """From the command line, else from HOST, PORT, SOCKET_PORT, DATA_DIR and RESET.

    :raises CannotStart: for a port that is none.
    """
    parser = argparse.ArgumentParser(
        prog="manage.py", description="Run all of Countersign on this machine, in the foreground."
    )
    parser.add_argument("command", choices=["standalone", "demo"], help="demo adds demo data and people")
    parser.add_argument("--host", default=os.environ.get("HOST") or "127.0.0.1")
    parser.add_argument("--port", default=os.environ.get("PORT") or "8000")
    parser.add_argument("--data-dir", type=Path, default=data_dir())
    parser.add_argument(
        "--reset", action="store_true", default=_is_set("RESET"), help="delete the data folder's contents first"
    )
    given = parser.parse_args(argv)
    port = _port(given.port, "PORT")
    demo = given.command == "demo"
    return stack.Options(
        host=given.host,
        port=port,
        socket_port=_port(os.environ.get("SOCKET_PORT") or str(port + 1), "SOCKET_PORT"),
        data_dir=given.data_dir.absolute(),
        reset=given.reset,
        before_web=("seed_demo",) if demo else (),
        companions=("feed_demo",) if demo else (),
    )


def _is_set(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in {"1", "yes", "true", "on"}


def _port(text: str, name: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65_535:
        raise CannotStart(f"{name} must be a whole number from 1 to 65535, not {text!r}.")
    return int(text)


def _announce(options: stack.Options, *, first: bool) -> None:
    _say(f"Countersign is ready at {options.url}")
    access = options.data_dir / "access.json"
    if options.before_web and access.exists():
        for account in json.loads(access.read_text(encoding="utf-8"))["accounts"]:
            _say(f"  {account['username']:<14} {account['password']:<26} {account['role']}")
        _say(f"The accounts and the API keys are in {access}.")
    elif first:
        _say("Make the first administrator in another terminal: .venv/bin/python manage.py create_admin NAME")
    _say("Ctrl-C stops everything.")


def _say(message: str) -> None:
    sys.stdout.write(f"{message}\n")
    sys.stdout.flush()
