import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

STAGES = ["running", "at_risk", "held_late", "late"]
ACTS = ["escalate", "person", "stay"]
# What was open before is watched from now on; of what is late already nothing is told anew and nothing moves.
_FILL = """
update cases_case c set risk_at = c.due_at - q.sla_minutes * interval '15 seconds',
    sla_stage = case when c.due_at <= now() then 'late' else 'running' end,
    watch_at = case when c.due_at > now() then c.due_at - q.sla_minutes * interval '15 seconds' end
from cases_queue q where q.id = c.queue_id
"""


class Migration(migrations.Migration):

    dependencies = [
        ("cases", "0008_blind_first"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField("queue", "sla_rules", models.JSONField(blank=True, default=list)),
        migrations.AddField("queue", "opening_hours", models.JSONField(blank=True, null=True)),
        migrations.AddField("queue", "risk_percent", models.PositiveSmallIntegerField(default=75)),
        migrations.AddField(
            "queue",
            "late_act",
            models.CharField(choices=[(act, act) for act in ACTS], default="escalate", max_length=8),
        ),
        migrations.AddField(
            "queue",
            "late_queue",
            models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.queue"
            ),
        ),
        migrations.AddField(
            "queue",
            "late_person",
            models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            "queue",
            models.CheckConstraint(
                condition=Q(late_act="person", late_person__isnull=False) | ~Q(late_act="person"),
                name="giving_late_cases_needs_a_person",
            ),
        ),
        migrations.AddField("case", "risk_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "case",
            "sla_stage",
            models.CharField(
                choices=[(stage, stage) for stage in STAGES], db_default="running", default="running", max_length=9
            ),
        ),
        migrations.AddField("case", "watch_at", models.DateTimeField(null=True)),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
        migrations.RunSQL("set constraints all immediate", migrations.RunSQL.noop),
        migrations.AlterField("case", "risk_at", models.DateTimeField()),
        migrations.AddIndex(
            "case",
            models.Index(
                fields=["watch_at", "queue"],
                condition=Q(watch_at__isnull=False) & ~Q(state="decided"),
                name="case_to_watch",
            ),
        ),
        migrations.AddIndex(
            "case",
            models.Index(
                fields=["queue", "due_at", "id"],
                condition=Q(sla_stage="at_risk") & ~Q(state="decided"),
                name="case_at_risk",
            ),
        ),
    ]
