import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import reviewapp.lib.ids
from reviewapp.lib.triggers import append_only


class Migration(migrations.Migration):

    dependencies = [
        ('quality', '0004_qa_samples'),
    ]

    operations = [
        migrations.CreateModel(
            name='KnownAnswer',
            fields=[
                ('id', models.UUIDField(default=reviewapp.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('outcome', models.CharField(max_length=60)),
                ('reason', models.TextField(max_length=200)),
                ('given_at', models.DateTimeField()),
                ('queue', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.queue')),
                ('prediction', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='predictions.prediction')),
                ('given_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'quality_knownanswer',
                'default_permissions': (),
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='known_answer_needs_a_reason')
                ],
            },
        ),
        append_only('quality_knownanswer'),
        migrations.AlterField(
            model_name='seededcase',
            name='source',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.decision'),
        ),
        migrations.AddField(
            model_name='seededcase',
            name='answer',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='quality.knownanswer'),
        ),
        migrations.AddConstraint(
            model_name='seededcase',
            constraint=models.CheckConstraint(
                condition=models.Q(('answer__isnull', True), ('source__isnull', False))
                | models.Q(('answer__isnull', False), ('source__isnull', True)),
                name='seeded_case_has_one_source',
            ),
        ),
    ]
