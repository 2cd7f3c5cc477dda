"""Who is in a segment, who came and who left, page by page; and whom a pasted list means."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette_admin.i18n import gettext as _

from crm import organization, text
from crm.access import Actor, Scope
from crm.database import fetch
from crm.errors import CrmError, ValidationFailed
from crm.ids import decode
from crm.wording import condition, words

SIZE = 25
MOST_PASTED = 5_000
LISTS = ("now", "came", "left")

_PAGES = {
    "now": ("m.entered_at", "m.exited_at IS NULL"),
    "came": ("m.entered_at", "true"),
    "left": ("m.exited_at", "m.exited_at IS NOT NULL"),
}
_PAGE = """
SELECT m.id, m.customer_id, c.display_name, m.entered_at, m.entry_cause, m.exited_at, m.exit_cause, m.rule_version,
       {at} AS at
FROM segment_membership m JOIN customer c ON c.id = m.customer_id
WHERE m.segment_id = $1 AND {kept} AND ($2::timestamptz IS NULL OR ({at}, m.id) < ($2, $3::uuid))
ORDER BY {at} DESC, m.id DESC LIMIT $4
"""
_HELD = "SELECT normalized, customer_id FROM identity WHERE normalized = ANY ($1::text[])"
_FOUND = "SELECT c.id FROM customer c WHERE {found} AND c.archived_at IS NULL LIMIT 2"
_THERE = "SELECT id FROM customer WHERE id = ANY ($1::uuid[])"


async def page(segment_id: UUID, which: str, before: str) -> dict[str, Any]:
    """One page of a list, the newest first; `before` is the last entry of the page before it."""
    at, kept = _PAGES.get(which, _PAGES["now"])
    when, last = _position(before)
    statement = _PAGE.format(at=at, kept=kept)
    rows = await fetch(statement, segment_id, when, last, SIZE + 1)
    more = f"{rows[SIZE - 1]['at'].isoformat()}~{rows[SIZE - 1]['id']}" if len(rows) > SIZE else None
    return {"rows": rows[:SIZE], "which": which if which in _PAGES else "now", "before": more}


def _position(before: str) -> tuple[datetime | None, UUID | None]:
    when, _tilde, last = before.partition("~")
    try:
        return datetime.fromisoformat(when.replace(" ", "+")), UUID(last)
    except ValueError:
        return None, None


@dataclass(frozen=True, slots=True)
class Meant:
    """The customers that a pasted list means, and the entries that mean nobody or more than one."""

    customers: list[UUID]
    unknown: list[str]


async def meant(actor: Actor, pasted: str) -> Meant:
    """Read e-mail addresses, phone numbers, references, public ids and names, one a line or with commas between.

    Without `pii:read` identities mean nobody: who may not read them must not learn whose they are.
    Raises ValidationFailed for nothing, or for too much.
    """
    entries = list(dict.fromkeys(part.strip() for part in re.split(r"[\n,;\t،；，]", pasted) if part.strip()))
    if not entries:
        raise ValidationFailed(_("Paste at least one customer."), path=("identities",))
    if len(entries) > MOST_PASTED:
        told = _("%(number)s entries are too many; paste at most %(most)s.")
        raise ValidationFailed(told % {"number": len(entries), "most": MOST_PASTED}, path=("identities",))
    found: dict[str, UUID | None] = dict.fromkeys(entries)
    clear = actor.may(Scope.PII_READ)
    if clear:
        found |= await _by_identity(entries)
    found |= await _by_id([entry for entry in entries if found[entry] is None])
    for entry in [entry for entry in entries if found[entry] is None][:200]:
        found[entry] = await _by_name(entry, named=not clear)
    return Meant(
        list(dict.fromkeys(key for key in found.values() if key)), [entry for entry in entries if found[entry] is None]
    )


async def _by_identity(entries: list[str]) -> dict[str, UUID | None]:
    """Whose each entry is, by any of the normal forms that it may have as an identity."""
    country = (await organization.current()).country
    forms = {entry: _normal(entry, country) for entry in entries}
    rows = await fetch(_HELD, [form for several in forms.values() for form in several])
    held = {row["normalized"]: row["customer_id"] for row in rows}
    return {entry: next((held[form] for form in forms[entry] if form in held), None) for entry in entries}


def _normal(entry: str, country: str | None) -> list[str]:
    readers: list[Callable[[], str]] = [
        lambda: text.email(entry, field="identities"),
        lambda: text.phone(entry, country=country, field="identities"),
    ]
    found = [entry]
    for read in readers:
        with suppress(CrmError):
            found.append(read())
    return found


async def _by_id(entries: list[str]) -> dict[str, UUID | None]:
    keys: dict[str, UUID] = {}
    for entry in entries:
        try:
            keys[entry] = decode("cus", entry) if entry.startswith("cus_") else UUID(entry)
        except (CrmError, ValueError):
            continue
    there = {row["id"] for row in await fetch(_THERE, list(keys.values()))}
    return {entry: key for entry, key in keys.items() if key in there}


async def _by_name(entry: str, *, named: bool) -> UUID | None:
    """The only customer that the words find."""
    found, values = condition(words(entry), named=named, first=1)
    rows = await fetch(_FOUND.format(found=found), *values) if values else []
    return rows[0]["id"] if len(rows) == 1 else None
