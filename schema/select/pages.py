"""One page of a connection in SQL: its rows, their cursors, what lies on both sides, counts and groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphql import GraphQLObjectType

from schema.select import search
from schema.select.aggregate import Grouping
from schema.select.kinds import CASTS
from schema.select.order import Branch, Key, branches, written_keys
from schema.select.paging import Page, cursor_sql
from schema.select.render import Ask
from schema.select.rows import Row, table_of
from schema.select.selection import Selected
from schema.select.sources import Rows, built, object_of
from schema.select.types import Table, origin_of

COUNT_CAP = 10_000


@dataclass(frozen=True)
class Listing:
    """The rows of one connection: which, in which order."""

    table: Table
    row: Row
    rows: Rows
    keys: tuple[Key, ...]
    joins: str
    mark: str
    owner: str | None  # the id of the record whose list it is
    fit: search.Fit | None = None  # where the best match comes first


class Rendering:
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

    def carried(self, at: Callable[[str], str]) -> list[str]:
        """What a cursor carries, from the row where `at` finds the keys by the names of their columns."""
        if not self.mark:
            self.mark = self.render.bind(self.listing.mark, "text")
        keys = [at(f"@{n}") for n in range(len(self.listing.keys))]
        return [*keys, self.listing.owner] if self.listing.owner else keys

    def cursor(self) -> str:
        keys = self.carried(lambda name: f'{self.row.alias_}."{name}"')
        return cursor_sql(keys, self.mark)

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
        """Keep the keys of the rows: of all the cursors only the first and the last are written."""
        self.fold_count()
        for n in range(len(self.listing.keys)):
            key = f'{self.row.alias_}."@{n}"'
            self.folded[f"@{n}"] = f'array_agg({key} ORDER BY {self.row.alias_}."#"){self.within}'
        self.carried(str)

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
        until = [*self.not_reached(stop), *self.page.owned]
        fit = self.listing.fit
        if fit:
            rows = self.ranked_sql(fit, until, limit)
        else:
            found = [self.branch_sql(branch, until, limit) for branch in branches(self.keys, start, self.render.bind)]
            rows = found[0] if len(found) == 1 else f"{' UNION ALL '.join(f'({sql})' for sql in found)} LIMIT {limit}"
        if not (self.counts or self.page.backward):
            return rows
        return f'SELECT p.*, row_number() OVER () AS "#" FROM ({rows}) p'

    def ranked_sql(self, fit: search.Fit, until: list[str], limit: int) -> str:
        """The best matches first; those that are too many to be ranked as they follow in the index of ids."""
        (rank, last), (start, _) = self.keys, self.sides
        bind = self.render.bind
        (best,) = branches([replace(rank, sql=fit.rank), last], start, bind)
        (listed,) = branches([last], start and start[1:], bind)
        unranked = _either(branches([replace(rank, sql="0::float8"), last], start, bind))
        alone = replace(listed, where=(unranked, f"NOT ({fit.exact})"))
        parts = [(best, f"NOT how.common AND how.swarm AND {fit.exact}"), (alone, "NOT how.common AND how.swarm")]
        parts = parts[::-1] if self.page.backward else parts
        ways = [(listed, "how.common"), (best, "NOT how.common AND NOT how.swarm"), *parts]
        found = [self.branch_sql(replace(one, where=(*one.where, only)), until, limit) for one, only in ways]
        either = " UNION ALL ".join(f"({sql})" for sql in found)
        for bound, name in ((fit.common, "how.common"), (fit.swarm, "how.swarm")):
            either = either.replace(bound, name)
        # OFFSET 0 keeps PostgreSQL from finding both out again wherever they are named.
        common = f"SELECT {fit.common} AS common OFFSET 0"
        how = f"SELECT c.common, NOT c.common AND {fit.swarm} AS swarm FROM ({common}) c OFFSET 0"
        return f"SELECT x.* FROM ({how}) how CROSS JOIN LATERAL ({either}) x LIMIT {limit}"

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
        return self.outermost if self.page.backward else self.cursor_at("1")

    def says_end(self) -> str:
        return self.cursor_at("1") if self.page.backward else self.outermost

    @property
    def outermost(self) -> str:
        """The cursor of the row that was read last; rows are numbered in the direction of reading."""
        return self.cursor_at(f"least(a.n, {self.page.size})")

    def cursor_at(self, place: str) -> str:
        """The cursor of one of the rows that were read; null when there are none."""
        keys = self.carried(lambda name: f'(a."{name}")[{place}]')
        return f"CASE WHEN a.n > 0 THEN {cursor_sql(keys, self.mark)} END"

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


PAGE_INFO: dict[str, tuple[Callable[[Rendering], None], Callable[[Rendering], str]]] = {
    "hasNextPage": (Rendering.fold_count, Rendering.says_next),
    "hasPreviousPage": (Rendering.fold_count, Rendering.says_previous),
    "startCursor": (Rendering.fold_cursors, Rendering.says_start),
    "endCursor": (Rendering.fold_cursors, Rendering.says_end),
    "__typename": (lambda rendering: None, lambda rendering: "'PageInfo'::text"),
}
"""What has to be folded over the page for a field of pageInfo, and what the field then says."""
