import django.db.models.deletion
import reviewapp.lib.ids
from django.conf import settings
from django.db import migrations, models

from reviewapp.lib.triggers import append_only


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0013_answers_again'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Recusal',
            fields=[
                ('id', models.UUIDField(default=reviewapp.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('reference_mac', models.BinaryField(max_length=32, null=True)),
                ('made_at', models.DateTimeField()),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case')),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('user', 'case'), name='nobody_steps_back_from_a_case_twice')],
            },
        ),
        append_only('cases_recusal'),
    ]
