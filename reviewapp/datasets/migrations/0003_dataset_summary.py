import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("datasets", "0002_append_only"), ("predictions", "0001_initial")]
    operations = [
        migrations.AddField("datasetsnapshot", "summary", models.JSONField(default=dict)),
        migrations.AddField("datasetsnapshot", "versions", models.JSONField(default=dict)),
        migrations.AddConstraint(
            "datasetsnapshot",
            models.CheckConstraint(
                condition=models.Q(("state", "frozen"), _negated=True)
                | models.Q(("frozen_at__isnull", False), models.Q(("digest", ""), _negated=True)),
                name="frozen_dataset_has_digest_and_time",
            ),
        ),
        # A row names its label by position, and the database now holds it to that.
        migrations.RemoveConstraint("datasetrow", "label_once_per_dataset"),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveField("datasetrow", "position"),
                migrations.AddField(
                    "datasetrow",
                    "label",
                    models.ForeignKey(
                        to="predictions.label",
                        to_field="position",
                        db_column="position",
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                    ),
                ),
            ],
            database_operations=[
                migrations.RunSQL(
                    "alter table datasets_datasetrow add constraint dataset_row_names_a_label foreign key (position)"
                    " references predictions_label (position) deferrable initially deferred",
                    "alter table datasets_datasetrow drop constraint dataset_row_names_a_label",
                ),
            ],
        ),
        migrations.AlterField(
            "datasetrow",
            "snapshot",
            models.ForeignKey(
                to="datasets.datasetsnapshot", db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="rows"
            ),
        ),
        migrations.AlterField(
            "datasetrow",
            "split",
            models.CharField(max_length=10, choices=[("train", "train"), ("validation", "validation"), ("test", "test")]),
        ),
        migrations.AddConstraint(
            "datasetrow", models.UniqueConstraint(fields=["snapshot", "label"], name="label_once_per_dataset")
        ),
    ]
