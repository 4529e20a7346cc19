"""Append-only tables: triggers that refuse update, delete and truncate, for use in migrations."""

from django.db import migrations

_FUNCTION = """
create or replace function countersign_refuse() returns trigger language plpgsql as $$
begin
    raise exception '% on % is refused: the table is append-only', tg_op, tg_table_name using errcode = 'restrict_violation';
end $$;
"""


def append_only(table: str) -> migrations.RunSQL:
    """Refuse every change to rows of `table` but their insertion."""
    return migrations.RunSQL(
        _FUNCTION
        + f"""
        create trigger {table}_rows before update or delete on {table} for each row execute function countersign_refuse();
        create trigger {table}_all before truncate on {table} for each statement execute function countersign_refuse();
        """,
        f"drop trigger {table}_rows on {table}; drop trigger {table}_all on {table};",
    )


def frozen_when(table: str, *, condition: str) -> migrations.RunSQL:
    """Refuse deletion always, and updates of rows for which `condition` holds (SQL over `old` and `new`)."""
    return migrations.RunSQL(
        _FUNCTION
        + f"""
        create trigger {table}_frozen before update on {table} for each row when ({condition}) execute function countersign_refuse();
        create trigger {table}_kept before delete on {table} for each row execute function countersign_refuse();
        create trigger {table}_all before truncate on {table} for each statement execute function countersign_refuse();
        """,
        f"drop trigger {table}_frozen on {table}; drop trigger {table}_kept on {table}; drop trigger {table}_all on {table};",
    )
