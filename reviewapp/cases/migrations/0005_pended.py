import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

STATES = ["open", "leased", "pended", "decided"]


class Migration(migrations.Migration):
    """Nothing to fill: until now no case was pended."""

    dependencies = [
        ("cases", "0004_reversal"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField("case", "follow_up_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "case",
            "pended_by",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="pended_cases",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField("case", "awaited", models.CharField(db_default="", default="", max_length=200)),
        migrations.AlterField(
            "case",
            "state",
            models.CharField(choices=[(state, state) for state in STATES], default="open", max_length=8),
        ),
        migrations.RemoveConstraint("case", "case_state_is_known"),
        migrations.AddConstraint(
            "case", models.CheckConstraint(condition=Q(state__in=STATES), name="case_state_is_known")
        ),
        migrations.AddConstraint(
            "case",
            models.CheckConstraint(
                condition=Q(state="pended", follow_up_at__isnull=False, pended_by__isnull=False) & ~Q(awaited="")
                | Q(follow_up_at__isnull=True, pended_by__isnull=True) & ~Q(state="pended"),
                name="pended_case_has_follow_up",
            ),
        ),
        migrations.AddIndex(
            "case", models.Index(fields=["follow_up_at"], condition=Q(state="pended"), name="case_by_follow_up")
        ),
        migrations.AddIndex(
            "case", models.Index(fields=["pended_by"], condition=Q(state="pended"), name="case_by_pender")
        ),
    ]
