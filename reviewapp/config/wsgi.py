"""Pages and API, by WSGI."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewapp.config.settings")
application = get_wsgi_application()

# What is loaded now stays for the life of the process: every door is imported before the first request, and the collector
# is told to leave all of it alone, so that no request pays for walking through half a million objects.
get_resolver().url_patterns  # noqa: B018
gc.collect()
gc.freeze()
