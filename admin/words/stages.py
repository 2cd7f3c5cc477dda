"""Words of lifecycles, stages and moves."""

from __future__ import annotations

from admin.words.marking import marked as _

LABELS = {
    "is_initial": _("First stage"),
    "is_default": _("Default"),
    "target_days": _("Target days"),
    "from_stage": _("From"),
    "to_stage": _("To"),
    "dwell_seconds": _("Stayed (seconds)"),
    "requires_reason": _("Needs a reason"),
    "automatic": _("Automatic"),
    "guard_text": _("Guard"),
    "required_scope": _("Required scope"),
    "first_stage": _("First stage"),
    "guard": _("Condition"),
    "lacks": _("What is lacking"),
    "is_first": _("First one"),
}

VALUES = {
    "WON": _("Won"),
    "MERGED": _("Merge"),
    "STAGE_REMOVED": _("Stage removed"),
}
