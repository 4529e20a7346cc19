from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0004_role_permissions'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='away_until',
            field=models.DateTimeField(null=True),
        ),
    ]
