"""Where fields come from, and the SQL that each kind of source becomes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from graphql import GraphQLField, GraphQLObjectType
from strawberry.schema.schema_converter import GraphQLCoreConverter
from tortoise.models import Model

from crm.access import Scope
from crm.errors import Forbidden
from models import Customer
from schema.select.inputs import Input
from schema.select.kinds import SORTABLE, Kind, written
from schema.select.order import OrderKey
from schema.select.render import Ask, Render
from schema.select.rendered import Later, Located, located
from schema.select.rows import Row, is_nullable, kind_of_column, link, prefix_of, table_of
from schema.select.selection import Selected
from schema.select.types import SOURCE, Table, table_behind


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a field comes from.

    `scope` is needed beside that of the type. A `whole` figure tells of all customers, which an actor with a row
    filter must not learn.
    """

    scope: Scope | None = None
    whole: bool = False
    inputs: tuple[Input, ...] = ()

    def render(self, ask: Ask, row: Row) -> str:
        raise NotImplementedError

    def sort(self, model: type[Model], name: str) -> OrderKey | None:
        """How lists are ordered by this field, if they can be."""
        return None


def source_behind(definition: GraphQLField) -> Source | None:
    """The source of a compiled field; None for a field with a resolver of its own."""
    declared = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    found: Source | None = declared.metadata.get(SOURCE) if declared is not None else None
    return found


@dataclass(frozen=True)
class Rows:
    """Which rows of a table a field means."""

    where: tuple[str, ...] = ()
    order: str = ""
    joins: str = ""
    limit: int | None = None
    seen: bool = False  # whether every row belongs to a customer that is in the answer anyway
    source: str = ""  # a subquery with the columns of the table, to be read in its place


Chosen = Callable[[Row, Row, Ask], Rows]
"""Takes the row in scope, a row of the table to read, and the field; says how they belong together."""


@dataclass(frozen=True, kw_only=True)
class Column(Source):
    """A column of the row; by default the one of the field's own name."""

    name: str | None = None

    def render(self, ask: Ask, row: Row) -> str:
        name = self.name or ask.selected.name_in_python
        value: str = getattr(row, name)
        if row.model_ is None:
            return value
        kind = kind_of_column(row.model_, name)
        return f"'{prefix_of(row.model_)}_' || {value}" if kind is Kind.ID else written(kind, value)

    def sort(self, model: type[Model], name: str) -> OrderKey | None:
        name = self.name or name
        kind = kind_of_column(model, name)
        return OrderKey.column(name, kind, is_nullable(model, name), self.scope) if kind in SORTABLE else None


@dataclass(frozen=True, kw_only=True)
class Expression(Source):
    """An SQL expression; `{t.city}` in the template is a column of the row."""

    template: str
    kind: Kind = Kind.TEXT

    def render(self, ask: Ask, row: Row) -> str:
        return written(self.kind, f"({self.template.format(t=row)})")


@dataclass(frozen=True, kw_only=True)
class Computed(Source):
    """An SQL expression that depends on the field's arguments or on the request."""

    make: Callable[[Row, Ask], str]

    def render(self, ask: Ask, row: Row) -> str:
        return self.make(row, ask)


@dataclass(frozen=True, kw_only=True)
class Given(Source):
    """A value that comes with the request, such as the actor's name."""

    read: Callable[[Any], Any]
    cast: str = "text"

    def render(self, ask: Ask, row: Row) -> str:
        return ask.render.bind(Later(lambda variables: self.read(variables["@actor"])), self.cast)


@dataclass(frozen=True, kw_only=True)
class Embedded(Source):
    """An object made of columns of the same row; null unless the condition holds."""

    when: str | None = None

    def render(self, ask: Ask, row: Row) -> str:
        made = object_of(ask.render, _object(ask.selected), row, ask.selected)
        return f"CASE WHEN {self.when.format(t=row)} THEN {made} END" if self.when else made


@dataclass(frozen=True, kw_only=True)
class MoneyOf(Source):
    """An amount and its currency."""

    amount: str
    currency: str
    nullable: bool = True

    def render(self, ask: Ask, row: Row) -> str:
        amount, currency = self.amount.format(t=row), self.currency.format(t=row)
        parts = {"amount": written(Kind.DECIMAL, amount), "currency": currency, "__typename": "'Money'::text"}
        made = built(f'{parts[entry.name]} AS "{entry.key}"' for entry in ask.selected.children)
        return f"CASE WHEN {amount} IS NOT NULL THEN {made} END" if self.nullable else made

    def sort(self, model: type[Model], name: str) -> OrderKey | None:
        return OrderKey(name.upper(), Kind.DECIMAL, self.nullable, lambda row: self.amount.format(t=row), self.scope)


@dataclass(frozen=True, kw_only=True)
class Related(Source):
    """Rows of another table: of a relation by its name in the model, or chosen by a function."""

    by: str | Chosen

    def rows(self, ask: Ask, row: Row, target: Row) -> Rows:
        if not isinstance(self.by, str):
            return self.by(row, target, ask)
        assert row.model_
        way = link(row.model_, self.by)
        # Rows that hang on a customer by its own key are visible if the customer is, and it is in the answer.
        seen = row.model_ is Customer and way.here == "id" and way.there == "customer_id"
        return Rows((f"{getattr(target, way.there)} = {getattr(row, way.here)}",), seen=seen)

    def chosen(self, ask: Ask, row: Row) -> tuple[Table, Row, Rows]:
        """The table that is read, a row of it, and which rows are meant, the invisible ones left out."""
        table = enter(ask)
        target = ask.render.row(table.model)
        rows = self.rows(ask, row, target)
        hidden = () if rows.seen and len(table.customers) == 1 else visible(ask.render, table, target)
        joins = rows.joins + table.beside.format(t=target)
        return table, target, replace(rows, where=(*rows.where, *hidden), joins=joins)


@dataclass(frozen=True, kw_only=True)
class One(Related):
    """One row of another table, or null."""

    def render(self, ask: Ask, row: Row) -> str:
        table, target, rows = self.chosen(ask, row)
        ask.render.charge(1)
        columns = columns_of(ask.render, _object(ask.selected), ask.selected.children, target)
        source = from_rows(table.model, target, rows)
        return f'(SELECT row_to_json("{{}}") FROM (SELECT {columns} {source}) "{{}}")'


@dataclass(frozen=True, kw_only=True)
class Many(Related):
    """All rows, where they are few by nature; `about` is how many the cost reckons with."""

    about: int = 5
    order: str = ""

    def render(self, ask: Ask, row: Row) -> str:
        table, target, rows = self.chosen(ask, row)
        order = rows.order or self.order.format(t=target)
        with ask.render.repeated(self.about):
            ask.render.charge(1)
            columns = columns_of(ask.render, _object(ask.selected), ask.selected.children, target)
        source = from_rows(table.model, target, replace(rows, order=order))
        return f'(SELECT coalesce(json_agg("{{}}"), \'[]\') FROM (SELECT {columns} {source}) "{{}}")'


@dataclass(frozen=True, kw_only=True)
class Part(Source):
    """A field of an object whose own source renders all of it: of a connection, of money."""

    def render(self, ask: Ask, row: Row) -> str:
        raise TypeError(f"{ask.selected.coordinate} is rendered by the field above it.")


@dataclass(frozen=True, kw_only=True)
class Elements(Source):
    """Objects that are no rows of a table, made by a FROM clause; their columns are those that it names."""

    source: str
    order: str = ""

    def render(self, ask: Ask, row: Row) -> str:
        target = ask.render.row(None)
        ask.render.charge(1)
        columns = columns_of(ask.render, _object(ask.selected), ask.selected.children, target)
        tail = f" ORDER BY {self.order.format(e=target)}" if self.order else ""
        source = f"FROM {self.source.format(t=row)} {target.alias_}{tail}"
        return f'(SELECT coalesce(json_agg("{{}}"), \'[]\') FROM (SELECT {columns} {source}) "{{}}")'


def _object(selected: Selected) -> GraphQLObjectType:
    assert isinstance(selected.named, GraphQLObjectType)
    return selected.named


def enter(ask: Ask, kind: Any = None) -> Table:
    """The table that a field reads, with the scope to see it noted."""
    table = table_behind(kind or ask.selected.named)
    ask.render.need(table.scope, ask.selected)
    return table


def visible(render: Render, table: Table, row: Row) -> list[str]:
    """The conditions under which a row exists for the actor. Every FROM of a table passes here."""
    return render.visibility(render, row, table)


def from_rows(model: type[Model], row: Row, rows: Rows) -> str:
    where = f" WHERE {' AND '.join(rows.where)}" if rows.where else ""
    order = f" ORDER BY {rows.order}" if rows.order else ""
    limit = f" LIMIT {rows.limit}" if rows.limit else ""
    return f"FROM {rows.source or table_of(model)} {row.alias_}{rows.joins}{where}{order}{limit}"


def columns_of(render: Render, kind: GraphQLObjectType, entries: Iterable[Selected], row: Row) -> str:
    """The select list that answers a selection; each column is named by its response key."""
    return ", ".join(f'{_column(render, kind, entry, row)} AS "{entry.key}"' for entry in entries)


def _column(render: Render, kind: GraphQLObjectType, entry: Selected, row: Row) -> str:
    if entry.name == "__typename":
        return f"'{kind.name}'::text"
    source = source_behind(entry.definition)
    assert source, f"{kind.name}.{entry.name} does not compile"
    render.need(source.scope, entry)
    if source.whole and render.row_filter is not None:
        raise Located(Forbidden(f"{entry.coordinate} tells of all customers; your credential sees only some."), entry)
    with located(entry):
        return source.render(Ask(render, entry), row)


def built(columns: Iterable[str]) -> str:
    """The JSON object of a select list over a row in scope.

    row_to_json was measured against json_build_object on 50 customers with stage, segments, metrics and orders: a
    quarter less time, a tenth fewer bytes, and no limit of 50 entries. "{}" is no GraphQL name, so that no response
    key can be taken for the subquery.
    """
    return f'(SELECT row_to_json("{{}}") FROM (SELECT {", ".join(columns)}) "{{}}")'


def object_of(render: Render, kind: GraphQLObjectType, row: Row, selected: Selected) -> str:
    return built([columns_of(render, kind, selected.on(kind), row)])
