from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0005_own_keys'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='away_until',
            field=models.DateTimeField(null=True),
        ),
    ]
