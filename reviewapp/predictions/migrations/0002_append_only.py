from django.db import migrations

from reviewapp.lib.triggers import append_only, frozen_when


class Migration(migrations.Migration):
    dependencies = [("predictions", "0001_initial")]
    operations = [
        append_only("predictions_explanation"),
        append_only("predictions_routingresult"),
        append_only("predictions_label"),
        frozen_when("predictions_prediction", condition="old.status <> 'pending' or old.snapshot_digest <> new.snapshot_digest or old.features <> new.features"),
    ]
