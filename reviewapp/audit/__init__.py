"""The audit room: an append-only record of every write and every view of a case.

Owns AuditEvent. Rows are added in the transaction of the act they record (no audit, no act), carry the exact canonical bytes and a MAC under
the application's key, hold ids and codes and never identity, and cannot be updated, deleted or truncated below Python either (triggers).

Public: `actions.record`, `actions.record_many`, `queries.events`, `queries.of_object`, `actions.verify_row`.
"""
