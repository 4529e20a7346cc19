#!/usr/bin/env python3
"""Command line of Countersign. `standalone` and `demo` prepare their environment before Django reads its settings; any other command
that has none joins the stack that is running with its DATA_DIR."""

import os
import sys


def main() -> None:
    if len(sys.argv) > 1 and sys.argv[1] in {"standalone", "demo"}:
        from reviewapp.standalone.entry import main as run_stack

        sys.exit(run_stack(sys.argv[1:]))
    from reviewapp.standalone.beside import join_running

    join_running()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewapp.config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
