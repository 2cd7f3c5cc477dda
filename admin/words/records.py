"""Words of imports, events and the audit trail."""

from __future__ import annotations

from admin.words.marking import marked as _

LABELS = {
    "actor_label": _("By"),
    "actor_kind": _("Kind of actor"),
    "action": _("Action"),
    "changes": _("Changes"),
    "request_id": _("Request"),
    "file_name": _("File"),
    "rows_read": _("Rows read"),
    "rows_created": _("Created rows"),
    "rows_updated": _("Updated rows"),
    "rows_unchanged": _("Unchanged rows"),
    "rows_refused": _("Refused rows"),
    "refused": _("Refused rows"),
    "mapping": _("Mapping"),
    "proposals": _("Proposals"),
}
