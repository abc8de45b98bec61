"""Addresses of this room."""

from django.urls import URLPattern, URLResolver, path

from approvals import checklist_views, product_views, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("approve/<int:pk>/", views.approve, name="approve"),
    path("approve/<int:pk>/revoke/", views.revoke, name="approve-revoke"),
    path("approve/<int:pk>/ask/", views.ask, name="approve-ask"),
    path("approve/<int:pk>/delegate/", views.delegate, name="approve-delegate"),
    path("approve/<int:pk>/take-back/", views.take_back, name="approve-take-back"),
    path("questions/<int:pk>/answer/", views.answer, name="question-answer"),
    path("releases/<int:pk>/remind/", views.remind, name="signoff-remind"),
    path("releases/<int:pk>/submit/", views.submit, name="release-submit"),
    path("products/<slug:slug>/policy/", product_views.policy, name="policy-set"),
    path("releases/<int:pk>/checklist/", checklist_views.write, name="checklist"),
    path("checklist/<int:pk>/remove/", checklist_views.remove, name="checklist-remove"),
    path("checklist/<int:pk>/tick/", views.tick, name="checklist-tick"),
]
