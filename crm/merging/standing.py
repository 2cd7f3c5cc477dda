"""Where customers who become one stand in the lifecycles: one history goes on, so that it can still be replayed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from crm.access import Actor
from crm.lifecycle import positions
from models import Stage, StagePosition, StageTransition


async def move(actor: Actor, survivor_id: UUID, absorbed: Sequence[UUID], *, furthest: bool, now: datetime) -> int:
    """Give the survivor the positions, with their histories, in lifecycles that it is not in; how many.

    Where it is in one, its own history goes on and the other's stays with the absorbed customer. With `furthest` it
    moves on, by the cause MERGED, to the stage of whoever had come the furthest.
    """
    own = {place.lifecycle_id: place for place in await _locked([survivor_id])}
    moved = 0
    for place in await _locked(absorbed):
        mine = own.get(place.lifecycle_id)
        if mine is None:
            await _take(place, survivor_id)
            own[place.lifecycle_id] = place
            moved += 1
            continue
        await place.delete()
        if furthest:
            await _advance(actor, mine, place, now)
    return moved


async def _locked(customers: Sequence[UUID]) -> list[StagePosition]:
    return await StagePosition.filter(customer_id__in=list(customers)).order_by("id").select_for_update()


async def _take(place: StagePosition, survivor_id: UUID) -> None:
    history = StageTransition.filter(customer_id=place.customer_id, lifecycle_id=place.lifecycle_id)
    await history.update(customer_id=survivor_id)
    place.customer_id = survivor_id
    await place.save(update_fields=["customer_id", "updated_at"])


async def _advance(actor: Actor, mine: StagePosition, other: StagePosition, now: datetime) -> None:
    here, there = await Stage.get(id=mine.stage_id), await Stage.get(id=other.stage_id)
    if there.position > here.position:
        await positions.merged_on(actor, mine, here, there, now=now)
