"""mypy plugin: that of django-stubs, in an environment in which the settings can be read. No server is needed for that."""

import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent))

from mypy_django_plugin.main import plugin

from tests.environment import set_keys

__all__ = ["plugin"]

set_keys()
os.environ.setdefault("DATABASE_URL", "postgresql:///unused")
os.environ.setdefault("REDIS_URL", "redis://unused")
