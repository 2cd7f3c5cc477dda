"""What plain resolvers are made of: which tables there are, pages, and values as JSON has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import models
from crm.ids import PREFIXES

if TYPE_CHECKING:
    from tests.schema.oracle import Oracle

DEFAULT_ORDERS: dict[str, list[tuple[str, bool]]] = {
    "Customer": [("sort_name", False)],
    "Order": [("placed_at", True)],
    "OrderLine": [("position", False)],
    "Interaction": [("occurred_at", True)],
    "FollowUp": [("due_at", False)],
    "CostEntry": [("occurred_at", True)],
    "Product": [("name", False)],
    "Segment": [("name", False)],
    "SegmentMembership": [("entered_at", True)],
    "Lifecycle": [("name", False)],
    "LifecycleRevision": [("number", True)],
    "Goal": [("due_on", False)],
    "StageTransition": [("occurred_at", True)],
    "StaffMember": [("name", False)],
    "Role": [("name", False)],
    "ApiToken": [("created_at", True)],
    "WebhookEndpoint": [("name", False)],
    "WebhookDelivery": [("created_at", True)],
    "Event": [("created_at", True)],
    "AuditEntry": [("created_at", True)],
    "ImportRun": [("created_at", True)],
    "FieldDefinition": [("position", False)],
    "StrategicDesignation": [("proposed_at", True)],
    "ValueRun": [("as_of", True)],
    "ValueMetrics": [("as_of", True)],
    "Relationship": [],
    "GoalMeasurement": [],
    "ExchangeRate": [("day", True)],
}

TYPES: dict[str, type[models.Record]] = {
    name: getattr(models, {"ValueMetrics": "ValueSnapshot"}.get(name, name))
    for name in (*DEFAULT_ORDERS, "Identity", "Stage", "StageEdge", "StagePosition", "SegmentVersion")
}
NAMES = {model: name for name, model in TYPES.items()}


@dataclass
class Page:
    """A connection, ready to be asked."""

    nodes: list[Any]
    total: int
    before: bool
    after: bool
    rows: list[Any] = field(default_factory=list)
    kind: str = ""
    start: int = 0
    """How many rows of the list precede the page."""


CAP = 7
"""How far rows are counted where nobody asks for the exact number; far less than the product's own bound."""


def cut(rows: list[Any], kind: str, arguments: dict[str, Any]) -> Page:
    """The page of an ordered list that the arguments ask for; a cursor holds the place of its row."""
    first, last = arguments.get("first"), arguments.get("last")
    after, before = (place_of(arguments.get(name)) for name in ("after", "before"))
    start = 0 if after is None else after + 1
    between = rows[start : max(start, len(rows) if before is None else before)]
    if last is not None:
        nodes, more = between[-last:], len(between) > last
        start += len(between) - len(nodes)
        return Page(nodes, len(rows), more or after is not None, before is not None, rows, kind, start)
    nodes = between[: first or 20]
    return Page(nodes, len(rows), after is not None, len(between) > len(nodes) or before is not None, rows, kind, start)


def cursor_of(place: int) -> str:
    return f"WyJ{place}"


def place_of(cursor: str | None) -> int | None:
    return None if cursor is None else int(cursor.removeprefix("WyJ"))


@dataclass
class Entry:
    """An entry of a timeline: the row that it tells of, and when, whose and what it is."""

    kind: str
    at: datetime
    row: Any
    customer: Any


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def wire(value: Any, owner: Any = None, name: str = "") -> Any:
    """A value of Python as JSON has it."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, UUID):
        return f"{PREFIXES[owner._meta.db_table]}_{value}"
    return value.value if isinstance(value, Enum) else value


def plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def money(amount: Decimal | None, currency: str | None) -> dict[str, Any] | None:
    return None if amount is None else {"amount": plain(amount), "currency": currency}


Special = Callable[["Oracle", Any, dict[str, Any]], Any]
"""Resolves one field of a row with its arguments."""
