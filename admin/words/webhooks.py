"""Words of webhooks and deliveries."""

from __future__ import annotations

from admin.words.marking import marked as _

LABELS = {
    "url": _("Address"),
    "secret_salt": _("Secret"),
    "previous_salt": _("Secret before"),
    "event_types": _("What it hears of"),
    "personal_data": _("With identities in clear"),
    "enabled": _("Switched on"),
    "last_success_at": _("Last taken"),
    "previous_until": _("Secret before signs until"),
    "api_version": _("Shape of messages"),
    "failing_since": _("Fails since"),
    "disabled_at": _("Switched off"),
    "disabled_reason": _("Why switched off"),
    "endpoint": _("Webhook"),
    "event_type": _("What happened"),
    "attempts": _("Attempts"),
    "next_attempt_at": _("Next attempt"),
    "last_attempt_at": _("Last attempt"),
    "delivered_at": _("Delivered"),
    "response_status": _("Answer"),
    "response_excerpt": _("Beginning of the answer"),
    "duration_ms": _("Took (ms)"),
    "tries": _("All attempts"),
}

VALUES = {
    "DELIVERED": _("Delivered"),
    "BY_HAND": _("By hand"),
    "GONE": _("Wants to hear no more"),
    "FAILING": _("Took nothing for days"),
    "RULE_BROKEN": _("Its rule is broken"),
}
