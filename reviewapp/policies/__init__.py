"""The policies room: which predictions may pass and which need a person.

Owns PolicyVersion (data, not code; a published version is never edited; the highest number is in force) and the rule engine (`rules`).

Public: `actions.publish`, `queries.published` (the compiled current version), `rules.compile_policy`, `rules.faults`, `rules.in_words`.
"""
