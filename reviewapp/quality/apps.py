from django.apps import AppConfig


class QualityConfig(AppConfig):
    name = "reviewapp.quality"
    label = "quality"
