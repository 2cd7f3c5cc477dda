"""One change of many customers, each for itself: what can be done is done, what cannot is told with its reason."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from crm import customers
from crm.access import Actor, Scope, need
from crm.database import fetch, transaction
from crm.errors import CrmError, ValidationFailed
from crm.lifecycle import positions
from crm.segments import static

MOST_AT_ONCE = 100


class Verb(StrEnum):
    """What can be done to many customers at once."""

    MOVE = "move"
    OWNER = "owner"
    SEGMENT_IN = "segment_in"
    SEGMENT_OUT = "segment_out"
    ARCHIVE = "archive"


NEEDED: dict[Verb, Scope] = {
    Verb.MOVE: Scope.STAGE_MOVE,
    Verb.OWNER: Scope.CUSTOMER_WRITE,
    Verb.SEGMENT_IN: Scope.SEGMENT_WRITE,
    Verb.SEGMENT_OUT: Scope.SEGMENT_WRITE,
    Verb.ARCHIVE: Scope.CUSTOMER_WRITE,
}


@dataclass(frozen=True, slots=True)
class Refused:
    """A customer that stays as it is, and why."""

    id: UUID
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Done:
    """How many customers were changed, or would be, and which not."""

    changed: int
    refused: list[Refused]


class _Undo(Exception):
    """Leaves a dry run so that nothing of it stays."""


async def change(
    actor: Actor,
    verb: Verb,
    customer_ids: Sequence[UUID],
    *,
    target: str = "",
    reason: str | None = None,
    now: datetime,
    dry_run: bool = False,
) -> Done:
    """Do one thing to customers, at most MOST_AT_ONCE of them; `target` is a stage's key, an owner's or segment's id.

    On a dry run it is done, told, and undone. Raises Forbidden, and ValidationFailed for too many or no target.
    """
    need(actor, NEEDED[verb])
    if len(customer_ids) > MOST_AT_ONCE:
        raise ValidationFailed(f"Change at most {MOST_AT_ONCE} customers in one request.", path=("ids",))
    one = _one(actor, verb, target, reason, now)
    failed: dict[UUID, CrmError] = {}
    try:
        async with transaction():
            for key in customer_ids:
                if problem := await _attempt(one, key):
                    failed[key] = problem
            if dry_run:
                raise _Undo
    except _Undo:
        pass
    names = {row["id"]: row["display_name"] for row in await fetch(_NAMES, list(failed))}
    refused = [Refused(key, names.get(key, ""), problem.message) for key, problem in failed.items()]
    return Done(len(customer_ids) - len(failed), refused)


_NAMES = "SELECT id, display_name FROM customer WHERE id = ANY ($1::uuid[])"


async def _attempt(one: Callable[[UUID], Awaitable[Any]], key: UUID) -> CrmError | None:
    try:
        async with transaction():
            await one(key)
    except CrmError as problem:
        return problem
    return None


def _one(actor: Actor, verb: Verb, target: str, reason: str | None, now: datetime) -> Callable[[UUID], Awaitable[Any]]:
    if verb is Verb.MOVE:
        return lambda key: positions.move(actor, key, to=target, now=now, reason=reason)
    if verb is Verb.ARCHIVE:
        return lambda key: customers.archive(actor, key, expected_version=None, now=now)
    chosen = _id(target)
    if verb is Verb.OWNER:
        fields: Any = {"owner_id": chosen}
        return lambda key: customers.update(actor, key, expected_version=None, fields=fields, now=now)
    into = static.add if verb is Verb.SEGMENT_IN else static.remove
    return lambda key: into(actor, chosen, [key], now=now)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ValidationFailed("Choose what it is to be changed to.", path=("target",)) from None
