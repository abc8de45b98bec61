"""The only place where this room writes across rows: each verb locks, checks again, changes, records, tells."""

from flags.actions.archive import UNDO, archive_flag, depending, unarchive_flag
from flags.actions.claims import claim, unclaim
from flags.actions.clean_up import ask_clean_up, close_clean_up
from flags.actions.code import report_code
from flags.actions.common import MAY_CHANGE
from flags.actions.flag import create_flag, describe_flag, set_variants
from flags.actions.planned import (
    ANSWER_FOR,
    agree_to_change,
    ask_again,
    due_changes,
    end_change,
    foresee_change,
    make_due,
    may_agree,
    submit_change,
    want_second_person,
)
from flags.actions.segments import change_segment, create_segment, delete_segment
from flags.actions.states import (
    change_state,
    enable,
    kill,
    move,
    restoring,
    set_targeting,
    set_weight,
)
from flags.actions.transfer import Report, import_flags

__all__ = [
    "ANSWER_FOR",
    "MAY_CHANGE",
    "UNDO",
    "Report",
    "agree_to_change",
    "archive_flag",
    "ask_again",
    "ask_clean_up",
    "change_segment",
    "change_state",
    "claim",
    "close_clean_up",
    "create_flag",
    "create_segment",
    "delete_segment",
    "depending",
    "describe_flag",
    "due_changes",
    "enable",
    "end_change",
    "foresee_change",
    "import_flags",
    "kill",
    "make_due",
    "may_agree",
    "move",
    "report_code",
    "restoring",
    "set_targeting",
    "set_variants",
    "set_weight",
    "submit_change",
    "unarchive_flag",
    "unclaim",
    "want_second_person",
]
