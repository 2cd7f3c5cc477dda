"""The timeline once more, by plain resolvers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import models
from tests.schema.oracle_values import Entry, Page, cut, wire

if TYPE_CHECKING:
    from tests.schema.oracle import Oracle

ENTRY_TYPES = {
    "INTERACTION": "InteractionEntry",
    "NOTE": "InteractionEntry",
    "ORDER": "OrderEntry",
    "STAGE_MOVE": "StageMoveEntry",
    "SEGMENT_ENTRY": "MembershipEntry",
    "SEGMENT_EXIT": "MembershipEntry",
    "IDENTITY_CHANGE": "IdentityEntry",
    "RELATIONSHIP": "RelationshipEntry",
    "FOLLOW_UP": "FollowUpEntry",
}


def actor(world: Oracle, row: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    prefix = {"STAFF": "stf", "TOKEN": "tok"}.get(row.actor_kind)
    key = f"{prefix}_{row.actor_id}" if prefix and row.actor_id else None
    return {"kind": row.actor_kind, "id": key, "label": row.actor_label}


def entry_field(world: Oracle, entry: Entry, name: str) -> Any:
    common = {"kind": entry.kind, "at": wire(entry.at), "customer": entry.customer, "actor": None}
    if name == "actor":
        return actor(world, entry.row, {})
    if name == "added":
        return entry.row.type == "identity.added"
    return common.get(name, entry.row)


def timeline(world: Oracle, row: Any, arguments: dict[str, Any]) -> Page:
    made = [
        *((("NOTE" if one.kind == "NOTE" else "INTERACTION"), one.occurred_at, one)
          for one in world.where(models.Interaction, customer_id=row.id)),
        *(("ORDER", one.placed_at, one) for one in world.where(models.Order, customer_id=row.id)),
        *(("STAGE_MOVE", one.occurred_at, one) for one in world.where(models.StageTransition, customer_id=row.id)),
        *(("SEGMENT_ENTRY", one.entered_at, one) for one in world.where(models.SegmentMembership, customer_id=row.id)),
        *(("SEGMENT_EXIT", one.exited_at, one) for one in world.where(models.SegmentMembership, customer_id=row.id)
          if one.exited_at),
        *(("IDENTITY_CHANGE", one.created_at, one) for one in world.where(models.Event, customer_id=row.id)
          if one.type.startswith("identity.")),
        *(("FOLLOW_UP", one.due_at, one) for one in world.where(models.FollowUp, customer_id=row.id)),
        *(("RELATIONSHIP", one.created_at, one) for one in world.rows[models.Relationship]
          if row.id in (one.customer_id, one.related_id)),
    ]  # fmt: skip
    at = {name: datetime.fromisoformat(arguments[name]) for name in ("since", "until") if arguments.get(name)}
    kept = [Entry(*each, row) for each in made if at.get("since", each[1]) <= each[1] < at.get("until", FAR)]
    wanted = arguments.get("kinds")
    kept = [each for each in kept if wanted is None or each.kind in wanted]
    kept.sort(key=lambda each: (each.at, each.row.id, each.kind), reverse=True)
    return cut(kept, "", arguments)


FAR = datetime(9000, 1, 1, tzinfo=UTC)
