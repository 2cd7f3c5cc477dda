"""What the product itself names in the data: the stages of the default lifecycle, the built-in roles."""

from __future__ import annotations

from admin.words.marking import marked as _

NAMES = (
    _("Suspect"),
    _("Prospect"),
    _("First-time buyer"),
    _("Repeat buyer"),
    _("Client"),
    _("Advocate"),
    _("Partner"),
    _("Dormant"),
    _("Lost"),
    _("Customer lifecycle"),
    _("Administrator"),
    _("Manager"),
    _("Agent"),
    _("Viewer"),
)
"""Read nowhere: marking them is what brings them into the catalogues, where `name` finds them."""
