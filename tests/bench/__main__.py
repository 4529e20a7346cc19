"""Runs every measure, or those named, in the order of a case's life, and prints the table: `python -m tests.bench batch_ingest claim_alone`."""

import json
import os
import sys
import tempfile
from pathlib import Path

from reviewapp.standalone.servers import start_postgres, start_valkey
from reviewapp.standalone.supervisor import Supervisor
from tests.environment import set_keys


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="countersign-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        supervisor = Supervisor(folder / "servers-log")
        try:
            _prepare(folder, supervisor)
            from tests.bench import measures, workbench

            rows = measures.measure(folder, (*measures.MEASURES, *workbench.MEASURES), only=sys.argv[1:])
        finally:
            supervisor.stop()
    Path("bench.json").write_text(json.dumps({"cores": os.cpu_count(), "figures": rows}, indent=2) + "\n")
    _print(rows)
    return 0


def _prepare(folder: Path, supervisor: Supervisor) -> None:
    set_keys()
    for variable in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(variable, None)
    os.environ["DATA_DIR"] = str(folder)
    os.environ["STATIC_ROOT"] = str(folder / "collected")  # where tests.programs collects them
    os.environ["DATABASE_URL"] = start_postgres(supervisor, folder).url
    os.environ["REDIS_URL"] = start_valkey(supervisor, folder).url
    os.environ["DJANGO_SETTINGS_MODULE"] = "reviewapp.config.settings"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def _print(rows: list[dict[str, object]]) -> None:
    columns = ("figure", "value", "target", "met", "web CPU ms", "PostgreSQL CPU ms", "statements")
    table = [columns, *(tuple(_cell(row.get(column)) for column in columns) for row in rows)]
    widths = [max(len(line[place]) for line in table) for place in range(len(columns))]
    for line in table:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n")


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "NO"
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
