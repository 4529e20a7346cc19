import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0017_correction'),
        ('catalog', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField('queue', 'skill_rules', models.JSONField(blank=True, db_default=[], default=list)),
        migrations.AddField('case', 'skill', models.CharField(db_default='', default='', max_length=40)),
        migrations.AddIndex('case', models.Index(condition=models.Q(models.Q(('skill', ''), _negated=True), models.Q(('state', 'decided'), _negated=True)), fields=['queue', 'skill'], name='case_by_skill')),
        migrations.CreateModel(
            name='Skill',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40)),
                ('use_case', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.usecase')),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('user', 'use_case', 'name'), name='nobody_has_a_skill_twice')],
            },
        ),
    ]
