from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "reviewapp.access"
    label = "access"
