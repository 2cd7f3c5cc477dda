"""What rows can be grouped by: kinds and codes, stretches of time, stage and segment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

import strawberry
from strawberry.types.base import get_object_definition
from tortoise import fields
from tortoise.fields.data import CharEnumFieldInstance
from tortoise.models import Model

import models
from crm.access import Scope
from schema.select.kinds import Kind
from schema.select.order import OrderKey
from schema.select.rows import Row, table_of
from schema.select.sorts import sort_keys
from schema.select.types import TABLE, Table

SHORT = 120
"""Texts no longer than this are kinds of something; longer ones are prose, which nobody groups by."""

PERIODS = {"DAY": "YYYY-MM-DD", "WEEK": 'IYYY-"W"IW', "MONTH": "YYYY-MM", "QUARTER": 'YYYY-"Q"Q', "YEAR": "YYYY"}
"""Stretches of time and how each is written; in their order as texts they follow each other in time."""

# Read once per statement, and no text of it: the statement stays the same when the setting changes.
ZONE = f"coalesce((SELECT s.value FROM {table_of(models.OrganizationSetting)} s WHERE s.key = 'time_zone'), 'UTC')"  # noqa: S608


@dataclass(frozen=True)
class Group:
    """What rows can be grouped by: the value of a group, and what has to be joined for it.

    A value that is no text is `written` as one once for each group, not for each row; a value that is the id `of` some
    noun is told by that noun's key and name, which too are looked up once for each group.
    """

    value: Callable[[Row], str]
    join: Callable[[Row], str] | None = None
    scope: Scope | None = None
    written: Callable[[str], str] | None = None
    of: type[Model] | None = None


def beside(row: Row, mark: str, model: type[Model]) -> Row:
    return Row(f"{row.alias_}{mark}", model)


def _customer_of(row: Row) -> str:
    return row.id if row.model_ is models.Customer else row.customer_id


def _stage_join(row: Row) -> str:
    position = beside(row, "gp", models.StagePosition)
    lifecycle = f"(SELECT l.id FROM {table_of(models.Lifecycle)} l WHERE l.is_default)"
    return (
        f" LEFT JOIN {table_of(models.StagePosition)} {position.alias_} ON {position.customer_id} = {_customer_of(row)}"
        f" AND {position.lifecycle_id} = {lifecycle}"
    )


def _segment_join(row: Row) -> str:
    stay = beside(row, "gm", models.SegmentMembership)
    return (
        f" LEFT JOIN {table_of(models.SegmentMembership)} {stay.alias_} ON {stay.customer_id} = {_customer_of(row)}"
        f" AND {stay.exited_at} IS NULL"
    )


def _customer_join(row: Row) -> str:
    customer = beside(row, "gc", models.Customer)
    return f" JOIN {table_of(models.Customer)} {customer.alias_} ON {customer.id} = {row.customer_id}"


STAGE = Group(
    lambda row: beside(row, "gp", models.StagePosition).stage_id, _stage_join, Scope.LIFECYCLE_READ, of=models.Stage
)
SEGMENT = Group(
    lambda row: beside(row, "gm", models.SegmentMembership).segment_id,
    _segment_join,
    Scope.SEGMENT_READ,
    of=models.Segment,
)


def _of_customer(column: str) -> Group:
    return Group(lambda row: getattr(beside(row, "gc", models.Customer), column), _customer_join, Scope.CUSTOMER_READ)


@cache
def groups(node: type) -> dict[str, Group]:
    """What lists of a type can be grouped by, by name."""
    table: Table = getattr(node, TABLE)
    found: dict[str, Group] = {}
    for name, key in sort_keys(node).items():
        if key.kind in (Kind.INSTANT, Kind.DATE):
            found |= {f"{name}_MONTH": _period(key, "MONTH"), f"{name}_YEAR": _period(key, "YEAR")}
        elif _is_kind(table.model, name.lower()):
            found[name] = Group(key.expression, key.join, key.scope)
    main = _main_time(table, sort_keys(node))
    if main is not None:
        found |= {name: _period(main, name) for name in PERIODS}
    if table.model is models.Customer or table.customers == ("customer_id",):
        found |= {"STAGE": STAGE, "SEGMENT": SEGMENT}
    if table.customers == ("customer_id",) and not table.optional:
        found |= {"CUSTOMER_COUNTRY": _of_customer("country"), "CUSTOMER_KIND": _of_customer("kind")}
    return found


def _main_time(table: Table, keys: dict[str, OrderKey]) -> OrderKey | None:
    """The time that people mean by "by month": of customers when they were won, else what lists are ordered by."""
    if table.model is models.Customer:
        return OrderKey("", Kind.INSTANT, False, lambda row: f"coalesce({row.acquired_at}, {row.created_at})")
    first = keys.get(table.order[0].name.upper()) if table.order else None
    return first if first is not None and first.kind in (Kind.INSTANT, Kind.DATE) else None


def _period(key: OrderKey, name: str) -> Group:
    at = "::timestamp" if key.kind is Kind.DATE else f" AT TIME ZONE {ZONE}"
    return Group(
        value=lambda row: f"date_trunc('{name.lower()}', ({key.expression(row)}){at})",
        join=key.join,
        scope=key.scope,
        written=lambda value: f"to_char({value}, '{PERIODS[name]}')",
    )


def _is_kind(model: type[Model], name: str) -> bool:
    column = model._meta.fields_map.get(name)
    if name not in model._meta.db_fields:
        column = models.ValueSnapshot._meta.fields_map.get(name)
    if isinstance(column, fields.CharField):
        return column.max_length <= SHORT
    return isinstance(column, CharEnumFieldInstance | fields.BooleanField | fields.SmallIntField)


@cache
def group_enum(node: type) -> Any:
    """The choices of `groupBy` for lists of a type."""
    name = get_object_definition(node, strict=True).name
    made: Any = Enum(f"{name}Group", {key: key for key in groups(node)})  # type: ignore[misc]
    said = f"What {name} lists can be grouped by; days and months are those of the organisation's time zone."
    main = _main_name(getattr(node, TABLE), sort_keys(node))
    return strawberry.enum(made, description=f"{said}{f' DAY to YEAR are those of {main}.' if main else ''}")


def _main_name(table: Table, keys: dict[str, OrderKey]) -> str | None:
    """The time that DAY to YEAR are of, as clients know it."""
    if table.model is models.Customer:
        return "`acquiredAt`, or `createdAt` where that is null"
    first, *others = table.order[0].name.split("_") if table.order else [""]
    return f"`{first}{''.join(map(str.capitalize, others))}`" if _main_time(table, keys) else None
