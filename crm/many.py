"""One change of many records, each for itself: what can be done is done, what cannot is told with its reason."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from crm import costs, customers, followups, interactions, orders, products
from crm.access import Actor, Scope, need
from crm.database import fetch, transaction
from crm.errors import CrmError, NotFound, ValidationFailed
from crm.lifecycle import positions
from crm.segments import static
from models import FollowUpStatus, OrderStatus, Product
from models.base import Versioned

MOST_AT_ONCE = 100


class Verb(StrEnum):
    """What can be done to many records at once."""

    MOVE = "move"
    OWNER = "owner"
    SEGMENT_IN = "segment_in"
    SEGMENT_OUT = "segment_out"
    DONE = "done"
    DROP = "drop"
    CANCEL = "cancel"
    ARCHIVE = "archive"
    RESTORE = "restore"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Asked:
    """By whom, when and towards what; `target` is a stage's key, or an owner's or segment's id."""

    actor: Actor
    now: datetime
    target: str
    reason: str | None

    @property
    def chosen(self) -> UUID:
        try:
            return UUID(self.target)
        except ValueError:
            raise ValidationFailed("Choose what it is to be changed to.", path=("target",)) from None


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done to one record, and the scope it takes."""

    scope: Scope
    do: Callable[[Asked, UUID], Awaitable[Any]]


def _customer(asked: Asked, key: UUID, **fields: Any) -> Awaitable[Any]:
    given: Any = fields
    return customers.update(asked.actor, key, expected_version=None, fields=given, now=asked.now)


def _product(asked: Asked, key: UUID, **fields: Any) -> Awaitable[Any]:
    given: Any = fields
    return products.update(asked.actor, key, expected_version=None, fields=given)


async def _shelve(asked: Asked, key: UUID) -> Any:
    """Archive a product; one that is archived already keeps its day."""
    archived = await Product.exists(id=key, archived_at__isnull=False)
    return await (_product(asked, key) if archived else _product(asked, key, archived_at=asked.now))


def _close(asked: Asked, key: UUID, status: FollowUpStatus) -> Awaitable[Any]:
    return followups.close(asked.actor, key, expected_version=None, now=asked.now, status=status, outcome=asked.reason)


def _cancel(asked: Asked, key: UUID) -> Awaitable[Any]:
    return orders.update(
        asked.actor, key, expected_version=None, fields={"status": OrderStatus.CANCELLED}, now=asked.now
    )


def _assign(asked: Asked, key: UUID) -> Awaitable[Any]:
    return followups.update(asked.actor, key, expected_version=None, fields={"owner_id": asked.chosen}, now=asked.now)


def _gone(delete: Callable[..., Awaitable[Any]]) -> Callable[[Asked, UUID], Awaitable[Any]]:
    return lambda asked, key: delete(asked.actor, key, expected_version=None)


DEEDS: dict[str, dict[Verb, Deed]] = {
    "customer": {
        Verb.MOVE: Deed(
            Scope.STAGE_MOVE,
            lambda asked, key: positions.move(asked.actor, key, to=asked.target, now=asked.now, reason=asked.reason),
        ),
        Verb.OWNER: Deed(Scope.CUSTOMER_WRITE, lambda asked, key: _customer(asked, key, owner_id=asked.chosen)),
        Verb.SEGMENT_IN: Deed(
            Scope.SEGMENT_WRITE, lambda asked, key: static.add(asked.actor, asked.chosen, [key], now=asked.now)
        ),
        Verb.SEGMENT_OUT: Deed(
            Scope.SEGMENT_WRITE, lambda asked, key: static.remove(asked.actor, asked.chosen, [key], now=asked.now)
        ),
        Verb.ARCHIVE: Deed(
            Scope.CUSTOMER_WRITE,
            lambda asked, key: customers.archive(asked.actor, key, expected_version=None, now=asked.now),
        ),
    },
    "order": {
        Verb.CANCEL: Deed(Scope.ORDER_WRITE, _cancel),
        Verb.DELETE: Deed(Scope.ORDER_WRITE, _gone(orders.delete)),
    },
    "product": {
        Verb.ARCHIVE: Deed(Scope.PRODUCT_WRITE, _shelve),
        Verb.RESTORE: Deed(Scope.PRODUCT_WRITE, lambda asked, key: _product(asked, key, archived_at=None)),
        Verb.DELETE: Deed(Scope.PRODUCT_WRITE, _gone(products.delete)),
    },
    "cost_entry": {Verb.DELETE: Deed(Scope.COST_WRITE, _gone(costs.delete))},
    "interaction": {Verb.DELETE: Deed(Scope.INTERACTION_WRITE, _gone(interactions.delete))},
    "follow_up": {
        Verb.DONE: Deed(Scope.INTERACTION_WRITE, lambda asked, key: _close(asked, key, FollowUpStatus.DONE)),
        Verb.DROP: Deed(Scope.INTERACTION_WRITE, lambda asked, key: _close(asked, key, FollowUpStatus.DROPPED)),
        Verb.OWNER: Deed(Scope.INTERACTION_WRITE, _assign),
        Verb.DELETE: Deed(Scope.INTERACTION_WRITE, _gone(followups.delete)),
    },
}
"""Noun → what can be done to many of it; the noun is the name of its table."""

_OF_CUSTOMER = "SELECT t.id, t.version, c.display_name AS name FROM {} t JOIN customer c ON c.id = t.customer_id"
_NAMES = {
    "customer": "SELECT t.id, t.version, t.display_name AS name FROM customer t",
    "product": "SELECT t.id, t.version, t.name FROM product t",
    "follow_up": "SELECT t.id, t.version, t.subject AS name FROM follow_up t",
    "order": _OF_CUSTOMER.format('"order"'),
    "interaction": _OF_CUSTOMER.format("interaction"),
    "cost_entry": _OF_CUSTOMER.format("cost_entry"),
}


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that stays as it is, and why."""

    id: UUID
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Done:
    """How many records were changed, or would be; how many are as they should be already; and which cannot be."""

    changed: int
    unchanged: int
    refused: list[Refused]


class _Undo(Exception):
    """Leaves a dry run so that nothing of it stays."""


async def change(
    actor: Actor,
    verb: Verb,
    ids: Sequence[UUID],
    *,
    noun: str = "customer",
    target: str = "",
    reason: str | None = None,
    now: datetime,
    dry_run: bool = False,
) -> Done:
    """Do one thing to records of a noun, at most MOST_AT_ONCE of them; `target` is a stage's key, an owner's or
    segment's id.

    On a dry run it is done, told, and undone. Raises Forbidden, and ValidationFailed for too many, no target, or what
    cannot be done to this noun.
    """
    deed = DEEDS.get(noun, {}).get(verb)
    if deed is None:
        raise ValidationFailed(f"{verb} cannot be done to many of this.", path=("verb",))
    need(actor, deed.scope)
    if len(ids) > MOST_AT_ONCE:
        raise ValidationFailed(f"Change at most {MOST_AT_ONCE} records in one request.", path=("ids",))
    # Before they change: of what is deleted nothing could be told any more.
    known = {row["id"]: row for row in await fetch(f"{_NAMES[noun]} WHERE t.id = ANY ($1::uuid[])", list(ids))}
    asked, failed, unchanged = Asked(actor, now, target, reason), dict[UUID, CrmError](), 0
    try:
        async with transaction():
            for key in ids:
                outcome = await _attempt(deed, asked, key)
                if isinstance(outcome, CrmError):
                    failed[key] = outcome
                elif key in known and not _made_a_difference(outcome, known[key]["version"]):
                    unchanged += 1
            if dry_run:
                raise _Undo
    except _Undo:
        pass
    # What does not exist for an actor who sees only some has no name either.
    unseen = {key for key, e in failed.items() if actor.row_filter is not None and isinstance(e, NotFound)}
    told = {key: known[key]["name"] for key in failed if key in known and key not in unseen}
    refused = [Refused(key, told.get(key, ""), e.message) for key, e in failed.items()]
    return Done(len(ids) - len(failed) - unchanged, unchanged, refused)


def _made_a_difference(outcome: Any, version: int) -> bool:
    """Whether a deed changed its record: told by a new version, or by who entered or left a segment."""
    if isinstance(outcome, Versioned):
        return outcome.version != version
    return outcome is None or bool(outcome)


async def _attempt(deed: Deed, asked: Asked, key: UUID) -> Any:
    """What came of a deed: the problem where there was one."""
    try:
        async with transaction():
            return await deed.do(asked, key)
    except CrmError as problem:
        return problem
