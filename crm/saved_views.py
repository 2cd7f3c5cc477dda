"""Use cases of a saved view: a list's filters, order and columns under a name, for oneself or for everybody."""

from __future__ import annotations

from typing import TypedDict
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from tortoise.expressions import Q

from crm import audit, changes, text
from crm.access import Actor, ActorKind, Scope, need
from crm.database import transaction
from crm.errors import DuplicateFound, Forbidden, ValidationFailed
from models import SavedView

KEPT = frozenset({"q", "filter", "sort", "cols", "page_size", "who", "noun", "what", "since", "until"})
"""What of a list's address makes the view; the page one was on does not."""

LONGEST = 8_000
MOST = 200
"""Views that one person can have of one list."""


class ViewFields(TypedDict, total=False):
    """What can be said of a saved view; a key that is absent is left as it is."""

    name: str
    query: str
    shared: bool


async def of_list(actor: Actor, noun: str) -> list[SavedView]:
    """One's own views of a list and those that others share, one's own first."""
    person = _person(actor)
    known = SavedView.filter(Q(owner_id=person) | Q(shared=True), noun=noun).select_related("owner")
    return sorted(await known.order_by("name", "id").limit(2 * MOST), key=lambda view: view.owner_id != person)


async def get(actor: Actor, view_id: UUID) -> SavedView:
    """A view that the actor may open. Raises NotFound."""
    found = await changes.get(SavedView, view_id)
    if found.owner_id != _person(actor) and not found.shared:
        raise changes.missing(SavedView, view_id)
    return found


async def create(actor: Actor, *, noun: str, fields: ViewFields) -> SavedView:
    """Keep a view of a list. Raises ValidationFailed, DuplicateFound, Forbidden (the actor is no person)."""
    async with transaction():
        view = SavedView(owner_id=_person(actor), noun=noun, name="", query="")
        if await SavedView.filter(owner_id=view.owner_id, noun=noun).count() >= MOST:
            raise ValidationFailed(f"There are {MOST} views of this list; delete one first.", path=("name",))
        await _apply(view, {"name": "", "query": "", **fields})
        await view.save(force_create=True)
        await audit.record(actor, "view.created", "saved_view", view.id, changes=_told(view))
        return view


async def update(actor: Actor, view_id: UUID, *, expected_version: int | None, fields: ViewFields) -> SavedView:
    """Change a view of one's own, or with `settings:write` a shared one.

    Raises NotFound, VersionConflict, ValidationFailed, DuplicateFound, Forbidden.
    """
    async with transaction():
        view = await _load(actor, view_id, expected_version)
        before = audit.state(view)
        await _apply(view, fields)
        changed = audit.difference(before, audit.state(view))
        if changed:
            view.version += 1
            await view.save()
            await audit.record(actor, "view.updated", "saved_view", view.id, changes=changed)
        return view


async def delete(actor: Actor, view_id: UUID, *, expected_version: int | None) -> None:
    """Delete a view of one's own, or with `settings:write` a shared one. Raises NotFound, Forbidden."""
    async with transaction():
        view = await _load(actor, view_id, expected_version)
        await audit.record(actor, "view.deleted", "saved_view", view.id, changes=_told(view))
        await view.delete()


def kept(query: str) -> str:
    """An address's query without what does not belong to the view, in one form, so that equal views are equal texts."""
    pairs = [(name, value) for name, value in parse_qsl(query.lstrip("?")) if name in KEPT and value]
    return urlencode(sorted(pairs, key=lambda pair: pair[0]))


async def _load(actor: Actor, view_id: UUID, expected_version: int | None) -> SavedView:
    await get(actor, view_id)
    view = await changes.load(SavedView, view_id, expected_version=expected_version)
    if view.owner_id != actor.id:
        need(actor, Scope.SETTINGS_WRITE)
    return view


async def _apply(view: SavedView, fields: ViewFields) -> None:
    if "name" in fields:
        view.name = text.required(fields["name"], field="name", limit=80)
    if "query" in fields:
        view.query = kept(fields["query"])
    view.shared = fields.get("shared", view.shared)
    if len(view.query) > LONGEST:
        raise ValidationFailed(f"The filters are too long to be kept; at most {LONGEST} characters.", path=("query",))
    same = SavedView.filter(owner_id=view.owner_id, noun=view.noun, name=view.name).exclude(id=view.id)
    if await same.exists():
        raise DuplicateFound(f"You have a view '{view.name}' of this list already.", path=("name",))


def _told(view: SavedView) -> dict[str, object]:
    return {"name": view.name, "noun": view.noun, "query": view.query, "shared": view.shared}


def _person(actor: Actor) -> UUID:
    if actor.kind is not ActorKind.STAFF or actor.id is None:
        raise Forbidden("Only a signed-in staff member has views.")
    return actor.id
