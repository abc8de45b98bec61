"""Addresses of this room."""

from django.urls import URLPattern, URLResolver, path

from rollouts import planning, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("rollouts/", views.rollouts, name="rollouts"),
    path("rollouts/<int:pk>/", views.rollout, name="rollout"),
    path("rollouts/<int:pk>/hold/", views.hold, name="rollout-hold"),
    path("rollouts/<int:pk>/resume/", views.resume, name="rollout-resume"),
    path("rollouts/<int:pk>/roll-back/", views.roll_back, name="rollout-roll-back"),
    path("rollouts/<int:pk>/go/", views.go, name="rollout-go"),
    path("rollouts/<int:pk>/flags/<slug:key>/on/", views.flag_on, name="rollout-flag-on"),
    path("releases/<int:pk>/plan/", planning.plan, name="rollout-plan"),
    path("releases/<int:pk>/start/", views.start, name="rollout-start"),
]
