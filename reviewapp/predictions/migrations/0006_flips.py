from django.db import migrations, models


class Migration(migrations.Migration):
    """What stands asks "what if"."""

    dependencies = [("predictions", "0005_what_if")]
    operations = [
        migrations.AddField(
            "whatif",
            "kind",
            models.CharField(
                choices=[("what_if", "what_if"), ("flips", "flips")],
                db_default="what_if",
                default="what_if",
                max_length=7,
            ),
        ),
        migrations.RemoveConstraint("whatif", "what_if_has_one_row_per_question"),
        migrations.AddConstraint(
            "whatif",
            models.UniqueConstraint(
                fields=["prediction", "kind", "digest"], name="what_if_has_one_row_per_question"
            ),
        ),
    ]
