"""The library of ready-made segments as its page lists it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette_admin.i18n import gettext as _

from crm.database import fetch
from crm.segments.library import GROUPS
from crm.segments.library_entries import ENTRIES, Entry

_INSTALLED = """
SELECT id, key, name, description, size, library_key, evaluated_at FROM segment
WHERE library_key = ANY ($1::text[]) OR key = ANY ($2::text[]) ORDER BY name
"""


@dataclass(frozen=True, slots=True)
class Group:
    """Ready-made segments that are installed together; computed ones are not known before."""

    key: str
    title: str
    about: str
    entries: list[tuple[Entry, Any]]
    computed: list[Any]
    installed: bool


def _titles() -> dict[str, tuple[str, str]]:
    return {
        "RFM": (_("By recency, frequency and spend"), _("Eleven named groups, from champions to lost.")),
        "TIERS": (_("Value tiers"), _("Who brings the most profit, in steps.")),
        "STRATEGIC": (
            _("Strategically significant"),
            _("Customers who matter more than their orders show, and the valuable ones at risk."),
        ),
        "NEEDS": (_("By needs"), _("Computed: who buys mostly which category of products.")),
        "BEHAVIOUR": (
            _("By behaviour"),
            _("Computed: groups of customers who behave alike, as many as tell them apart best, each described."),
        ),
    }


async def groups() -> list[Group]:
    rows = await fetch(_INSTALLED, list(GROUPS), [entry.key for entry in ENTRIES])
    by_key = {row["key"]: row for row in rows}
    titles = _titles()
    found = []
    for group in GROUPS:
        entries = [(entry, by_key.get(entry.key)) for entry in ENTRIES if entry.group == group]
        computed = [] if entries else [row for row in rows if row["library_key"] == group]
        title, about = titles.get(group, (group, ""))
        there = bool(computed) if not entries else all(row for _entry, row in entries)
        found.append(Group(group, title, about, entries, computed, there))
    return found
