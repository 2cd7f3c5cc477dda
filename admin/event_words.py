"""The panel's words for what happened: events and the actions of the audit trail."""

from __future__ import annotations

from typing import Any

from starlette_admin.i18n import gettext

from admin.words.marking import marked as _
from crm.ids import PREFIXES

HAPPENED: dict[str, str] = {
    "customer.created": _("Customer created"),
    "customer.updated": _("Customer changed"),
    "customer.archived": _("Customer archived"),
    "customer.restored": _("Customer brought back"),
    "customer.deleted": _("Customer deleted"),
    "customer.merged": _("Customers merged"),
    "customer.unmerged": _("Merge undone"),
    "customer.erased": _("Customer erased"),
    "identity.added": _("Identity added"),
    "identity.removed": _("Identity removed"),
    "relationship.created": _("Relationship created"),
    "relationship.updated": _("Relationship changed"),
    "relationship.deleted": _("Relationship deleted"),
    "interaction.logged": _("Interaction logged"),
    "interaction.corrected": _("Interaction corrected"),
    "interaction.deleted": _("Interaction deleted"),
    "product.created": _("Product created"),
    "product.updated": _("Product changed"),
    "product.deleted": _("Product deleted"),
    "order.recorded": _("Order recorded"),
    "order.updated": _("Order changed"),
    "order.deleted": _("Order deleted"),
    "cost.recorded": _("Cost recorded"),
    "cost.updated": _("Cost changed"),
    "cost.deleted": _("Cost deleted"),
    "segment.created": _("Segment created"),
    "segment.updated": _("Segment changed"),
    "segment.archived": _("Segment archived"),
    "segment.restored": _("Segment brought back"),
    "segment.entered": _("Segment entered"),
    "segment.exited": _("Segment left"),
    "lifecycle.created": _("Lifecycle created"),
    "lifecycle.updated": _("Lifecycle changed"),
    "lifecycle.moved_in_bulk": _("Customers moved in bulk"),
    "stage.moved": _("Moved to another stage"),
    "follow_up.created": _("Follow-up created"),
    "follow_up.updated": _("Follow-up changed"),
    "follow_up.closed": _("Follow-up closed"),
    "follow_up.reopened": _("Follow-up taken up again"),
    "follow_up.deleted": _("Follow-up deleted"),
    "goal.created": _("Goal set"),
    "goal.updated": _("Goal changed"),
    "goal.archived": _("Goal archived"),
    "value.published": _("Value figures published"),
    "value.changed": _("Value changed"),
    "value.started": _("Value run started"),
    "value.cancelled": _("Value run cancelled"),
    "designation.proposed": _("Strategic customer proposed"),
    "designation.decided": _("Strategic customer decided on"),
    "designation.expired": _("Confirmation of a strategic customer expired"),
    "token.created": _("API token created"),
    "token.rotated": _("API token replaced"),
    "token.revoked": _("API token revoked"),
    "webhook.created": _("Webhook created"),
    "webhook.updated": _("Webhook changed"),
    "webhook.disabled": _("Webhook switched off"),
    "webhook.rotated": _("Secret of a webhook replaced"),
    "webhook.tested": _("Webhook tested"),
    "webhook.archived": _("Webhook archived"),
    "webhook.resent": _("Deliveries sent again"),
    "staff.created": _("Staff member added"),
    "staff.updated": _("Staff member changed"),
    "role.created": _("Role created"),
    "role.updated": _("Role changed"),
    "role.deleted": _("Role deleted"),
    "import.finished": _("Import finished"),
    "import.corrected": _("Rows of an import corrected"),
    "export.made": _("Records exported"),
    "field.defined": _("Custom field added"),
    "field.changed": _("Custom field changed"),
    "setting.changed": _("Setting changed"),
    "session.opened": _("Signed in"),
    "session.ended": _("Session ended"),
    "view.created": _("View saved"),
    "view.updated": _("View changed"),
    "view.deleted": _("View deleted"),
}

ACTORS = (_("command line"), _("segments"), _("lifecycle"), _("value"), _("goals"), _("webhooks"), _("simulation"))
ACTOR_KINDS = (_("Staff"), _("Token"), _("System"))
IMPORTED = (_("Simulation"),)
"""The product's own parts, where they have done something; their labels are these words."""

NOUNS: dict[str, str] = {
    "customer": _("Customer"),
    "identity": _("Identity"),
    "relationship": _("Relationship"),
    "interaction": _("Interaction"),
    "product": _("Product"),
    "order": _("Order"),
    "order_line": _("Order line"),
    "cost_entry": _("Cost"),
    "segment": _("Segment"),
    "segment_membership": _("Membership of a segment"),
    "segment_version": _("Version of a segment"),
    "lifecycle": _("Lifecycle"),
    "lifecycle_revision": _("Revision of a lifecycle"),
    "stage": _("Stage"),
    "stage_edge": _("Allowed move"),
    "stage_transition": _("Move"),
    "value_run": _("Value run"),
    "value_snapshot": _("Value of a customer"),
    "strategic_designation": _("Strategic customer"),
    "staff_member": _("Staff member"),
    "staff_session": _("Session"),
    "role": _("Role"),
    "api_token": _("API token"),
    "event": _("Event"),
    "audit_entry": _("Audit entry"),
    "import_run": _("Import"),
    "field_definition": _("Custom field"),
    "follow_up": _("Follow-up"),
    "goal": _("Goal"),
    "exchange_rate": _("Exchange rate"),
    "webhook_endpoint": _("Webhook"),
    "webhook_delivery": _("Delivery"),
    "saved_view": _("Saved view"),
    "organization_setting": _("Setting"),
}


def happened(type: str) -> str:
    """What an event or an action of the audit trail is called in the reader's language."""
    return gettext(HAPPENED[type]) if type in HAPPENED else type


def noun(name: str) -> str:
    return gettext(NOUNS[name]) if name in NOUNS else name


def happenings(request: Any) -> list[tuple[str, str]]:
    return sorted(((key, gettext(text)) for key, text in HAPPENED.items()), key=lambda pair: pair[1])


def nouns(request: Any) -> list[tuple[str, str]]:
    known = {**NOUNS, **{name: NOUNS.get(name, name) for name in PREFIXES}}
    return sorted(((key, gettext(text)) for key, text in known.items()), key=lambda pair: pair[1])
