"""Filters and searches that documents may hold, each with what it means."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import models
from tests.schema.oracle_windows import OF_INTERACTIONS, OF_ORDERS, of_customers

if TYPE_CHECKING:
    from tests.schema.oracle import Oracle

MARCH = datetime(2024, 3, 1, tzinfo=UTC)
WHERES: dict[str, list[tuple[dict[str, Any], Callable[[Oracle, Any], bool]]]] = {
    "Customer": [
        ({"country": {"eq": "IR"}}, lambda world, row: row.country == "IR"),
        ({"NOT": {"country": {"in": ["IR", "DE"]}}}, lambda world, row: row.country not in ("IR", "DE")),
        ({"kind": {"eq": "PERSON"}}, lambda world, row: row.kind == "PERSON"),
        ({"birthday": {"isEmpty": True}}, lambda world, row: row.birthday is None),
        ({"orders": {"count": {"gte": 2}}}, lambda world, row: len(world.where(models.Order, customer_id=row.id)) >= 2),
        (
            {"OR": [{"orders": {"none": {}}}, {"country": {"eq": "DE"}}]},
            lambda world, row: not world.where(models.Order, customer_id=row.id) or row.country == "DE",
        ),
        (
            {"orders": {"some": {"status": {"eq": "COMPLETED"}, "lines": {"some": {}}}}},
            lambda world, row: any(
                order.status == "COMPLETED" and world.where(models.OrderLine, order_id=order.id)
                for order in world.where(models.Order, customer_id=row.id)
            ),
        ),
        (
            {"orders": {"every": {"status": {"in": ["COMPLETED", "PLACED"]}}}, "birthday": {"isEmpty": False}},
            lambda world, row: (
                row.birthday is not None
                and all(
                    order.status in ("COMPLETED", "PLACED") for order in world.where(models.Order, customer_id=row.id)
                )
            ),
        ),
        (
            {"NOT": {"orders": {"max": {"field": "baseAmount", "gt": "0"}}}},
            lambda world, row: (
                not any(order.base_amount > 0 for order in world.where(models.Order, customer_id=row.id))
            ),
        ),
        (
            {"valueMetrics": {"clv": {"gte": "0"}}},
            lambda world, row: (
                (metrics := world.current(row)) is not None and metrics.clv is not None and metrics.clv >= 0
            ),
        ),
        (
            {"AND": [{"createdAt": {"lt": "2024-03-01T00:00:00Z"}}, {"NOT": {"kind": {"eq": "PERSON"}}}]},
            lambda world, row: row.created_at < MARCH and row.kind != "PERSON",
        ),
        ({"language": {"ne": "fa"}}, lambda world, row: row.language != "fa"),
        *of_customers("seg15"),
    ],
    "Order": [
        ({"status": {"in": ["COMPLETED", "PLACED"]}}, lambda world, row: row.status in ("COMPLETED", "PLACED")),
        ({"customer": {"country": {"eq": "IR"}}}, lambda world, row: world.customer(row.customer_id).country == "IR"),
        *OF_ORDERS,
    ],
    "Interaction": [
        ({"rating": {"gte": "5"}}, lambda world, row: row.rating is not None and row.rating >= 5),
        (
            {"OR": [{"channel": {"eq": "PHONE"}}, {"customer": {"kind": {"eq": "PERSON"}}}]},
            lambda world, row: row.channel == "PHONE" or world.customer(row.customer_id).kind == "PERSON",
        ),
        *OF_INTERACTIONS,
    ],
    "FollowUp": [
        ({"status": {"ne": "DONE"}}, lambda world, row: row.status != "DONE"),
        ({"dueAt": {"gte": "2024-03-01T00:00:00Z"}}, lambda world, row: row.due_at >= MARCH),
    ],
    "CostEntry": [
        ({"activity": {"notIn": ["VISIT", "CALL"]}}, lambda world, row: row.activity not in ("VISIT", "CALL")),
        ({"baseAmount": {"between": ["0", "100"]}}, lambda world, row: 0 <= row.base_amount <= 100),
    ],
    "Product": [({"category": {"isEmpty": True}}, lambda world, row: row.category is None)],
}
"""Filters, with what they mean."""


def holds(world: Oracle, kind: str, rule: dict[str, Any], row: Any) -> bool:
    """Whether a row fits a filter of those above, or one put together of them."""
    known = next((test for one, test in WHERES[kind] if one == rule), None)
    if known:
        return known(world, row)
    ((joined, parts),) = rule.items()
    if joined == "NOT":
        return not holds(world, kind, parts, row)
    return {"AND": all, "OR": any}[joined](holds(world, kind, part, row) for part in parts)


SEARCHES = ["علی", "رضا", "李小", "zoe", "Zoë", "emoji fox", "quo te", "line tab", "a", "nobody"]
NEAR = 0.6
"""What pg_trgm calls similar enough unless told otherwise."""


def sought(text: str, row: Any) -> bool:
    """Whether a customer has words that begin with all those sought, or is written nearly like it."""
    found = re.findall(r"\w+", row.search_text)
    wanted = re.findall(r"\w+", normal(text))
    return all(any(word.startswith(one) for word in found) for one in wanted) or (
        nearness(normal(text), row.search_text) >= NEAR
    )


def normal(text: str) -> str:
    return {"Zoë": "zoe"}.get(text, text)


def trigrams(text: str) -> list[str]:
    padded = [f"  {word} " for word in re.findall(r"\w+", text)]
    return [word[place : place + 3] for word in padded for place in range(len(word) - 2)]


def nearness(text: str, other: str) -> float:
    """pg_trgm's word_similarity: the most that a stretch of the other's trigrams has in common with the text's."""
    mine, theirs = set(trigrams(text)), trigrams(other)
    stretches = (set(theirs[start:end]) for start in range(len(theirs)) for end in range(start + 1, len(theirs) + 1))
    return max((len(mine & stretch) / len(mine | stretch) for stretch in stretches), default=0.0)
