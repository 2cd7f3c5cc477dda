"""Groups of the rows of a list, with counts and figures: what a chart needs, in one statement."""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import Any

import strawberry
from graphql import GraphQLObjectType, GraphQLSchema
from strawberry.types.base import get_object_definition
from tortoise.models import Model

from crm.errors import ValidationFailed
from schema.select.groups import group_enum, groups
from schema.select.inputs import Input
from schema.select.kinds import Kind, written
from schema.select.render import Ask, Render
from schema.select.rendered import Located
from schema.select.rows import Row, table_of
from schema.select.selection import Selected
from schema.select.sorts import sort_keys
from schema.select.sources import built

MAX_GROUPS = 1_000
MAX_KEYS = 4
MAX_FIGURES = 8
MAX_SHARES = 20
COST = 20
NUMERIC = (Kind.DECIMAL, Kind.INT, Kind.FLOAT)
MARKS = frozenset({"VERSION", "RULE_VERSION", "NUMBER", "POSITION", "RESPONSE_STATUS"})
"""Numbers that tell which, not how much: nobody adds them up."""


def figures(node: type) -> list[str]:
    return [key for key, found in sort_keys(node).items() if found.kind in NUMERIC and key not in MARKS]


@cache
def figure_enum(node: type) -> Any:
    name = get_object_definition(node, strict=True).name
    made: Any = Enum(f"{name}Figure", {key: key for key in figures(node)})  # type: ignore[misc]
    return strawberry.enum(made, description=f"The figures of {name} rows.")


@strawberry.enum(description="The order of groups.")
class GroupOrder(Enum):
    LARGEST = "LARGEST"
    KEYS = "KEYS"


GROUP_BY = Input(
    "group_by",
    made=lambda node: list[group_enum(node)] | None if groups(node) else None,  # type: ignore[misc]
    description="Up to four things; without any, all rows are one group.",
)
GROUP_ORDER = Input(
    "order",
    made=lambda node: GroupOrder if groups(node) else None,
    description="Which groups come first, and are kept of more than 1,000.",
    default=GroupOrder.LARGEST,
)
FIGURES = Input(
    "figures",
    made=lambda node: list[figure_enum(node)] | None if figures(node) else None,  # type: ignore[misc]
    description="What to sum up, up to eight figures.",
)
AT = Input("at", float, "Which percentile, from 0 to 1: 0.5 is the median.")
OF = Input("of", made=lambda node: figure_enum(node) if figures(node) else None, description="Which figure.")
SHARES = Input("at", list[float], "Which percentiles, up to 20, from 0 to 1: 0.5 is the median.")

FOLDS: dict[str, str] = {
    "count": "count({x})",
    "sum": "sum({x})",
    "avg": "round(avg({x}), 6)",
    "min": "min({x})",
    "max": "max({x})",
}


OVER_FIGURES = ("sum", "avg", "min", "max", "percentiles", "figures")


def leave_out_figures(schema: GraphQLSchema) -> None:
    """Take from groups of rows that have no figures what could only be null there."""
    for kind in schema.type_map.values():
        if (
            isinstance(kind, GraphQLObjectType)
            and kind.name.endswith("Aggregate")
            and "of" not in kind.fields["sum"].args
        ):
            for name in OVER_FIGURES:
                del kind.fields[name]


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
        grouped = f" GROUP BY {', '.join(f'k{number}' for number in range(len(chosen)))}" if chosen else ""
        folded = f"SELECT {inner} FROM {source}{joins}{''.join(self.joins)}{condition}{grouped}"
        told = f"SELECT {', '.join(columns)} FROM ({folded}) g{self.naming(chosen)}"
        return f'(SELECT coalesce(json_agg("{{}}"), \'[]\') FROM ({told} LIMIT {MAX_GROUPS}) "{{}}")'

    def key(self, number: int, name: str) -> str:
        group = groups(self.node)[name]
        self.render.need(group.scope, self.ask.selected)
        if group.join:
            self.joins.setdefault(group.join(self.row))
        value = group.value(self.row) if group.written or group.of else f"({group.value(self.row)})::text"
        return f"{value} AS k{number}"

    def naming(self, chosen: list[str]) -> str:
        """The nouns whose ids are grouped by, and the order of groups: the largest first, or by what they are."""
        joins, places = "", [] if self.ask.value("order") is GroupOrder.KEYS else ["g.n DESC"]
        for number, name in enumerate(chosen):
            noun = groups(self.node)[name].of
            if noun is not None:
                joins += f" LEFT JOIN {table_of(noun)} o{number} ON {_noun(number, noun).id} = g.k{number}"
            places += [f"g.k{number}"] if noun is None else _places(_noun(number, noun), noun)
        return f"{joins} ORDER BY {', '.join(places)}" if places else joins

    def column(self, entry: Selected, chosen: list[str]) -> str:
        if entry.name == "count":
            return "g.n"
        if entry.name == "keys":
            return _array([self.key_object(entry, number, name) for number, name in enumerate(chosen)])
        if entry.name == "figures":
            return _array([self.figure(entry, name) for name in self.figures])
        if entry.name == "__typename":
            return f"'{self.ask.selected.named.name}'::text"
        return self.fold(entry, self.value(Ask(self.render, entry).value("of").value, entry))

    def key_object(self, entry: Selected, number: int, name: str) -> str:
        group = groups(self.node)[name]
        value, label = f"g.k{number}", "NULL::text"
        if group.written:
            value = group.written(value)
        if group.of:
            value, label = _noun(number, group.of).key, _noun(number, group.of).name
        parts = {"by": f"'{name}'::text", "value": value, "label": label}
        parts["__typename"] = "'GroupKey'::text"
        return built(f'{parts[part.name]} AS "{part.key}"' for part in entry.children)

    def figure(self, entry: Selected, name: str) -> str:
        value = self.value(name, self.ask.selected)
        parts = {"of": f"'{name}'::text", "__typename": "'Figure'::text"}
        return built(f'{parts.get(part.name) or self.fold(part, value)} AS "{part.key}"' for part in entry.children)

    def value(self, name: str, selected: Selected) -> str:
        """A figure of a row as a number."""
        key = sort_keys(self.node)[name]
        self.render.need(key.scope, selected)
        if key.join:
            self.joins.setdefault(key.join(self.row))
        return f"({key.expression(self.row)})::numeric"

    def fold(self, part: Selected, value: str) -> str:
        """What is told of a group's rows, folded inside and written outside."""
        if part.name == "percentiles":
            return self.percentiles(part, value)
        if part.name == "percentile":
            share = self.render.bind(_shares([Ask(self.render, part).value("at")], part)[0], "float8")
            return written(Kind.DECIMAL, self.folded(f"{_percentile(share, value)}::numeric"))
        made = self.folded(FOLDS[part.name].format(x=value))
        return made if part.name == "count" else written(Kind.DECIMAL, made)

    def percentiles(self, part: Selected, value: str) -> str:
        """Several at once, so that the rows are sorted once."""
        shares = _shares(Ask(self.render, part).value("at"), part)
        made = self.folded(_percentile(self.render.bind(shares, "float8[]"), value))
        texts = f"SELECT json_agg({written(Kind.DECIMAL, 'u.p::numeric')} ORDER BY u.n)"
        return f"(CASE WHEN {made}[1] IS NOT NULL THEN ({texts} FROM unnest({made}) WITH ORDINALITY u(p, n)) END)"

    def folded(self, made: str) -> str:
        self.folds.append(f"{made} AS f{len(self.folds)}")
        return f"g.f{len(self.folds) - 1}"


def _noun(number: int, noun: type[Model]) -> Row:
    return Row(f"o{number}", noun)


def _places(row: Row, noun: type[Model]) -> list[str]:
    """Stages follow each other as on their way, others by their names for machines, then for people."""
    return [*([row.position] if "position" in noun._meta.db_fields else []), row.key, row.name]


def _percentile(share: str, value: str) -> str:
    return f"(percentile_cont({share}) WITHIN GROUP (ORDER BY ({value})::float8))"


def _shares(at: list[float], part: Selected) -> list[float]:
    if not 1 <= len(at) <= MAX_SHARES:
        message = f"'at' holds {len(at)} percentiles; give 1 to {MAX_SHARES}."
        raise Located(ValidationFailed(message, path=("at",)), part)
    for share in at:
        if not 0 <= share <= 1:
            raise Located(ValidationFailed(f"'at' is {share}; a percentile is from 0 to 1.", path=("at",)), part)
    return [float(share) for share in at]


def _array(elements: list[str]) -> str:
    return f"json_build_array({', '.join(elements)})"
