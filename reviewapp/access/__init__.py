"""The access room: who may do what, where.

Owns User (people and service accounts), ApiKey, IdempotencyRecord, the roles (groups Reviewer, Lead, Admin, Auditor, ML, Service) and sign-in.
Rights on one queue or use case are django-guardian grants; they live with the queue and the use case, whose rooms make them known to the
people page through `grantable.register`. A request becomes an Actor here; guesses of passwords are counted in `budget`.

Public: `actions.sign_in`, `actions.create_user`, `actions.set_roles`, `actions.set_active`, `actions.set_grant`, `actions.set_grants`,
`actions.change_password`, `actions.reset_password`, `actions.create_api_key`, `actions.revoke_api_key`, `actions.forget_old` (a sweep),
`idempotency.durable`, `grants.granted`, `doors.requires`.
"""
