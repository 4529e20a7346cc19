import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0005_pended'),
    ]

    operations = [
        migrations.AddField(
            model_name='case',
            name='counted_from',
            field=models.PositiveSmallIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name='case',
            name='stage',
            field=models.CharField(choices=[('first', 'first'), ('second', 'second'), ('adjudication', 'adjudication')], db_default='first', default='first', max_length=12),
        ),
        # What was answered before counts as it did: in the case's own round only.
        migrations.RunSQL("update cases_case set counted_from = round where round > 1", migrations.RunSQL.noop),
        migrations.AddField(
            model_name='queue',
            name='review_policy',
            field=models.JSONField(blank=True, db_default={}, default=dict),
        ),
        migrations.AddField(
            model_name='reversal',
            name='review',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversal', to='cases.review'),
        ),
        migrations.AddField(
            model_name='review',
            name='second_because',
            field=models.CharField(db_default='', default='', max_length=12),
        ),
        migrations.AddField(
            model_name='review',
            name='second_share',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='review',
            name='stage',
            field=models.CharField(db_default='first', default='first', max_length=12),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(condition=models.Q(('stage', 'adjudication'), models.Q(('state', 'decided'), _negated=True)), fields=['queue', 'due_at', 'id'], name='case_to_adjudicate'),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ['first', 'second', 'adjudication'])), name='case_stage_is_known'),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.CheckConstraint(condition=models.Q(('counted_from__lte', models.F('round'))), name='case_counts_from_a_round_it_had'),
        ),
    ]
