"""Groups of the rows of a list, with counts and figures: what a chart needs, in one statement."""

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
from crm.errors import ValidationFailed
from schema.select.inputs import Input
from schema.select.kinds import Kind, written
from schema.select.order import OrderKey
from schema.select.render import Ask, Located, Render
from schema.select.rows import Row, table_of
from schema.select.selection import Selected
from schema.select.sorts import sort_keys
from schema.select.sources import built
from schema.select.types import TABLE, Table

MAX_GROUPS = 1_000
MAX_KEYS = 4
MAX_FIGURES = 8
COST = 20
NUMERIC = (Kind.DECIMAL, Kind.INT, Kind.FLOAT)
SHORT = 120
"""Texts no longer than this are kinds of something; longer ones are prose, which nobody groups by."""


@dataclass(frozen=True)
class Group:
    """What rows can be grouped by: the value of a group, its name for people, and what has to be joined."""

    value: Callable[[Row], str]
    label: Callable[[Row], str] | None = None
    join: Callable[[Row], str] | None = None
    scope: Scope | None = None


def _beside(row: Row, mark: str, model: type[Model]) -> Row:
    return Row(f"{row.alias_}{mark}", model)


def _customer_of(row: Row) -> str:
    return row.id if row.model_ is models.Customer else row.customer_id


def _stage_join(row: Row) -> str:
    position, stage = _beside(row, "gp", models.StagePosition), _beside(row, "gs", models.Stage)
    lifecycle = f"(SELECT l.id FROM {table_of(models.Lifecycle)} l WHERE l.is_default)"
    return (
        f" LEFT JOIN {table_of(models.StagePosition)} {position.alias_} ON {position.customer_id} = {_customer_of(row)}"
        f" AND {position.lifecycle_id} = {lifecycle}"
        f" LEFT JOIN {table_of(models.Stage)} {stage.alias_} ON {stage.id} = {position.stage_id}"
    )


def _segment_join(row: Row) -> str:
    stay, segment = _beside(row, "gm", models.SegmentMembership), _beside(row, "gg", models.Segment)
    return (
        f" LEFT JOIN {table_of(models.SegmentMembership)} {stay.alias_} ON {stay.customer_id} = {_customer_of(row)}"
        f" AND {stay.exited_at} IS NULL"
        f" LEFT JOIN {table_of(models.Segment)} {segment.alias_} ON {segment.id} = {stay.segment_id}"
    )


def _customer_join(row: Row) -> str:
    customer = _beside(row, "gc", models.Customer)
    return f" JOIN {table_of(models.Customer)} {customer.alias_} ON {customer.id} = {row.customer_id}"


STAGE = Group(
    lambda row: _beside(row, "gs", models.Stage).key,
    lambda row: _beside(row, "gs", models.Stage).name,
    _stage_join,
    Scope.LIFECYCLE_READ,
)
SEGMENT = Group(
    lambda row: _beside(row, "gg", models.Segment).key,
    lambda row: _beside(row, "gg", models.Segment).name,
    _segment_join,
    Scope.SEGMENT_READ,
)


def _of_customer(column: str) -> Group:
    return Group(
        lambda row: getattr(_beside(row, "gc", models.Customer), column), None, _customer_join, Scope.CUSTOMER_READ
    )


@cache
def groups(node: type) -> dict[str, Group]:
    """What lists of a type can be grouped by: kinds and codes, months and years, stage and segment."""
    table: Table = getattr(node, TABLE)
    found: dict[str, Group] = {}
    for name, key in sort_keys(node).items():
        if key.kind in (Kind.INSTANT, Kind.DATE):
            found |= {f"{name}_MONTH": _period(key, "YYYY-MM"), f"{name}_YEAR": _period(key, "YYYY")}
        elif _is_kind(table.model, name.lower()):
            found[name] = Group(key.expression, None, key.join, key.scope)
    if table.model is models.Customer or table.customers == ("customer_id",):
        found |= {"STAGE": STAGE, "SEGMENT": SEGMENT}
    if table.customers == ("customer_id",) and not table.optional:
        found |= {"CUSTOMER_COUNTRY": _of_customer("country"), "CUSTOMER_KIND": _of_customer("kind")}
    return found


def _period(key: OrderKey, form: str) -> Group:
    at = "" if key.kind is Kind.DATE else " AT TIME ZONE 'UTC'"
    return Group(lambda row: f"to_char({key.expression(row)}{at}, '{form}')", None, key.join, key.scope)


def _is_kind(model: type[Model], name: str) -> bool:
    column = model._meta.fields_map.get(name)
    if name not in model._meta.db_fields:
        column = models.ValueSnapshot._meta.fields_map.get(name)
    if isinstance(column, fields.CharField):
        return column.max_length <= SHORT
    return isinstance(column, CharEnumFieldInstance | fields.BooleanField | fields.SmallIntField)


@cache
def group_enum(node: type) -> Any:
    name = get_object_definition(node, strict=True).name
    made: Any = Enum(f"{name}Group", {key: key for key in groups(node)})  # type: ignore[misc]
    return strawberry.enum(made, description=f"What {name} lists can be grouped by.")


def figures(node: type) -> list[str]:
    return [key for key, found in sort_keys(node).items() if found.kind in NUMERIC]


@cache
def figure_enum(node: type) -> Any:
    name = get_object_definition(node, strict=True).name
    made: Any = Enum(f"{name}Figure", {key: key for key in figures(node)})  # type: ignore[misc]
    return strawberry.enum(made, description=f"The figures of {name} rows.")


GROUP_BY = Input(
    "group_by",
    made=lambda node: list[group_enum(node)] | None if groups(node) else None,  # type: ignore[misc]
    description="Up to four things; without any, all rows are one group.",
)
FIGURES = Input(
    "figures",
    made=lambda node: list[figure_enum(node)] | None if figures(node) else None,  # type: ignore[misc]
    description="What to sum up, up to eight figures.",
)
AT = Input("at", float, "Which percentile, from 0 to 1: 0.5 is the median.")

FOLDS: dict[str, str] = {
    "count": "count({x})",
    "sum": "sum({x})",
    "avg": "round(avg({x}), 6)",
    "min": "min({x})",
    "max": "max({x})",
}


class Grouping:
    """The SQL of one `aggregate` of a connection."""

    def __init__(self, ask: Ask, node: type, row: Row) -> None:
        self.ask = ask
        self.render: Render = ask.render
        self.node = node
        self.row = row
        self.joins: dict[str, None] = {}
        self.folds: list[str] = []
        self.figures: list[str] = [entry.value for entry in ask.value("figures") or ()]

    def sql(self, source: str, joins: str, where: list[str]) -> str:
        """Fold the rows of a FROM with its joins and conditions."""
        chosen = [entry.value for entry in self.ask.value("groupBy") or ()]
        if len(chosen) > MAX_KEYS or len(self.figures) > MAX_FIGURES:
            raise ValidationFailed(
                f"Rows are grouped by at most {MAX_KEYS} things, with at most {MAX_FIGURES} figures.", path=("groupBy",)
            )
        self.render.charge(COST)
        keys = [self.key(number, name) for number, name in enumerate(chosen)]
        columns = [f'{self.column(entry, chosen)} AS "{entry.key}"' for entry in self.ask.selected.children]
        inner = ", ".join(["count(*) AS n", *keys, *self.folds])
        condition = f" WHERE {' AND '.join(where)}" if where else ""
        places = ", ".join(f"k{number}, l{number}" for number in range(len(chosen)))
        grouped = f" GROUP BY {places} ORDER BY count(*) DESC, {places}" if chosen else ""
        folded = f"SELECT {inner} FROM {source}{joins}{''.join(self.joins)}{condition}{grouped} LIMIT {MAX_GROUPS}"
        return (
            f'(SELECT coalesce(json_agg("{{}}"), \'[]\') FROM (SELECT {", ".join(columns)} FROM ({folded}) g) "{{}}")'
        )

    def key(self, number: int, name: str) -> str:
        group = groups(self.node)[name]
        self.render.need(group.scope, self.ask.selected)
        if group.join:
            self.joins.setdefault(group.join(self.row))
        label = group.label(self.row) if group.label else "NULL::text"
        return f"({group.value(self.row)})::text AS k{number}, {label} AS l{number}"

    def column(self, entry: Selected, chosen: list[str]) -> str:
        if entry.name == "count":
            return "g.n"
        if entry.name == "keys":
            return _array([self.key_object(entry, number, name) for number, name in enumerate(chosen)])
        if entry.name == "figures":
            return _array([self.figure(entry, name) for name in self.figures])
        return "'Aggregate'::text"

    def key_object(self, entry: Selected, number: int, name: str) -> str:
        parts = {"by": f"'{name}'::text", "value": f"g.k{number}", "label": f"g.l{number}"}
        parts["__typename"] = "'GroupKey'::text"
        return built(f'{parts[part.name]} AS "{part.key}"' for part in entry.children)

    def figure(self, entry: Selected, name: str) -> str:
        key = sort_keys(self.node)[name]
        self.render.need(key.scope, self.ask.selected)
        if key.join:
            self.joins.setdefault(key.join(self.row))
        value = f"({key.expression(self.row)})::numeric"
        parts = {"of": f"'{name}'::text", "__typename": "'Figure'::text"}
        return built(f'{parts.get(part.name) or self.fold(part, value)} AS "{part.key}"' for part in entry.children)

    def fold(self, part: Selected, value: str) -> str:
        """One number over the rows of a group, folded inside and written outside."""
        made = FOLDS[part.name].format(x=value) if part.name in FOLDS else self.percentile(part, value)
        self.folds.append(f"{made} AS f{len(self.folds)}")
        folded = f"g.f{len(self.folds) - 1}"
        return folded if part.name == "count" else written(Kind.DECIMAL, folded)

    def percentile(self, part: Selected, value: str) -> str:
        at = Ask(self.render, part).value("at")
        if not 0 <= at <= 1:
            raise Located(ValidationFailed(f"'at' is {at}; a percentile is from 0 to 1.", path=("at",)), part)
        share = self.render.bind(float(at), "float8")
        return f"(percentile_cont({share}) WITHIN GROUP (ORDER BY ({value})::float8))::numeric"


def _array(elements: list[str]) -> str:
    return f"json_build_array({', '.join(elements)})"
