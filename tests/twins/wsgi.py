"""The web with a fault."""

from reviewapp.config.wsgi import application
from tests.twins.faults import take_out

take_out()
__all__ = ["application"]
