"""The catalog room: what is decided, by which models, with which reasons.

Owns UseCase, FeatureSchemaVersion, ReasonCode, Model, ModelVersion (immutable: artifact hash, schema, metrics, lineage; only its stage moves:
registered -> live -> retired).

Public: `actions.create_use_case`, `actions.register_version`, `actions.promote`, `queries.use_case_by_slug`, `queries.live_version`.
"""
