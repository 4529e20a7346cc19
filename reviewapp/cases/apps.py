from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "reviewapp.cases"
    label = "cases"
