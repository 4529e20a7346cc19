from django.db import migrations

from reviewapp.lib.triggers import append_only, frozen_when


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]
    operations = [
        append_only("catalog_featureschemaversion"),
        frozen_when("catalog_modelversion", condition="(to_jsonb(old) - array['stage', 'live_at', 'retired_at']) is distinct from (to_jsonb(new) - array['stage', 'live_at', 'retired_at'])"),
    ]
