"""Settings, URLs, the two servers' entry points, Celery, and how errors become answers. Imports every room; no room imports it."""
