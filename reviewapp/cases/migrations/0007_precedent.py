import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import reviewapp.lib.columns

# What was decided before waits as if its explanation were still to come: the relay places it.
_WAITING = """
insert into cases_precedent (decision_id, case_id, queue_id)
select d.id, c.id, c.queue_id
from cases_decision d
join cases_case c on c.id = d.case_id and c.round = d.round and c.state = 'decided'
join predictions_label l on l.decision_id = d.id
join predictions_explanation e on e.prediction_id = c.prediction_id
where not exists (select 1 from predictions_supersededlabel s where s.label_id = l.id)
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0006_second_review"), ("predictions", "0005_what_if")]
    operations = [
        migrations.CreateModel(
            "Precedent",
            fields=[
                (
                    "decision",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="cases.decision",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.case"
                    ),
                ),
                (
                    "queue",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cases.queue",
                    ),
                ),
                ("frame", models.UUIDField(null=True)),
                ("code", reviewapp.lib.columns.BitsField(null=True)),
                (
                    "argument",
                    django.contrib.postgres.fields.ArrayField(reviewapp.lib.columns.RealField(), null=True, size=None),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(frame__isnull=True, code__isnull=True, argument__isnull=True)
                        | Q(frame__isnull=False, code__isnull=False, argument__isnull=False),
                        name="precedent_is_whole_or_waits",
                    )
                ],
                "indexes": [
                    models.Index(
                        condition=Q(frame__isnull=False), fields=["frame", "queue"], name="precedent_by_frame"
                    ),
                    models.Index(condition=Q(frame__isnull=True), fields=["decision"], name="precedent_waiting"),
                ],
            },
        ),
        # A search takes as long with workers of its own as without, and twice the processors.
        migrations.RunSQL(
            "alter table cases_precedent set (parallel_workers = 0)",
            "alter table cases_precedent reset (parallel_workers)",
        ),
        migrations.RunSQL(_WAITING, migrations.RunSQL.noop),
    ]
