import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import reviewapp.lib.ids
from reviewapp.lib.triggers import append_only


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0021_qa_shares'),
        ('predictions', '0007_copy'),
        ('quality', '0003_reliance'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='qualityreport',
            name='kind',
            field=models.CharField(choices=[('agreement', 'agreement'), ('reliance', 'reliance'), ('samples', 'samples')], max_length=12),
        ),
        migrations.CreateModel(
            name='QaSample',
            fields=[
                ('id', models.UUIDField(default=reviewapp.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('automatic', 'automatic'), ('human', 'human')], max_length=9)),
                ('outcome', models.CharField(max_length=60)),
                ('probability', models.FloatField()),
                ('draw', models.BinaryField()),
                ('made_at', models.DateTimeField()),
                ('queue', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.queue')),
                ('source', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='predictions.prediction')),
                ('decision', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.decision')),
                ('case', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case')),
            ],
            options={
                'db_table': 'quality_qasample',
                'default_permissions': (),
                'constraints': [
                    models.CheckConstraint(
                        condition=models.Q(('decision__isnull', False), ('kind', 'human'))
                        | models.Q(('decision__isnull', True), ('kind', 'automatic')),
                        name='qa_sample_of_a_person_has_a_decision',
                    ),
                    models.CheckConstraint(
                        condition=models.Q(('probability__gt', 0), ('probability__lte', 1)), name='qa_sample_had_a_chance'
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name='QaAnswer',
            fields=[
                ('sample', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='answer', serialize=False, to='quality.qasample')),
                ('agrees', models.BooleanField()),
                ('compared_at', models.DateTimeField()),
                ('view', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.blindanswer')),
            ],
            options={
                'db_table': 'quality_qaanswer',
                'default_permissions': (),
                'indexes': [models.Index(condition=models.Q(('agrees', False)), fields=['sample'], name='qa_answer_differing')],
            },
        ),
        migrations.CreateModel(
            name='QaResolution',
            fields=[
                ('answer', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='resolution', serialize=False, to='quality.qaanswer')),
                ('ruling', models.CharField(choices=[('stands', 'stands'), ('wrong', 'wrong')], max_length=6)),
                ('reason', models.TextField(max_length=200)),
                ('made_at', models.DateTimeField()),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'quality_qaresolution',
                'default_permissions': (),
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='qa_resolution_needs_a_reason')
                ],
            },
        ),
        append_only('quality_qasample'),
        append_only('quality_qaanswer'),
        append_only('quality_qaresolution'),
    ]
