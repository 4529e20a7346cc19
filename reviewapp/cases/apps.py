from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "reviewapp.cases"
    label = "cases"

    def ready(self) -> None:
        """Make queues known to the people page and the trail, which may not import this room."""
        from reviewapp.access import grantable
        from reviewapp.access.rules import QUEUE_RIGHTS
        from reviewapp.audit.queries import register_queue_names
        from reviewapp.cases.models import Queue

        grantable.register(Queue, title="Queues", rights=QUEUE_RIGHTS, is_queue=True)
        register_queue_names(lambda: Queue.objects.order_by("name").values_list("pk", "name"))
