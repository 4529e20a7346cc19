"""Pages and API. WSGI, because ASGI costs each Django request more than a millisecond of CPU."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewapp.config.settings")
application = get_wsgi_application()
