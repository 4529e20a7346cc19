import django.db.models.deletion
import reviewapp.lib.ids
from django.conf import settings
from django.db import migrations, models

from reviewapp.lib.triggers import append_only


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0019_reopen_request'),
        ('predictions', '0008_corrects'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DocumentContent',
            fields=[
                ('id', models.UUIDField(default=reviewapp.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('data', models.BinaryField()),
                ('subject', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='predictions.subject')),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Document',
            fields=[
                ('id', models.UUIDField(default=reviewapp.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100)),
                ('kind', models.CharField(choices=[('pdf', 'pdf'), ('png', 'png'), ('jpeg', 'jpeg')], max_length=4)),
                ('size', models.PositiveIntegerField()),
                ('pages', models.PositiveSmallIntegerField(null=True)),
                ('width', models.PositiveIntegerField(null=True)),
                ('height', models.PositiveIntegerField(null=True)),
                ('digest', models.BinaryField(max_length=32)),
                ('sent_digest', models.BinaryField(max_length=32)),
                ('added_at', models.DateTimeField()),
                ('added_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('content', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.documentcontent')),
                ('prediction', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='documents', to='predictions.prediction')),
            ],
            options={
                'default_permissions': (),
                'constraints': [
                    models.UniqueConstraint(fields=('prediction', 'sent_digest'), name='a_document_is_attached_once'),
                    models.CheckConstraint(condition=models.Q(models.Q(('kind', 'pdf'), ('pages__isnull', False)), models.Q(('height__isnull', False), ('kind__in', ['png', 'jpeg']), ('width__isnull', False)), _connector='OR'), name='document_has_a_size'),
                ],
            },
        ),
        append_only('cases_documentcontent'),
        append_only('cases_document'),
    ]
