"""Every address of the site, one include per room."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("core.urls")),
    path("", include("flags.urls")),
    path("", include("releases.urls")),
    path("", include("validation.urls")),
    path("", include("approvals.urls")),
    path("", include("rollouts.urls")),
]
if settings.DEMO:
    urlpatterns.append(path("demo/", include("demo.urls")))
