import django.db.models.deletion
import reviewapp.lib.ids
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from reviewapp.lib.triggers import frozen_when

# All that may change: the text goes when its author withdraws it, once; and a mention is seen once.
_WITHDRAWAL = (
    "old.withdrawn_at is not null or new.withdrawn_at is null"
    " or (new.id, new.case_id, new.author_id, new.round, new.knew_answers, new.knew_model, new.written_at)"
    " is distinct from (old.id, old.case_id, old.author_id, old.round, old.knew_answers, old.knew_model, old.written_at)"
)
_SEEING = (
    "old.seen_at is not null or new.seen_at is null"
    " or (new.id, new.comment_id, new.person_id) is distinct from (old.id, old.comment_id, old.person_id)"
)


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0015_conflict'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Comment',
            fields=[
                ('id', models.UUIDField(default=reviewapp.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('text', models.TextField(max_length=2000)),
                ('round', models.PositiveSmallIntegerField()),
                ('knew_answers', models.BooleanField()),
                ('knew_model', models.BooleanField()),
                ('written_at', models.DateTimeField()),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('author', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case')),
            ],
            options={
                'default_permissions': (),
                'indexes': [models.Index(fields=['author', 'written_at'], name='comment_by_author')],
                'constraints': [
                    models.CheckConstraint(
                        condition=Q(withdrawn_at__isnull=True) & ~Q(text='') | Q(withdrawn_at__isnull=False, text=''),
                        name='withdrawn_comment_has_no_text',
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name='Mention',
            fields=[
                ('id', models.UUIDField(default=reviewapp.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('seen_at', models.DateTimeField(null=True)),
                ('comment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='mentions', to='cases.comment')),
                ('person', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'default_permissions': (),
                'indexes': [models.Index(fields=['person', '-id'], name='mention_by_person')],
                'constraints': [models.UniqueConstraint(fields=('comment', 'person'), name='a_comment_mentions_somebody_once')],
            },
        ),
        frozen_when('cases_comment', condition=_WITHDRAWAL),
        frozen_when('cases_mention', condition=_SEEING),
    ]
