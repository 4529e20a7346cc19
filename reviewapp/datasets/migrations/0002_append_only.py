from django.db import migrations

from reviewapp.lib.triggers import append_only, frozen_when


class Migration(migrations.Migration):
    dependencies = [("datasets", "0001_initial")]
    operations = [
        append_only("datasets_datasetrow"),
        frozen_when("datasets_datasetsnapshot", condition="old.state <> 'pending'"),
    ]
