"""Connections: Relay's lists, one subquery each, in any order, from either end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphql import GraphQLObjectType, get_named_type

from crm.errors import ValidationFailed
from schema.select import filters, search
from schema.select.aggregate import Grouping
from schema.select.custom import custom_sort, sort_name
from schema.select.inputs import Input
from schema.select.kinds import CASTS, Kind
from schema.select.order import Branch, By, Key, OrderKey, branches, written_keys
from schema.select.paging import Page, cursor_sql, mark_of, page
from schema.select.render import Ask
from schema.select.rows import Row, table_of
from schema.select.selection import Selected
from schema.select.sorts import Direction, Nulls, sort_keys, sort_list
from schema.select.sources import Related, Rows, built, object_of, visible
from schema.select.types import TABLE, Table, origin_of, table_behind
from schema.select.wheres import where_input

COUNT_CAP = 10_000


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
class Listing:
    """The rows of one connection: which, in which order."""

    table: Table
    row: Row
    rows: Rows
    keys: tuple[Key, ...]
    joins: str
    mark: str
    fit: search.Fit | None = None  # where the best match comes first


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
        asked = page(ask, listing.keys, listing.mark)
        return _Rendering(ask, node, listing, asked).sql()

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


class _Rendering:
    """The SQL of one connection in one statement.

    Inside stands the page: rows of the table, with what their cursors carry as "@0", "@1" …, and numbered "#" in the
    direction of reading if that matters. Around it they are folded into JSON arrays and counts. Where something of
    the connection depends on a count, `a` is that folded row, and the object is made of it.
    """

    def __init__(self, ask: Ask, node: GraphQLObjectType, listing: Listing, asked: Page) -> None:
        self.ask = ask
        self.render = ask.render
        self.node = node
        self.listing = listing
        self.page = asked
        self.entries = ask.selected.children
        self.folded: dict[str, str] = {}
        self.row = self.render.row(listing.table.model)
        self.mark = ""
        said = {part.name for entry in self.entries if entry.name == "pageInfo" for part in entry.children}
        self.looks_ahead = ("hasPreviousPage" if asked.backward else "hasNextPage") in said
        self.counts = self.looks_ahead or bool(said & {"startCursor", "endCursor"})

    def sql(self) -> str:
        kind = self.ask.selected.named
        with self.render.repeated(self.page.size):
            for number, entry in enumerate(self.entries):
                self.fold(number, entry)
        columns = ", ".join(
            f'{self.entry(kind.name, number, entry)} AS "{entry.key}"' for number, entry in enumerate(self.entries)
        )
        if not self.folded:
            return built([columns])
        source = f"({self.page_sql()}) {self.row.alias_}{self.listing.table.beside.format(t=self.row)}"
        if self.counts:
            folds = ", ".join(f'{sql} AS "{name}"' for name, sql in self.folded.items())
            source = f"(SELECT {folds} FROM {source}) a"
        return f'(SELECT row_to_json("{{}}") FROM (SELECT {columns} FROM {source}) "{{}}")'

    # -- what is folded over the page -------------------------------------------------------------------------------

    def fold(self, number: int, entry: Selected) -> None:
        if entry.name == "nodes":
            self.render.charge(1)
            self.folded[f"={number}"] = self.aggregate(object_of(self.render, self.node, self.row, entry))
        elif entry.name == "edges":
            self.render.charge(1)
            self.folded[f"={number}"] = self.aggregate(built(self.edge(part) for part in entry.children))
        elif entry.name == "pageInfo":
            for part in entry.children:
                PAGE_INFO[part.name][0](self)

    def edge(self, part: Selected) -> str:
        if part.name == "node":
            return f'{object_of(self.render, self.node, self.row, part)} AS "{part.key}"'
        if part.name == "cursor":
            return f'{self.cursor()} AS "{part.key}"'
        return f"'{self.node.name}Edge'::text AS \"{part.key}\""

    def cursor(self) -> str:
        if not self.mark:
            self.mark = self.render.bind(self.listing.mark, "text")
        return cursor_sql([f'{self.row.alias_}."@{n}"' for n in range(len(self.listing.keys))], self.mark)

    def aggregate(self, element: str) -> str:
        order = f' ORDER BY {self.row.alias_}."#" DESC' if self.page.backward else ""
        return f"coalesce(json_agg({element}{order}){self.within}, '[]')"

    @property
    def within(self) -> str:
        """Leaves out the one row that was read beyond the page. The number is bounded and no user's data."""
        return f' FILTER (WHERE {self.row.alias_}."#" <= {self.page.size})' if self.looks_ahead else ""

    def fold_count(self) -> None:
        if self.counts:
            self.folded["n"] = "count(*)"

    def fold_cursors(self) -> None:
        self.fold_count()
        self.folded["c"] = f'array_agg({self.cursor()} ORDER BY {self.row.alias_}."#"){self.within}'

    # -- the page itself --------------------------------------------------------------------------------------------

    @property
    def sides(self) -> tuple[Sequence[Any] | None, Sequence[Any] | None]:
        """The place to read on from and the place to stop at, in the direction of reading."""
        return (self.page.before, self.page.after) if self.page.backward else (self.page.after, self.page.before)

    @property
    def keys(self) -> tuple[Key, ...]:
        keys = self.listing.keys
        return tuple(key.turned() for key in keys) if self.page.backward else keys

    def page_sql(self) -> str:
        limit = self.page.size + self.looks_ahead  # one row more tells whether there is one
        start, stop = self.sides
        until = self.not_reached(stop)
        fit = self.listing.fit
        if fit and fit.common:
            rows = self.ranked_sql(fit, fit.common, until, limit)
        else:
            found = [self.branch_sql(branch, until, limit) for branch in branches(self.keys, start, self.render.bind)]
            rows = found[0] if len(found) == 1 else f"{' UNION ALL '.join(f'({sql})' for sql in found)} LIMIT {limit}"
        if not (self.counts or self.page.backward):
            return rows
        return f'SELECT p.*, row_number() OVER () AS "#" FROM ({rows}) p'

    def ranked_sql(self, fit: search.Fit, common: str, until: list[str], limit: int) -> str:
        """The best matches first; of common words the rows as they follow in the index of ids, without ranking any."""
        (rank, last), (start, _) = self.keys, self.sides
        (best,) = branches([replace(rank, sql=fit.rank), last], start, self.render.bind)
        (listed,) = branches([last], start and start[1:], self.render.bind)
        ranked = self.branch_sql(replace(best, where=(*best.where, "NOT common.yes")), until, limit)
        plain = self.branch_sql(replace(listed, where=(*listed.where, "common.yes")), until, limit)
        either = f"({ranked}) UNION ALL ({plain})".replace(common, "common.yes")  # to be found out once
        return f"SELECT x.* FROM (SELECT {common} AS yes) common CROSS JOIN LATERAL ({either}) x LIMIT {limit}"

    def branch_sql(self, branch: Branch, until: list[str], limit: int) -> str:
        listing = self.listing
        where = [*listing.rows.where, *until, *branch.where]
        condition = f" WHERE {' AND '.join(where)}" if where else ""
        numbered = enumerate(written_keys(listing.keys))
        extra = "".join(f', {sql} AS "@{n}"' for n, sql in numbered) if self.mark else ""
        return (
            f"SELECT {listing.row.alias_}.*{extra} FROM {table_of(listing.table.model)} {listing.row.alias_}"
            f"{listing.joins}{condition} ORDER BY {branch.order} LIMIT {limit}"
        )

    def not_reached(self, stop: Sequence[Any] | None) -> list[str]:
        if stop is None:
            return []
        return [_either(branches([key.turned() for key in self.keys], stop, self.render.bind))]

    # -- what the object says ---------------------------------------------------------------------------------------

    def entry(self, kind: str, number: int, entry: Selected) -> str:
        if entry.name in ("nodes", "edges"):
            return f'a."={number}"' if self.counts else self.folded[f"={number}"]
        if entry.name == "pageInfo":
            return built(f'{PAGE_INFO[part.name][1](self)} AS "{part.key}"' for part in entry.children)
        if entry.name == "count":
            return self.count(entry)
        if entry.name == "aggregate":
            return self.aggregated(entry)
        return f"'{kind}'::text"

    def more_ahead(self) -> str:
        """Whether rows follow in the direction of reading."""
        _, stop = self.sides
        beyond = f"a.n > {self.page.size}"
        return f"({beyond} OR {self.beyond(stop, self.keys)})" if stop is not None else beyond

    def more_behind(self) -> str:
        """Whether rows stand before the place that was read on from."""
        start, _ = self.sides
        return self.beyond(start, [key.turned() for key in self.keys]) if start is not None else "false"

    def beyond(self, place: Sequence[Any], keys: Sequence[Key]) -> str:
        """Whether there is a row at a place or further on, in the order of these keys."""
        listing = self.listing
        at = " AND ".join(
            f"{key.sql} IS NULL" if value is None else f"{key.sql} = {self.render.bind(value, CASTS[key.kind])}"
            for key, value in zip(keys, place, strict=True)
        )
        further = _either(branches(keys, place, self.render.bind))
        where = " AND ".join([*listing.rows.where, f"(({at}) OR {further})"])
        return f"EXISTS (SELECT FROM {table_of(listing.table.model)} {listing.row.alias_}{listing.joins} WHERE {where})"

    def says_next(self) -> str:
        return self.more_behind() if self.page.backward else self.more_ahead()

    def says_previous(self) -> str:
        return self.more_ahead() if self.page.backward else self.more_behind()

    def says_start(self) -> str:
        return self.outermost if self.page.backward else "(a.c)[1]"

    def says_end(self) -> str:
        return "(a.c)[1]" if self.page.backward else self.outermost

    @property
    def outermost(self) -> str:
        """The cursor of the row that was read last; rows are numbered in the direction of reading."""
        return f"(a.c)[least(a.n, {self.page.size})]"

    def aggregated(self, entry: Selected) -> str:
        listing = self.listing
        source = f"{table_of(listing.table.model)} {listing.row.alias_}"
        grouping = Grouping(Ask(self.render, entry), origin_of(self.node), listing.row)
        return grouping.sql(source, listing.rows.joins, list(listing.rows.where))

    def count(self, entry: Selected) -> str:
        """How many rows the whole list has; counting ends at the cap unless exactness is asked for."""
        exact = bool(Ask(self.render, entry).value("exact"))
        self.render.charge(5 if exact else 1)
        listing = self.listing
        where = f" WHERE {' AND '.join(listing.rows.where)}" if listing.rows.where else ""
        rows = f"FROM {table_of(listing.table.model)} {listing.row.alias_}{listing.rows.joins}{where}"
        if exact:
            parts = {"value": "x.n", "exact": "true"}
            counted = f"SELECT count(*) AS n {rows}"
        else:
            parts = {"value": f"least(x.n, {COUNT_CAP})", "exact": f"x.n <= {COUNT_CAP}"}
            counted = f"SELECT count(*) AS n FROM (SELECT {rows} LIMIT {COUNT_CAP + 1}) y"
        parts["__typename"] = "'Count'::text"
        columns = ", ".join(f'{parts[part.name]} AS "{part.key}"' for part in entry.children)
        return f'(SELECT row_to_json("{{}}") FROM (SELECT {columns} FROM ({counted}) x) "{{}}")'


def _either(found: Sequence[Branch]) -> str:
    """Membership in any stretch, as one condition."""
    return "(" + " OR ".join(f"({' AND '.join(branch.where) or 'true'})" for branch in found) + ")"


PAGE_INFO: dict[str, tuple[Callable[[_Rendering], None], Callable[[_Rendering], str]]] = {
    "hasNextPage": (_Rendering.fold_count, _Rendering.says_next),
    "hasPreviousPage": (_Rendering.fold_count, _Rendering.says_previous),
    "startCursor": (_Rendering.fold_cursors, _Rendering.says_start),
    "endCursor": (_Rendering.fold_cursors, _Rendering.says_end),
    "__typename": (lambda rendering: None, lambda rendering: "'PageInfo'::text"),
}
"""What has to be folded over the page for a field of pageInfo, and what the field then says."""
