"""Words of segments and memberships."""

from __future__ import annotations

from admin.words.marking import marked as _

LABELS = {
    "rule_text": _("Rule"),
    "size": _("Members"),
    "evaluated_at": _("Evaluated"),
    "evaluation_error": _("Evaluation error"),
    "entered_at": _("Entered"),
    "exited_at": _("Left"),
    "entry_cause": _("Why it entered"),
    "exit_cause": _("Why it left"),
    "definition": _("Definition"),
    "evaluation_ms": _("Took"),
    "library_key": _("Group of the library"),
    "rule_version": _("Version of the rule"),
}

VALUES = {
    "DATA_CHANGED": _("Data changed"),
    "RULE_CHANGED": _("Rule changed"),
    "TIME_PASSED": _("Time passed"),
    "STATIC": _("Hand-picked"),
    "DYNAMIC": _("By rule"),
    "SNAPSHOT": _("Frozen"),
}
