"""Columns of PostgreSQL that Django has no field for."""

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class BitsField(models.Field):
    """A string of 0 and 1, kept and compared as bits."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "bit varying"


class RealField(models.FloatField):
    """Single precision: half the room, where rows are read by the hundred thousand."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "real"
