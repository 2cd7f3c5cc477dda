"""Words of staff, roles, tokens and custom fields, and of the kinds of values."""

from __future__ import annotations

from admin.words.marking import marked as _

LABELS = {
    "labels": _("Labels by language"),
    "choices": _("Choices"),
    "searchable": _("Searchable"),
    "role": _("Role"),
    "scopes": _("Scopes"),
    "built_in": _("Built in"),
    "locale": _("Language"),
    "last_login_at": _("Last sign-in"),
    "password": _("Password"),
    "last_four": _("Ends in"),
    "created_by": _("Created by"),
    "expires_at": _("Expires"),
    "revoked_at": _("Revoked"),
    "last_used_at": _("Last used"),
    "last_used_address": _("Last address"),
    "row_filter": _("Which customers"),
    "user_agent": _("Browser"),
}

VALUES = {
    "TEXT": _("Text"),
    "NUMBER": _("Number"),
    "MONEY": _("Amount"),
    "CODE": _("Key"),
    "ENUM": _("Choice"),
    "TIME": _("Time"),
    "ID": _("ID"),
    "BOOLEAN": _("Yes or no"),
    "DATE": _("Date"),
    "CHOICE": _("Choice"),
}
