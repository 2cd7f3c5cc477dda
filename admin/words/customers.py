"""Words of customers, their identities and relationships."""

from __future__ import annotations

from admin.words.marking import marked as _

LABELS = {
    "display_name": _("Name"),
    "given_name": _("Given name"),
    "family_name": _("Family name"),
    "organization_name": _("Organisation name"),
    "sort_name": _("Sorted as"),
    "birthday": _("Birthday"),
    "acquisition_source": _("Source"),
    "acquisition_channel": _("Acquisition channel"),
    "acquired_at": _("Acquired"),
    "custom_fields": _("Custom fields"),
    "identities": _("Identities"),
    "email": _("E-mail"),
    "phone": _("Phone"),
    "clv": _("Lifetime value"),
    "rfm_group": _("RFM group"),
    "related": _("Related to"),
    "is_primary": _("Main one"),
    "last_seen_at": _("Last seen"),
    "merged_into": _("Merged into"),
    "normalized": _("As it is compared"),
    "verified_at": _("Verified"),
}

VALUES = {
    "EXTERNAL": _("External reference"),
    "EMPLOYED_BY": _("Employed by"),
    "PARENT_COMPANY": _("Parent company"),
    "REFERRED_BY": _("Referred by"),
    "INFLUENCES": _("Influences"),
    "PARTNER": _("Partner"),
    "SUPPLIER": _("Supplier"),
}

INVERSE = {
    "EMPLOYED_BY": _("Employs"),
    "PARENT_COMPANY": _("Subsidiary"),
    "REFERRED_BY": _("Referred"),
    "INFLUENCES": _("Influenced by"),
    "SUPPLIER": _("Supplied by"),
}
"""What a relationship is called from its other end, where that differs."""
