"""Addresses of this room."""

from django.urls import URLPattern, URLResolver, path

from flags import product_views
from flags.views import (
    about,
    backlog,
    changes,
    exposure,
    flag,
    history,
    life,
    new,
    planned,
    segments,
    settings,
    targeting,
    transfer,
)
from flags.views import list as lists

urlpatterns: list[URLPattern | URLResolver] = [
    path("flags/", lists.flags, name="flags"),
    path("flags/new/", new.flag_new, name="flag-new"),
    path("flags/backlog/", backlog.due, name="flag-backlog"),
    path("flags/archived/", backlog.gone, name="flags-archived"),
    path("flags/slipway_flags.py", backlog.command, name="flag-command"),
    path("flags/segments/", segments.segments, name="segments"),
    path("flags/new-segment/", segments.segment_new, name="segment-new"),
    path("products/<slug:slug>/flags/segments/<slug:segment_key>/", segments.segment, name="segment"),
    path(
        "products/<slug:slug>/flags/segments/<slug:segment_key>/delete/", segments.segment_delete, name="segment-delete"
    ),
    path("products/<slug:slug>/flags/", transfer.transfer_page, name="flag-transfer"),
    path("products/<slug:slug>/flags/export/<slug:environment>/", transfer.export, name="flag-export"),
    path("products/<slug:slug>/flag-changes/<slug:environment>/", settings.second_person, name="flag-second-person"),
    path("products/<slug:slug>/flag-keys/", product_views.issue, name="flag-key-issue"),
    path("products/<slug:slug>/flag-keys/<int:key_id>/replace/", product_views.replace, name="flag-key-replace"),
    path("products/<slug:slug>/flag-keys/<int:key_id>/revoke/", product_views.revoke, name="flag-key-revoke"),
    path("flags/<slug:product>/<slug:key>/", flag.flag, name="flag"),
    path("flags/<slug:product>/<slug:key>/clean-up/", life.ask, name="flag-clean-up"),
    path("flags/<slug:product>/<slug:key>/clean-up/close/", life.close, name="flag-clean-up-close"),
    path("flags/<slug:product>/<slug:key>/archive/", life.archive, name="flag-archive"),
    path("flags/<slug:product>/<slug:key>/unarchive/", life.unarchive, name="flag-unarchive"),
    path("flags/<slug:product>/<slug:key>/describe/", about.flag_describe, name="flag-describe"),
    path("flags/<slug:product>/<slug:key>/values/", about.flag_values, name="flag-values"),
    path("flags/<slug:product>/<slug:key>/changes/<int:pk>/agree/", planned.agree, name="flag-change-agree"),
    path("flags/<slug:product>/<slug:key>/changes/<int:pk>/end/", planned.end, name="flag-change-end"),
    path("flags/<slug:product>/<slug:key>/changes/<int:pk>/again/", planned.again, name="flag-change-again"),
    path("flags/<slug:product>/<slug:key>/<slug:environment>/kill/", changes.flag_kill, name="flag-kill"),
    path("flags/<slug:product>/<slug:key>/<slug:environment>/enable/", changes.flag_enable, name="flag-enable"),
    path("flags/<slug:product>/<slug:key>/<slug:environment>/open/", changes.flag_open, name="flag-open"),
    path("flags/<slug:product>/<slug:key>/<slug:environment>/weight/", exposure.flag_weight, name="flag-weight"),
    path(
        "flags/<slug:product>/<slug:key>/<slug:environment>/targeting/",
        targeting.flag_targeting,
        name="flag-targeting",
    ),
    path("flags/<slug:product>/<slug:key>/<slug:environment>/history/", history.flag_history, name="flag-history"),
    path(
        "flags/<slug:product>/<slug:key>/<slug:environment>/versions/<int:version>/",
        history.flag_version,
        name="flag-version",
    ),
]
