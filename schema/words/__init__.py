"""Descriptions for whatever of the schema has none at its own place: said once here, instead of at each of its uses.

A description stands beside the declaration where it is that declaration's own. The tables here hold what returns:
fields of the same name, filters and orders over described fields, inputs that change them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema

from schema.words import changes, choices, filters, records, reports, values
from schema.words.kinds import CHANGES, KINDS
from schema.words.shared import ARGUMENTS, FIELDS, INPUTS

OWN: dict[str, dict[str, str]] = {}
for table in (records, values, reports, changes, filters, choices):
    for kind_, words in table.WORDS.items():
        OWN.setdefault(kind_, {}).update(words)

CHANGING = re.compile(r"(Create|Update|Upsert|Record)?Input$")
LISTED = re.compile(r"(SortField|Figure|Group|RowsField|Rows)$")
FIGURES_FIRST = ("orders",)
"""Figures of customers that are called like lists of theirs."""
STRETCH = re.compile(r"_(MONTH|YEAR)$")


def describe(schema: GraphQLSchema) -> None:
    """Give each type, field, argument, input field and enum value of a schema that has no description the one that the
    tables know for it."""
    kinds = [kind for name, kind in schema.type_map.items() if not name.startswith("__")]
    # What a list can be filtered and ordered by is described by the fields that are meant, so these come first.
    for kind in sorted(kinds, key=lambda one: not isinstance(one, GraphQLObjectType | GraphQLInterfaceType)):
        kind.description = kind.description or kind_word(kind.name)
        for name, part in parts(kind).items():
            part.description = part.description or part_word(schema, kind, name)
            for argument, declared in getattr(part, "args", {}).items():
                declared.description = declared.description or ARGUMENTS.get(argument)


def parts(kind: Any) -> Mapping[str, Any]:
    """The fields or values of a type."""
    found: Mapping[str, Any] = getattr(kind, "fields", None) or getattr(kind, "values", None) or {}
    return found


def kind_word(name: str) -> str | None:
    ends = (text for end, text in CHANGES.items() if name.endswith(end))
    return KINDS.get(name) or CHANGES.get(name) or next(ends, None)


def part_word(schema: GraphQLSchema, kind: Any, name: str) -> str | None:
    """The description of a field or value by the most special of the tables that know it."""
    own = OWN.get(kind.name, {}).get(name)
    if own:
        return own
    if isinstance(kind, GraphQLEnumType):
        return value_word(schema, kind.name, name)
    if isinstance(kind, GraphQLInputObjectType):
        return input_word(schema, kind.name, name)
    return FIELDS.get(name) or said_of(schema, f"{kind.name}UpdateInput", name)


def said_of(schema: GraphQLSchema, kind: str, field: str) -> str | None:
    """How a record's own type describes a field."""
    found = schema.type_map.get(kind)
    part = parts(found).get(field) if found else None
    return part.description if part else None


INPUT_WORDS: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("Comparison", filters.OPERATORS),
    ("RowsCount", filters.OPERATORS),
    ("RowsFigure", filters.OPERATORS),
    ("Rows", filters.ROWS),
    ("Sort", filters.SORT),
    ("Where", filters.LOGIC),
)
"""Tables for the fields of input types, by the end of the type's name."""


def input_word(schema: GraphQLSchema, kind: str, name: str) -> str | None:
    for end, table in INPUT_WORDS:
        if kind.endswith(end) and name in table:
            return table[name]
    if kind.endswith("Where"):
        record = filters.NOUNS.get(kind) or kind.removesuffix("Where")
        return said_of(schema, record, name) or FIELDS.get(name)
    record = filters.CHANGED.get(kind) or CHANGING.sub("", kind)
    return INPUTS.get(name) or said_of(schema, record, name) or FIELDS.get(name)


def value_word(schema: GraphQLSchema, kind: str, name: str) -> str | None:
    """A value of an enum that names what a list can be ordered or grouped by, or the figures of its rows."""
    if kind.endswith("Group") and name in choices.GROUPS:
        return choices.GROUPS[name]
    stretch = STRETCH.search(name) if kind.endswith("Group") else None
    field = camel(name.removesuffix(stretch[0]) if stretch else name)
    record = LISTED.sub("", kind)
    record = filters.NOUNS.get(f"{record}Rows") or record
    # Customers are ordered and grouped by their figures too, whose names say more than those of what hangs on them.
    figure = said_of(schema, "ValueMetrics", field) if record == "Customer" else None
    own = said_of(schema, record, field)
    found = (figure if field in FIGURES_FIRST else None) or own or figure or FIELDS.get(field)
    return f"{found} By {stretch[1].lower()}." if found and stretch else found


def camel(name: str) -> str:
    first, *others = name.split("_")
    if not others and not name.isupper():
        return name
    return first.lower() + "".join(other.capitalize() for other in others)
