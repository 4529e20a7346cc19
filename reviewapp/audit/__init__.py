"""The audit room: an append-only record of every write and every view of a case.

Owns AuditEvent. Rows are added in the transaction of the act they record (no audit, no act), carry the exact canonical bytes and a MAC under
the application's key, and cannot be updated, deleted or truncated below Python either (triggers). So they hold ids and codes and never
identity; the one text of a person is `reason` (`actions.Entry` says what it may hold).

Reading the trail is an act as well and adds an event. Rooms above say how their ids are told as names (`queries.register_names`,
`queries.register_queue_names`), and where who reads may open them (`queries.register_places`).

Public: `actions.record`, `actions.record_many`, `actions.view_trail`, `actions.check`, `queries.events`, `queries.of_object`, `rules.words_of`;
`manage.py verify_audit` holds every row against its MAC.
"""
