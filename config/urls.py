"""Every address of the site, one include per room."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from config import api

handler400 = "core.views.errors.bad_request"
handler403 = "core.views.errors.forbidden"
handler404 = "core.views.errors.not_found"
handler500 = "core.views.errors.broken"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", api.addresses),
    path("", include("core.urls")),
    path("", include("flags.urls")),
    path("", include("releases.urls")),
    path("", include("validation.urls")),
    path("", include("approvals.urls")),
    path("", include("rollouts.urls")),
]
if settings.DEMO:
    urlpatterns.append(path("demo/", include("demo.urls")))
