"""A start that cannot be is refused in one plain sentence that says what to do, and leaves nothing running."""

import json
import os
import resource
import shutil
import signal
import socket
import stat
import subprocess
import sys
from types import SimpleNamespace

import pytest

from reviewapp.standalone import datadir, postgres, stack
from reviewapp.standalone.datadir import DataFolder
from reviewapp.standalone.entry import main
from reviewapp.standalone.errors import CannotStart
from reviewapp.standalone.ports import free_port
from tests.standalone.conftest import ELSEWHERE, HOME, environment


def refusal(stack) -> str:
    """The one line that a refused start prints after what it had begun."""
    assert stack.wait_end() == 1
    assert stack.left_running() == []
    lines = [line for line in stack.output.splitlines() if not line.endswith("...")]
    assert len(lines) == 1, stack.output
    return lines[0]


def test_a_second_start_with_the_same_folder_is_refused(start, folder):
    first = start(**ELSEWHERE).wait_ready()

    second = start(**ELSEWHERE)

    assert second.wait_end() == 1
    assert f"already running with {folder} (process {first.process.pid})" in second.output
    assert first.get()


def test_a_port_in_use_is_refused(start):
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        port = taken.getsockname()[1]
        sentence = refusal(start(port=port))
    assert sentence == f"Port {port} is in use by another program. Stop that one, or choose another port with PORT."


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1", "8000.5"])
def test_a_port_that_is_none_is_refused(port, capsys, folder):
    assert main(["standalone", "--port", port, "--data-dir", str(folder)]) == 1
    assert capsys.readouterr().err == f"PORT must be a whole number from 1 to 65535, not {port!r}.\n"


def test_a_damaged_cluster_is_refused(start, folder):
    stack = start().wait_ready()
    stack.stop()
    data = folder / "postgres"
    (data / "global/pg_control").write_bytes(b"\0" * 8192)

    sentence = refusal(start())

    assert f"PostgreSQL cannot run on its data in {data}" in sentence
    assert "RESET=1" in sentence
    start(RESET="1").wait_ready()


def test_a_cluster_without_its_version_is_refused(folder):
    (folder / "postgres").mkdir(parents=True)
    with pytest.raises(CannotStart, match="damaged: it has no PG_VERSION"):
        postgres._check_version(postgres.find_programs(), folder / "postgres")


def test_a_cluster_of_another_version_is_refused(folder):
    (folder / "postgres").mkdir(parents=True)
    (folder / "postgres/PG_VERSION").write_text("12\n")
    with pytest.raises(CannotStart, match=r"made by PostgreSQL 12, .* pg_dump"):
        postgres._check_version(postgres.find_programs(), folder / "postgres")


def test_lost_keys_are_not_replaced(folder):
    kept = DataFolder(folder)
    kept.open()
    assert kept.secrets() == kept.secrets()
    assert stat.S_IMODE((folder / "secrets.json").stat().st_mode) == 0o600
    (folder / "secrets.json").write_text('{"SECRET_KEY": ')
    with pytest.raises(CannotStart, match=r"secrets\.json is damaged\. Restore it from a backup"):
        kept.secrets()


def test_a_full_disk_is_refused(folder, monkeypatch):
    monkeypatch.setattr(datadir.shutil, "disk_usage", lambda path: SimpleNamespace(free=1_000_000))
    with pytest.raises(CannotStart, match=r"The disk that holds .* is full\. Free some space there"):
        DataFolder(folder).open()


def test_a_disk_that_fills_up_while_the_cluster_is_made_is_refused(folder):
    """A limit on the size of files stands in for the full disk: the same write fails."""
    arguments = [sys.executable, "-m", "tests.standalone.toy_stack", "standalone"]
    settings = environment(DATA_DIR=str(folder), PORT=str(free_port()))
    limit = 256 * 1024
    done = subprocess.run(
        arguments,
        cwd=HOME,
        env=settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert (done.returncode, done.stderr) == (
        1,
        f"The disk that holds {folder} is full. Free some space there, or choose another folder with DATA_DIR.\n",
    )
    assert not (folder / "postgres").exists()


def test_a_folder_with_other_files_is_refused_and_never_emptied(folder):
    folder.mkdir()
    (folder / "thesis.txt").write_text("all of it")
    with pytest.raises(CannotStart, match="holds files that are not Countersign's"):
        DataFolder(folder).open(reset=True)
    assert (folder / "thesis.txt").read_text() == "all of it"


def test_a_folder_that_is_a_file_is_refused(folder):
    folder.write_text("")
    with pytest.raises(CannotStart, match="cannot be used: file exists"):
        DataFolder(folder).open()


def test_reset_starts_afresh(folder):
    first = DataFolder(folder)
    first.open()
    before = first.secrets()
    (folder / "artifacts").mkdir()
    os.close(first._lock)

    second = DataFolder(folder)
    second.open(reset=True)

    assert not (folder / "artifacts").exists()
    assert second.secrets() != before


def test_a_program_that_fails_at_start_is_named(start, folder):
    sentence = refusal(start(TOY_WEB="raise SystemExit(3)", **ELSEWHERE))
    assert sentence == f"web ended while starting. {folder}/log/web.log says why."


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::1", "http://[::1]:80"),
        ("box.lan", "http://box.lan:80"),
    ],
)
def test_the_address_that_is_printed_can_be_opened(host, url, folder):
    assert stack.Options(host=host, port=80, socket_port=81, data_dir=folder).url == url


def test_a_folder_whose_path_is_long_still_works(start, folder):
    """A socket's path has room for about a hundred bytes."""
    stack = start(data=folder / ("long" * 30)).wait_ready()
    assert stack.stop(signal.SIGTERM) == 0


def test_a_folder_that_only_we_can_reach_works(start, tmp_path):
    """As root too, though PostgreSQL then runs as a user that cannot reach it."""
    tmp_path.chmod(0o700)
    data = tmp_path / "data"
    try:
        stack = start(data=data).wait_ready()
        assert stack.stop(signal.SIGTERM) == 0
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
        assert (data / "postgres").exists() == (os.geteuid() != 0)
        assert postgres.cluster_home(data).exists() == (os.geteuid() == 0)
    finally:
        shutil.rmtree(postgres.cluster_home(data), ignore_errors=True)


def test_accounts_are_printed(folder, capsys):
    from reviewapp.standalone.entry import _announce

    folder.mkdir()
    account = {"username": "underwriter", "password": "correct horse", "role": "reviewer"}
    (folder / "access.json").write_text(json.dumps({"accounts": [account]}))
    options = stack.Options(host="127.0.0.1", port=8000, socket_port=8001, data_dir=folder, before_web=("seed_demo",))
    _announce(options, first=True)
    shown = capsys.readouterr().out
    assert shown.startswith("Countersign is ready at http://127.0.0.1:8000\n")
    assert all(value in shown for value in account.values())
