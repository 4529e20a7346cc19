"""Work that was given up is deleted from now on; what was given up before goes too."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('predictions', '0008_corrects'),
    ]

    operations = [
        migrations.RunSQL('delete from predictions_modelwork where tries >= 12', migrations.RunSQL.noop),
    ]
