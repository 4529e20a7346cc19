from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('quality', '0002_seeded_case'),
    ]

    operations = [
        migrations.AlterField(
            model_name='qualityreport',
            name='kind',
            field=models.CharField(choices=[('agreement', 'agreement'), ('reliance', 'reliance')], max_length=12),
        ),
    ]
