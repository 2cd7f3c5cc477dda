"""Aggregates once more, by plain resolvers: rows put into groups, and figures folded over each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import TYPE_CHECKING, Any

import models
from tests.schema.oracle_values import DEFAULT_ORDERS, TYPES, Special, plain

if TYPE_CHECKING:
    from tests.schema.oracle import Oracle

Key = tuple[str | None, str | None]
"""The value of a group, and its name for people."""

PERIODS = {
    "DAY": lambda at: at.strftime("%Y-%m-%d"),
    "WEEK": lambda at: "{}-W{:02}".format(*at.isocalendar()),
    "MONTH": lambda at: at.strftime("%Y-%m"),
    "QUARTER": lambda at: f"{at.year:04}-Q{(at.month + 2) // 3}",
    "YEAR": lambda at: at.strftime("%Y"),
}


@dataclass
class Group:
    """The rows of one group, and what they have in common."""

    world: Oracle
    keys: list[dict[str, Any]]
    rows: list[Any]
    figures: Sequence[str]

    def field(self, name: str, arguments: dict[str, Any]) -> Any:
        if name == "keys":
            return self.keys
        if name == "count":
            return len(self.rows)
        if name == "figures":
            return [FigureOf(self.world, figure, self.rows) for figure in self.figures]
        figure = arguments.get("of")
        return FigureOf(self.world, figure, self.rows).field(name, arguments) if figure else None


@dataclass
class FigureOf:
    """A figure of the rows of a group."""

    world: Oracle
    name: str
    rows: list[Any]

    def field(self, name: str, arguments: dict[str, Any]) -> Any:
        values = [
            number(found) for row in self.rows if (found := self.world.sort_value(row, self.name.lower())) is not None
        ]
        if name == "of":
            return self.name
        if name == "count":
            return len(values)
        if not values:
            return None
        if name == "percentile":
            return percentile(values, arguments["at"])
        if name == "percentiles":
            return [percentile(values, share) for share in arguments["at"]]
        folds = {"sum": lambda: sum_of(values), "min": lambda: min(values), "max": lambda: max(values),
                 "avg": lambda: mean(values)}  # fmt: skip
        return plain(folds[name]())


def number(value: Any) -> Decimal:
    """As PostgreSQL makes a numeric of it: of a double 15 digits."""
    return Decimal(format(value, ".15g")) if isinstance(value, float) else Decimal(value)


def sum_of(values: list[Decimal]) -> Decimal:
    with localcontext(prec=60):
        return sum(values, Decimal(0))


def percentile(values: list[Decimal], share: float) -> str:
    """Between the two nearest values, in doubles."""
    ordered = sorted(float(value) for value in values)
    place = share * (len(ordered) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    found = low + (place - math.floor(place)) * (high - low) if math.floor(place) != math.ceil(place) else low
    return plain(number(found))


def mean(values: list[Decimal]) -> Decimal:
    """With as many digits as PostgreSQL divides to, then rounded to six."""
    total, count = sum_of(values), Decimal(len(values))
    scale = max(16 - 4 * quotient_weight(total, count), *(-int(value.as_tuple().exponent) for value in values), 0)
    with localcontext(prec=60, rounding=ROUND_HALF_UP):
        return (total / count).quantize(Decimal(1).scaleb(-scale)).quantize(Decimal("0.000001"))


def quotient_weight(total: Decimal, count: Decimal) -> int:
    """Where the first digit, to the base 10,000, of a quotient probably is."""
    (above, first), (below, second) = leading(total), leading(count)
    return above - below - (first <= second)


def leading(value: Decimal) -> tuple[int, int]:
    """The place and the value of the first digit to the base 10,000."""
    if not value:
        return 0, 0
    place = value.copy_abs().adjusted() // 4
    return place, int(value.copy_abs().scaleb(-4 * place))


def groups(world: Oracle, rows: Iterable[Any], kind: str, arguments: dict[str, Any]) -> list[Group]:
    """The rows in groups; who is in several segments counts in each."""
    chosen, figures = arguments.get("groupBy") or [], arguments.get("figures") or ()
    found: dict[tuple[Key, ...], list[Any]] = {} if chosen else {(): []}
    for row in rows:
        for keys in combined([keys_of(world, row, kind, name) for name in chosen]):
            found.setdefault(keys, []).append(row)
    return [Group(world, named(chosen, keys), held, figures) for keys, held in found.items()]


def named(chosen: list[str], keys: tuple[Key, ...]) -> list[dict[str, Any]]:
    """The keys of a group as the schema tells them."""
    return [{"by": by, "value": value, "label": label} for by, (value, label) in zip(chosen, keys, strict=True)]


def combined(choices: list[list[Key]]) -> list[tuple[Key, ...]]:
    made: list[tuple[Key, ...]] = [()]
    for keys in choices:
        made = [(*before, key) for before in made for key in keys]
    return made


def keys_of(world: Oracle, row: Any, kind: str, name: str) -> list[Key]:
    """The groups that a row belongs to."""
    of_customer = kind == "Customer" or "customer_id" in TYPES[kind]._meta.db_fields
    customer = (
        row if kind == "Customer" else world.customer(row.customer_id) if of_customer and row.customer_id else None
    )
    if name in ("STAGE", "SEGMENT") and kind != "Goal":
        return stages(world, customer) if name == "STAGE" else segments(world, customer)
    if name in ("CUSTOMER_COUNTRY", "CUSTOMER_KIND"):
        return [(text(getattr(customer, name.removeprefix("CUSTOMER_").lower())), None)]
    if name in PERIODS:
        return [(period(main_time(row, kind), name), None)]
    field, _, stretch = name.rpartition("_")
    if stretch in ("MONTH", "YEAR"):
        return [(period(world.sort_value(row, field.lower()), stretch), None)]
    return [(text(world.sort_value(row, name.lower())), None)]


def stages(world: Oracle, customer: Any) -> list[Key]:
    (path,) = world.where(models.Lifecycle, is_default=True)
    places = world.where(models.StagePosition, customer_id=customer.id, lifecycle_id=path.id) if customer else []
    found = [world.by_id(models.Stage, place.stage_id) for place in places]
    return [(stage.key, stage.name) for stage in found] or [(None, None)]


def segments(world: Oracle, customer: Any) -> list[Key]:
    stays = world.where(models.SegmentMembership, customer_id=customer.id, exited_at=None) if customer else []
    found = [world.by_id(models.Segment, stay.segment_id) for stay in stays]
    return [(segment.key, segment.name) for segment in found] or [(None, None)]


def main_time(row: Any, kind: str) -> Any:
    if kind == "Customer":
        return row.acquired_at or row.created_at
    return getattr(row, DEFAULT_ORDERS[kind][0][0])


def period(at: datetime | date | None, name: str) -> str | None:
    if at is None:
        return None
    return PERIODS[name](at.astimezone(UTC) if isinstance(at, datetime) else at)


def text(value: Any) -> str | None:
    """A value as PostgreSQL casts it to a text."""
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def grouped(kind: str, rows: Special) -> Special:
    """The root field of the groups of a kind."""
    return lambda world, row, arguments: groups(
        world, world.chosen(rows(world, row, arguments), kind, arguments), kind, arguments
    )
