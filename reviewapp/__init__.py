"""Countersign: people review the consequential decisions of models.

The rooms, from the ground up: lib, audit, access, catalog, predictions, cases, policies and datasets and
notifications (siblings), intake, standalone and demo, config. A room imports only from rooms below it.
"""
