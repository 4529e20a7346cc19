"""The catalog room: what is decided, by which models, with which reasons.

Owns UseCase, FeatureSchemaVersion, ReasonCode, Model, ModelVersion (immutable: artifact hash, schema, metrics, lineage; only its stage moves:
registered -> live -> retired, and retired -> live where an earlier version has to come back). One version of a model is live at a time.

Public: `actions.create_use_case`, `actions.publish_schema`, `actions.add_reason_code`, `registering.create_model`,
`registering.register_version`, `registering.promote`, `registering.retire`, `queries.visible_use_cases`, `queries.managed_use_case`,
`queries.bundles_for` (what intake holds a body against); `conditions`, what policies and queues ask of a case, checked, worded and compiled.
"""
