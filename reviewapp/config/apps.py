from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "reviewapp.config"
    label = "config"

    def ready(self) -> None:
        """Web processes ring Celery's bell too, so the application must be known there."""
        from reviewapp.config import celery  # noqa: F401
