"""Everything that changes what this room holds. Each: lock, re-check, change, record, tell; all in one transaction."""

from releases.actions.calendar import add_freeze, lift_freeze
from releases.actions.facts import register_build, register_deployment, report_check
from releases.actions.features import add_feature, change_feature, link_features, remove_feature, unlink_features
from releases.actions.releases import cancel_release, change_release, create_release, set_candidate, set_status
from releases.actions.slots import add_slot, change_slot, observe_slots

__all__ = [
    "add_feature",
    "add_freeze",
    "add_slot",
    "cancel_release",
    "change_feature",
    "change_release",
    "change_slot",
    "create_release",
    "lift_freeze",
    "link_features",
    "observe_slots",
    "register_build",
    "register_deployment",
    "remove_feature",
    "report_check",
    "set_candidate",
    "set_status",
    "unlink_features",
]
