"""Rows of the trail cannot be changed; whoever walks past the triggers is noticed."""

from io import StringIO

import orjson
import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from reviewapp.audit import actions
from reviewapp.audit.models import AuditEvent
from reviewapp.lib import crypto
from reviewapp.lib.canonical import canonical_json
from tests.factories import actor_of


@pytest.fixture
def trail(alice):
    """Twenty honest events."""
    data = [{"answer": "agree", "seconds": n / 7, "codes": ["R01"]} for n in range(20)]
    entries = [actions.Entry("case.reviewed", "cases.case", f"c-{n}", data=answer) for n, answer in enumerate(data)]
    actions.record_many(entries, actor=actor_of(alice), at=timezone.now())
    return AuditEvent.objects.order_by("id")


def verify():
    """Exit code and what was said."""
    told = StringIO()
    try:
        call_command("verify_audit", stdout=told)
    except SystemExit as end:
        return end.code, told.getvalue()
    return 0, told.getvalue()


def walk_past(sql, values=()):
    """What the owner of the database can do: switch the triggers off, change, switch them on again."""
    with connection.cursor() as cursor:
        cursor.execute("alter table audit_auditevent disable trigger user")
        cursor.execute(sql, values)
        cursor.execute("alter table audit_auditevent enable trigger user")


def test_an_honest_trail_is_authentic(trail):
    assert verify() == (0, "20 events checked, 0 do not match\n")


@pytest.mark.parametrize(
    "sql",
    [
        "update audit_auditevent set reason = 'x'",
        "update audit_auditevent set at = at - interval '1 day' where id = (select max(id) from audit_auditevent)",
        "delete from audit_auditevent",
        "truncate audit_auditevent",
        "truncate audit_auditevent cascade",
        "insert into audit_auditevent select * from audit_auditevent",
        "insert into audit_auditevent select * from audit_auditevent on conflict (id) do update set reason = 'x'",
    ],
)
def test_the_database_refuses_every_change(sql, trail):
    before = [bytes(event.canon) for event in trail]
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert [bytes(event.canon) for event in trail] == before


def test_the_model_refuses_as_well(trail):
    event = trail.first()
    with pytest.raises(DatabaseError), transaction.atomic():
        event.save()
    with pytest.raises(DatabaseError), transaction.atomic():
        event.delete()


CHANGES = {
    "at": "at - interval '1 hour'",
    "actor_kind": "'system'",
    "actor_id": "gen_random_uuid()",
    "actor_name": "'bob'",
    "actor_role": "'Admin'",
    "on_behalf_of": "gen_random_uuid()",
    "action": "'case.viewed'",
    "outcome": "'refused'",
    "object_type": "'cases.queue'",
    "object_id": "'c-999'",
    "queue_id": "gen_random_uuid()",
    "request_id": "'other'",
    "reason": "'because'",
    "data": """'{"answer": "correct"}'""",
    "schema_version": "2",
    "event_uuid": "gen_random_uuid()",
}


@pytest.mark.parametrize("column", CHANGES)
def test_a_changed_column_is_noticed_and_named(column, trail):
    victim = trail[7]
    walk_past(f"update audit_auditevent set {column} = {CHANGES[column]} where id = %s", [victim.pk])
    code, told = verify()
    assert code == 1
    assert f"event {victim.pk} " in told
    assert f"columns differ from the authenticated bytes: {column}\n" in told
    assert "20 events checked, 1 do not match" in told


@pytest.mark.parametrize(
    "data", ['{"seconds": 1e400}', '{"n": 123456789012345678901234567890}', "[]", "null", '"x"', '{"\\u00e9": 1e22}']
)
def test_strange_data_in_a_column_is_a_fault_and_no_crash(data, trail):
    with connection.cursor() as cursor:
        try:
            with transaction.atomic():
                cursor.execute("select %s::jsonb", [data])
        except DatabaseError:
            return
    walk_past("update audit_auditevent set data = %s::jsonb where id = %s", [data, trail[3].pk])
    assert verify()[0] == 1


def test_changed_bytes_are_noticed(trail):
    victim = trail[3]
    canon = bytes(victim.canon).replace(b'"agree"', b'"refer"')
    walk_past("update audit_auditevent set canon = %s where id = %s", [canon, victim.pk])
    assert "the MAC was not made with the key" in verify()[1]


def test_bytes_and_columns_changed_alike_are_noticed(trail):
    victim = trail[3]
    statement = orjson.loads(bytes(victim.canon)) | {"actor_name": "bob"}
    canon = canonical_json(statement)
    forged = crypto.mac(canon, key=b"a key the forger made up, of length")
    walk_past(
        "update audit_auditevent set actor_name = 'bob', canon = %s, mac = %s where id = %s", [canon, forged, victim.pk]
    )
    code, told = verify()
    assert (code, f"event {victim.pk} " in told) == (1, True)


def test_the_mac_of_another_row_does_not_help(trail):
    walk_past("update audit_auditevent set mac = %s where id = %s", [trail[4].mac, trail[3].pk])
    assert verify()[0] == 1


def test_a_row_inserted_by_sql_is_noticed(trail):
    """No trigger stops an insert: the MAC does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into audit_auditevent (event_uuid, at, actor_kind, actor_id, actor_name, actor_role, action, outcome, object_type, object_id,"
            " request_id, reason, data, schema_version, canon, mac)"
            " select gen_random_uuid(), at, actor_kind, actor_id, 'bob', actor_role, action, outcome, object_type, object_id, request_id, reason,"
            " data, schema_version, canon, mac from audit_auditevent where id = %s returning id",
            [trail[0].pk],
        )
        forged = cursor.fetchone()[0]
    code, told = verify()
    assert (code, f"event {forged} " in told) == (1, True)
    assert "21 events checked, 1 do not match" in told


@pytest.mark.parametrize(
    "sql",
    [
        "drop trigger audit_auditevent_rows on audit_auditevent",
        "drop trigger audit_auditevent_all on audit_auditevent",
        "alter table audit_auditevent disable trigger audit_auditevent_rows",
        "alter table audit_auditevent disable trigger all",
        "alter table audit_auditevent enable replica trigger audit_auditevent_all",
        "create or replace function countersign_refuse() returns trigger language plpgsql as 'begin return new; end'",
    ],
)
def test_a_trigger_that_is_gone_or_off_or_hollow_is_noticed(sql, trail):
    with connection.cursor() as cursor:
        cursor.execute(sql)
    code, told = verify()
    assert code == 1
    assert "is missing or switched off" in told
    assert "20 events checked, 0 do not match" in told


def test_only_the_first_faults_are_listed_and_all_are_counted(trail, alice):
    actions.record_many(
        [actions.Entry("case.viewed", "cases.case", f"d-{n}") for n in range(30)],
        actor=actor_of(alice),
        at=timezone.now(),
    )
    walk_past("update audit_auditevent set reason = 'x'")
    code, told = verify()
    assert (code, told.count("does not match:")) == (1, 20)
    assert "50 events checked, 50 do not match" in told


@pytest.mark.parametrize("change", ["reason = 'x'", "mac = '\\x00'"])
def test_the_page_of_a_changed_event_says_so(change, trail, auditor):
    walk_past(f"update audit_auditevent set {change} where id = %s", [trail[3].pk])
    page = auditor.get(f"/audit/{trail[3].event_uuid}/").content.decode()
    assert "Does not match" in page
    assert "Authentic" not in page


def test_verification_reads_in_batches(trail, monkeypatch):
    monkeypatch.setattr("reviewapp.audit.queries._BATCH", 3)
    assert verify() == (0, "20 events checked, 0 do not match\n")
