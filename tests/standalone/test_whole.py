"""The smallest real deployment, from the command to an administrator who can sign in, with none of its programs replaced."""

import json
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from tests.standalone.conftest import HOME, environment


@pytest.mark.timeout(300)
def test_one_command_serves_pages_and_stops(start, folder):
    stack = start(
        command=[sys.executable, "manage.py", "standalone"], DJANGO_SETTINGS_MODULE="reviewapp.config.settings"
    ).wait_ready()

    state = json.loads(stack.get("/readyz"))
    assert state["ready"], state
    assert "Sign in" in stack.get("/sign-in/")
    assert made_admin(folder).endswith("can sign in as an administrator.")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"http://127.0.0.1:{socket_port(folder)}/", timeout=10)  # sockets only, and alive

    assert stack.stop() == 0
    assert stack.left_running() == []


def made_admin(folder):
    command = [sys.executable, "manage.py", "create_admin", "rose", "--generate"]
    settings = environment(DATA_DIR=str(folder), DJANGO_SETTINGS_MODULE="reviewapp.config.settings")
    done = subprocess.run(command, cwd=HOME, env=settings, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0]


def socket_port(folder):
    return json.loads((folder / "environment.json").read_text())["SOCKET_PORT"]
