"""The datasets room: frozen, hashed, exportable sets of labels.

Owns DatasetSnapshot (pending -> frozen or failed) and DatasetRow (which label is in which snapshot, and in which split).

Public: `actions.request_snapshot`, `freezing.freeze_pending`, `exports.stream`.
"""
