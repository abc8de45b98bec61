"""Addresses of this room. A new verb is a new address, and a POST."""

from django.urls import URLPattern, URLResolver, path

from releases.views import detail, listing, opening, product, running, scope, story

urlpatterns: list[URLPattern | URLResolver] = [
    path("releases/", listing.releases, name="releases"),
    path("releases/new/", opening.new, name="release-new"),
    path("releases/<int:release_id>/", detail.release, name="release"),
    path("releases/<int:release_id>/story/", story.story, name="release-story"),
    path("releases/<int:release_id>/scope/", scope.edit, name="release-scope"),
    path("releases/<int:release_id>/scope/words/", scope.words, name="release-words"),
    path("releases/<int:release_id>/scope/features/", scope.add, name="feature-add"),
    path("releases/<int:release_id>/scope/features/<int:feature_id>/", scope.feature, name="feature"),
    path("releases/<int:release_id>/scope/features/<int:feature_id>/remove/", scope.remove, name="feature-remove"),
    path("releases/<int:release_id>/scope/links/", scope.link, name="feature-link"),
    path("releases/<int:release_id>/scope/links/<int:link_id>/remove/", scope.unlink, name="feature-unlink"),
    path("releases/<int:release_id>/scope/candidate/", scope.candidate, name="release-candidate"),
    path("releases/<int:release_id>/cancel/", scope.cancel, name="release-cancel"),
    path("products/<slug:slug>/slots/", product.add_slot, name="slot-add"),
    path("products/<slug:slug>/slots/<int:slot_id>/", product.change_slot, name="slot-change"),
    path("products/<slug:slug>/freezes/", product.add_freeze, name="freeze-add"),
    path("products/<slug:slug>/freezes/<int:freeze_id>/lift/", product.lift_freeze, name="freeze-lift"),
    path("running/", running.running, name="running"),
]
