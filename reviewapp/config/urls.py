"""Every address. Pages at the root, the API under /api/v1/."""

from django.urls import include, path

from reviewapp.access import urls as access
from reviewapp.audit import urls as audit
from reviewapp.cases import urls as cases
from reviewapp.catalog import urls as catalog
from reviewapp.config import openapi, views
from reviewapp.datasets import urls as datasets
from reviewapp.intake import urls as intake
from reviewapp.monitoring import urls as monitoring
from reviewapp.notifications import urls as notifications
from reviewapp.policies import urls as policies
from reviewapp.quality import urls as quality

api = [
    route
    for room in (access, audit, catalog, intake, cases, quality, monitoring, datasets, notifications)
    for route in room.api_urlpatterns
]

urlpatterns = [
    path("", views.start, name="start"),
    path("", include(access)),
    path("", include(audit)),
    path("", include(cases)),
    path("", include(catalog)),
    path("", include(policies)),
    path("", include(quality)),
    path("", include(monitoring)),
    path("", include(datasets)),
    path("", include(notifications)),
    path("help/", include((views.help_urlpatterns, "help"))),
    path("api/v1/", include((api, "api"))),
    path("api/v1/openapi.json", openapi.document, name="openapi"),
    path("api/docs/", openapi.docs, name="api-docs"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
]
handler400 = views.bad_request
handler403 = views.forbidden
handler404 = views.not_found
handler500 = views.server_error
