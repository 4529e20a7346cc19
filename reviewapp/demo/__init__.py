"""The demo: two real use cases with real data, trained models, policies, queues and people, fed through the HTTP API as a client would.

Public: management commands `seed_demo` and `feed_demo`, run by `manage.py demo`.
"""
