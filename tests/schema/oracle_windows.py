"""Filters of documents that look at stretches of time, each with what it means."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import models
from tests.factories import NOW

if TYPE_CHECKING:
    from tests.schema.oracle import Oracle

Holds = Callable[["Oracle", Any], bool]

LAST = {"last": 994, "unit": "DAY"}
"""Parts the days of the generated organisation into two halves."""
BEGIN = NOW - timedelta(days=994)
DAY = {"from": "2024-02-29", "to": "2024-03-01"}
FIRST_OF_MARCH = datetime(2024, 3, 1, tzinfo=UTC)


def recent(at: datetime | None) -> bool:
    return at is not None and BEGIN <= at <= NOW


def on_leap_day(at: datetime) -> bool:
    return FIRST_OF_MARCH - timedelta(days=1) <= at < FIRST_OF_MARCH


def orders(world: Oracle, row: Any, held: Callable[[datetime], bool] = recent) -> list[Any]:
    return [order for order in world.where(models.Order, customer_id=row.id) if held(order.placed_at)]


def interactions(world: Oracle, row: Any) -> list[Any]:
    found = world.where(models.Interaction, customer_id=row.id)
    return [one for one in found if recent(one.occurred_at)]


def spent(world: Oracle, row: Any) -> Decimal:
    return sum((order.base_amount for order in orders(world, row)), Decimal(0))


def stays(world: Oracle, row: Any, key: str) -> list[Any]:
    (segment,) = world.where(models.Segment, key=key)
    return world.where(models.SegmentMembership, customer_id=row.id, segment_id=segment.id)


def inside(stay: Any, at: datetime) -> bool:
    return bool(stay.entered_at <= at and (stay.exited_at is None or stay.exited_at > at))


def place(world: Oracle, row: Any) -> Any:
    (path,) = world.where(models.Lifecycle, is_default=True)
    found = world.where(models.StagePosition, customer_id=row.id, lifecycle_id=path.id)
    return next(iter(found), None)


def of_customers(segment: str) -> list[tuple[dict[str, Any], Holds]]:
    return [
        (
            {"orders": {"count": {"gte": 2}, "window": LAST}},
            lambda world, row: len(orders(world, row)) >= 2,
        ),
        (
            {"orders": {"count": {"eq": 0, "where": {"status": {"eq": "PLACED"}}}, "window": LAST}},
            lambda world, row: not [one for one in orders(world, row) if one.status == "PLACED"],
        ),
        (
            {"orders": {"sum": {"field": "baseAmount", "gt": "10.5"}, "window": LAST}},
            lambda world, row: spent(world, row) > Decimal("10.5"),
        ),
        ({"orders": {"none": {}, "window": DAY}}, lambda world, row: not orders(world, row, on_leap_day)),
        (
            {"orders": {"some": {"status": {"eq": "COMPLETED"}}, "window": DAY}},
            lambda world, row: any(one.status == "COMPLETED" for one in orders(world, row, on_leap_day)),
        ),
        (
            {"interactions": {"every": {"channel": {"eq": "PHONE"}}, "window": LAST}},
            lambda world, row: all(one.channel == "PHONE" for one in interactions(world, row)),
        ),
        ({"acquiredAt": {"within": LAST}}, lambda world, row: recent(row.acquired_at)),
        ({"acquiredAt": {"lt": {"ago": 994, "unit": "DAY"}}},
         lambda world, row: row.acquired_at is not None and row.acquired_at < BEGIN),
        ({"createdAt": {"within": {"this": "YEAR"}}}, lambda world, row: row.created_at.year == NOW.year),
        ({"createdAt": {"within": DAY}}, lambda world, row: on_leap_day(row.created_at)),
        (
            {"segment": {"key": segment}},
            lambda world, row: any(stay.exited_at is None for stay in stays(world, row, segment)),
        ),
        ({"segment": {"key": segment, "ever": True}}, lambda world, row: bool(stays(world, row, segment))),
        (
            {"segment": {"key": segment, "at": "2024-03-01T00:00:00Z"}},
            lambda world, row: any(inside(stay, FIRST_OF_MARCH) for stay in stays(world, row, segment)),
        ),
        (
            {"segment": {"key": segment, "entered": DAY}},
            lambda world, row: any(on_leap_day(stay.entered_at) for stay in stays(world, row, segment)),
        ),
        (
            {"stageSince": {"within": LAST}},
            lambda world, row: (found := place(world, row)) is not None and recent(found.entered_at),
        ),
        (
            {"timeInStage": {"gt": {"span": 994, "unit": "DAY"}}},
            lambda world, row: (found := place(world, row)) is not None and found.entered_at < BEGIN,
        ),
    ]  # fmt: skip


OF_ORDERS: list[tuple[dict[str, Any], Holds]] = [
    ({"placedAt": {"within": LAST}}, lambda world, row: recent(row.placed_at)),
    (
        {"customer": {"orders": {"count": {"gte": 3}, "window": LAST}}},
        lambda world, row: len(orders(world, world.customer(row.customer_id))) >= 3,
    ),
]
OF_INTERACTIONS: list[tuple[dict[str, Any], Holds]] = [
    ({"occurredAt": {"within": DAY}}, lambda world, row: on_leap_day(row.occurred_at)),
]
