"""mypy plugin: that of django-stubs, in an environment in which the settings can be read, plus what our middleware adds to a request."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from mypy.nodes import MypyFile
from mypy.plugin import ClassDefContext
from mypy.plugins.common import add_attribute_to_class
from mypy_django_plugin.main import NewSemanalDjangoPlugin

sys.path.append(str(Path(__file__).parent.parent))

from tests.environment import set_keys

_REQUEST = "django.http.request.HttpRequest"
_ADDED = {"actor": "reviewapp.lib.actor.Actor", "request_id": "builtins.str"}


class Plugin(NewSemanalDjangoPlugin):
    def get_additional_deps(self, file: MypyFile) -> list[tuple[int, str, int]]:
        needed = [(10, "reviewapp.lib.actor", -1)] if file.fullname == "django.http.request" else []
        return [*super().get_additional_deps(file), *needed]

    def get_customize_class_mro_hook(self, fullname: str) -> Callable[[ClassDefContext], None] | None:
        return _add_attributes if fullname == _REQUEST else super().get_customize_class_mro_hook(fullname)


def _add_attributes(context: ClassDefContext) -> None:
    for name, kind in _ADDED.items():
        found = context.api.named_type_or_none(kind)
        if found is None:
            context.api.defer()
            return
        add_attribute_to_class(context.api, context.cls, name, found)


def plugin(version: str) -> type[NewSemanalDjangoPlugin]:
    """What mypy calls. No server is needed to read the settings, so the URLs name none."""
    set_keys()
    os.environ.setdefault("DATABASE_URL", "postgresql:///unused")
    os.environ.setdefault("REDIS_URL", "redis://unused")
    return Plugin
