"""Addresses of this room."""

from django.urls import URLPattern, URLResolver, path

from validation import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("testing/", views.testing, name="testing"),
    path("releases/<int:pk>/testing/", views.workspace, name="workspace"),
    path("releases/<int:pk>/testing/start/", views.start, name="run-start"),
    path("runs/<int:pk>/results/<int:scenario_pk>/", views.result, name="run-result"),
    path("runs/<int:pk>/finish/", views.finish, name="run-finish"),
    path("findings/<int:pk>/move/", views.move, name="finding-move"),
]
