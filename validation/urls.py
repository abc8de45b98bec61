"""Addresses of this room."""

from django.urls import URLPattern, URLResolver, path

from validation.views import findings, sittings, testing, writing

urlpatterns: list[URLPattern | URLResolver] = [
    path("testing/", testing.overview, name="testing"),
    path("releases/<int:pk>/testing/", testing.workspace, name="workspace"),
    path("releases/<int:pk>/testing/start/", sittings.start, name="run-start"),
    path("releases/<int:pk>/testing/findings/", findings.page, name="findings"),
    path("releases/<int:pk>/testing/scenarios/", writing.new, name="scenario-new"),
    path("releases/<int:pk>/testing/scenarios/<int:scenario_pk>/", writing.edit, name="scenario"),
    path("releases/<int:pk>/testing/scenarios/<int:scenario_pk>/remove/", writing.remove, name="scenario-remove"),
    path("runs/<int:pk>/steps/<int:scenario_pk>/", sittings.step, name="run-step"),
    path("runs/<int:pk>/results/<int:scenario_pk>/", sittings.result, name="run-result"),
    path("runs/<int:pk>/finish/", sittings.finish, name="run-finish"),
    path("findings/<int:pk>/move/", findings.move, name="finding-move"),
]
