from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0012_next_order'),
    ]

    operations = [
        migrations.AddField(
            model_name='queue',
            name='answers_again',
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
