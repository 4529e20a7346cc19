from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "reviewapp.cases"
    label = "cases"

    def ready(self) -> None:
        """Make queues, cases one may open, and what is withheld, known to the people page and the trail, which may not import this room."""
        from reviewapp.access import grantable
        from reviewapp.access.rules import QUEUE_RIGHTS
        from reviewapp.audit.queries import register_places, register_queue_names, register_withheld
        from reviewapp.cases.models import Queue
        from reviewapp.cases.places import case_places, predicted_places
        from reviewapp.cases.withholding import withheld_events

        register_withheld(withheld_events)
        register_places("cases.case", case_places)
        register_places("predictions.prediction", predicted_places)
        grantable.register(Queue, title="Queues", rights=QUEUE_RIGHTS, is_queue=True)
        register_queue_names(lambda: Queue.objects.order_by("name").values_list("pk", "name"))
