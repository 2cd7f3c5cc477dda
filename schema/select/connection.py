"""Connections: Relay's lists, one subquery each, in any order, from either end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphql import GraphQLObjectType, get_named_type

from crm.errors import ValidationFailed
from schema.select import filters, search
from schema.select.aggregate import Grouping
from schema.select.custom import custom_sort, sort_name
from schema.select.inputs import Input
from schema.select.kinds import Kind
from schema.select.order import By, Key, OrderKey
from schema.select.pages import Listing, Rendering
from schema.select.paging import mark_of, page
from schema.select.render import Ask
from schema.select.rows import Row, table_of
from schema.select.selection import Selected
from schema.select.sorts import Direction, Nulls, sort_keys, sort_list
from schema.select.sources import Related, Rows, visible
from schema.select.types import TABLE, Table, origin_of, table_behind
from schema.select.wheres import where_input


def where_of(node: Any) -> Any:
    """The type of `where` for lists of a type."""
    table: Table = getattr(node, TABLE)
    return where_input(table.model)


WHERE = Input("where", made=where_of, description="Which rows: a rule in its tree form.")
SEARCH = Input("search", str | None, "Words, or beginnings of words, to look for; the best matches come first.")
SORTING = Input("order_by", made=sort_list, description="The order; rows that are equal in it stand by their ids.")
PAGING = (
    Input("first", int | None, "How many rows from the front, 1 to 100; 20 unless said."),
    Input("after", str | None, "The cursor to read on after."),
    Input("last", int | None, "How many rows from the end, 1 to 100."),
    Input("before", str | None, "The cursor to read back from."),
)


@dataclass(frozen=True)
class Found:
    """The rows that a filter and a search leave; `fit` says how well each fits the search."""

    row: Row
    rows: Rows
    where: Any
    sought: str | None
    fit: search.Fit | None


@dataclass(frozen=True, kw_only=True)
class Listed(Related):
    """Rows of another table that clients filter and search."""

    def found(self, ask: Ask, row: Row, table: Table) -> Found:
        render = ask.render
        target = render.row(table.model)
        rows = self.rows(ask, row, target)
        conditions = list(rows.where)
        if not (rows.seen and len(table.customers) == 1):
            conditions += visible(render, table, target)
        where = ask.value("where")
        if where is not None:
            conditions.append(filters.condition(ask, table, target, where))
        sought = search.normal(ask.passing("search")) if table.search else None
        fit = None
        if sought:
            render.charge(5)
            fit = search.fit(render, target, sought)
            conditions.append(fit.found)
        return Found(target, replace(rows, where=tuple(conditions)), where, sought, fit)


@dataclass(frozen=True, kw_only=True)
class Grouped(Listed):
    """Groups of the rows behind `node`, without the rows themselves."""

    node: type

    def render(self, ask: Ask, row: Row) -> str:
        table: Table = getattr(self.node, TABLE)
        ask.render.need(table.scope, ask.selected)
        found = self.found(ask, row, table)
        source = f"{table_of(table.model)} {found.row.alias_}"
        return Grouping(ask, self.node, found.row).sql(source, found.rows.joins, list(found.rows.where))


@dataclass(frozen=True, kw_only=True)
class Connected(Listed):
    """Rows of another table in pages."""

    order: tuple[By, ...] = ()

    def render(self, ask: Ask, row: Row) -> str:
        node = node_of(ask.selected)
        table = table_behind(node)
        ask.render.need(table.scope, ask.selected)
        listing = self.listing(ask, row, table)
        asked = page(ask, listing.keys, listing.mark, listing.owner)
        return Rendering(ask, node, listing, asked).sql()

    def listing(self, ask: Ask, row: Row, table: Table) -> Listing:
        found = self.found(ask, row, table)
        fit = None if ask.value("orderBy") else found.fit
        keys, joins, names = self.keys(ask, table, found.row, fit)
        return Listing(
            table=table,
            row=found.row,
            rows=found.rows,
            keys=keys,
            joins=found.rows.joins + joins,
            mark=mark_of(ask.selected.coordinate, found.where, found.sought, names),
            owner=row.id if row.model_ else None,
            fit=fit,
        )

    def keys(
        self, ask: Ask, table: Table, row: Row, fit: search.Fit | None
    ) -> tuple[tuple[Key, ...], str, list[tuple[str, bool, bool]]]:
        """The keys of the order, what has to be joined for them, and their names for the cursor's mark."""
        asked = ask.value("orderBy")
        chosen = [_by(entry) for entry in asked or ()]
        if fit:
            keys = [Key(fit.bounded, Kind.FLOAT, nullable=False, descending=True, nulls_first=False)]
            return (*keys, _last(row, keys)), "", [("@rank", True, False)]
        known = sort_keys(origin_of(node_of(ask.selected)))
        chosen = chosen or [(by.name.upper(), by.descending, by.nulls_first) for by in self.order or table.order]
        joins: dict[str, None] = {}
        keys = [
            _key(ask, custom_sort(ask, name) or known[name], row, descending, first, joins)
            for name, descending, first in _unique(chosen)
        ]
        return (*keys, _last(row, keys)), "".join(joins), chosen


def node_of(selected: Selected) -> GraphQLObjectType:
    """The type of the nodes of a connection."""
    assert isinstance(selected.named, GraphQLObjectType)
    node = get_named_type(selected.named.fields["nodes"].type)
    assert isinstance(node, GraphQLObjectType)
    return node


def _by(entry: dict[str, Any]) -> tuple[str, bool, bool]:
    return (
        sort_name(entry["field"].value, entry.get("key")),
        entry.get("direction", Direction.ASC) is Direction.DESC,
        entry.get("nulls", Nulls.LAST) is Nulls.FIRST,
    )


def _unique(chosen: Sequence[tuple[str, bool, bool]]) -> list[tuple[str, bool, bool]]:
    names = [name for name, _, _ in chosen]
    if len(names) > 5:
        raise ValidationFailed("An order has at most 5 keys; leave some out.", path=("orderBy",))
    for name in names:
        if names.count(name) > 1:
            raise ValidationFailed(f"'{name}' stands twice in the order; name it once.", path=("orderBy",))
    return list(chosen)


def _key(ask: Ask, found: OrderKey, row: Row, descending: bool, nulls_first: bool, joins: dict[str, None]) -> Key:
    ask.render.need(found.scope, ask.selected)
    if found.join:
        joins.setdefault(found.join(row))
    return Key(found.expression(row), found.kind, found.nullable, descending, nulls_first)


def _last(row: Row, keys: Sequence[Key]) -> Key:
    """The id settles ties; it runs in the direction of the key before it, so that an index of both can be followed."""
    return Key(row.id, Kind.ID, nullable=False, descending=bool(keys) and keys[-1].descending, nulls_first=False)
