from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "reviewapp.catalog"
    label = "catalog"

    def ready(self) -> None:
        """Make use cases known to the people page, which may not import this room."""
        from reviewapp.access import grantable
        from reviewapp.access.rules import USE_CASE_RIGHTS
        from reviewapp.catalog.models import UseCase

        grantable.register(UseCase, title="Use cases", rights=USE_CASE_RIGHTS)
