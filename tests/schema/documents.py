"""Documents over the whole schema, made by hypothesis."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_interface_type,
    is_list_type,
)
from hypothesis import strategies as st

from crm.ids import PREFIXES
from schema import schema as served
from schema.select.sources import source_behind
from tests.schema.dice import Dice
from tests.schema.oracle_timeline import ENTRY_TYPES
from tests.schema.oracle_values import TYPES
from tests.schema.oracle_wheres import SEARCHES, WHERES

MAX_LEVELS = 7
TIMES = [
    "2024-02-28T00:00:00Z",
    "2024-03-01T03:29:59.999999+03:30",
    "2024-03-02T23:59:59.999999Z",
    "2030-01-01T00:00:00Z",
]
IN_ORDER = "[{field: SORT_NAME}]"
SHARES = [0, 0.1, 0.25, 0.5, 0.9, 1]
ENUMS = frozenset({"PERSON", "COMPLETED", "PLACED", "DONE", "PHONE", "VISIT", "CALL", "DAY", "YEAR", "baseAmount"})
"""Choices in filters, which stand in documents without quotes."""
LATEST = "2031-01-01T00:00:00Z"
SKIPPED = {("Query", "me")}

ROOTS = served._schema.query_type.fields if served._schema.query_type else {}
REPORTS = {name for name, definition in ROOTS.items() if source_behind(definition) is None}
"""Roots that are not compiled, but answered by a use case."""


def unmade(schema: GraphQLSchema) -> set[Any]:
    return {schema.type_map[name] for name in ("ValueEntry", "MergeEntry")}


@dataclass
class Draft(Dice):
    """A document in the making."""

    schema: GraphQLSchema
    dice: random.Random
    ids: dict[str, list[str]]
    variables: dict[str, Any] = field(default_factory=dict)
    declared: list[str] = field(default_factory=list)
    fragments: list[str] = field(default_factory=list)
    cursors: dict[str, float] = field(default_factory=dict)
    lists: int = 0
    aliases: int = 0
    budget: int = 45
    reached: set[tuple[str, str]] = field(default_factory=set)

    # -- selections ----------------------------------------------------------------------------------------------------

    def selection(self, kind: Any, level: int) -> str:
        if is_interface_type(kind):
            return self.abstract(kind, level)
        fields = [name for name in kind.fields if self.fits(kind, name, level)]
        if not fields:
            return "{ __typename }"
        chosen = [self.choice(fields) for _ in range(self.dice.randint(1, min(6, len(fields))))]
        parts = [self.field(kind, name, level) for name in chosen]
        if self.chance(5):
            parts.append("__typename")
        return "{ " + " ".join(self.wrapped(kind, part) for part in parts) + " }"

    def fits(self, kind: GraphQLObjectType, name: str, level: int) -> bool:
        if (kind.name, name) in SKIPPED:
            return False
        if kind.name == "Query" and name in REPORTS:
            return False
        deep = is_composite_type(get_named_type(kind.fields[name].type))
        return not deep or (level < MAX_LEVELS and self.budget > 0)

    def abstract(self, kind: Any, level: int) -> str:
        if kind.name == "TimelineEntry":
            return self.entries(kind, level)
        concrete = [self.choice([one for one in self.schema.get_possible_types(kind) if one.name in self.ids])]
        parts = [f"... on {one.name} {self.selection(one, level)}" for one in concrete]
        return "{ __typename id " + " ".join(parts) + " }"

    def entries(self, kind: Any, level: int) -> str:
        """Entries of a timeline: what all of them have, and details of some types."""
        # Value and merge entries hold what only events of these types say; the world has none.
        known = sorted({one for one in self.schema.get_possible_types(kind)} - unmade(self.schema), key=str)
        chosen = self.some(known, 0, 3)
        parts = [f"... on {one.name} {self.selection(one, level)}" for one in chosen]
        return "{ __typename kind at " + " ".join(parts) + " }"

    def wrapped(self, kind: GraphQLObjectType, part: str) -> str:
        """A field as it is, in a fragment, or under a directive."""
        way = self.dice.randint(0, 13)
        if way == 0:
            return f"... on {kind.name} {{ {part} }}"
        if way in (1, 2):
            name = f"F{len(self.fragments)}"
            self.fragments.append(f"fragment {name} on {kind.name} {{ {part} }}")
            return f"...{name}{self.directive() if way == 2 else ''}"
        if way == 3:
            return f"...{self.directive()} {{ {part} }}"
        if way == 4 and any(one.name == "Node" for one in kind.interfaces):
            return f"{part} ... on Node {{ __typename id }}"
        return part

    def field(self, kind: GraphQLObjectType, name: str, level: int) -> str:
        definition = kind.fields[name]
        named = get_named_type(definition.type)
        known = len(self.cursors)
        arguments = self.arguments(kind, name, definition, named)
        cursors = list(self.cursors)[known:]
        self.budget -= 1
        self.reached.add((kind.name, name))
        alias = ""
        grouped = named.name.endswith("Aggregate")
        if grouped or arguments or (self.chance(8) and self.aliases < 25):
            # Fields with arguments always get a key of their own, so that no two of them conflict.
            self.aliases += 1
            alias = f"{'groups' if grouped else 'a'}{self.aliases}: "
        many = is_list_type(get_nullable_type(definition.type))
        self.lists += many
        inner = f" {self.selection(named, level + 1)}" if is_composite_type(named) else ""
        self.lists -= many
        if cursors:
            inner = f"{inner[:-1]}{' '.join(f'{one}: edges {{ cursor }}' for one in cursors)} }}"
        directive = self.directive() if self.chance(12) else ""
        return f"{alias}{name}{arguments}{directive}{inner}"

    # -- arguments -----------------------------------------------------------------------------------------------------

    def arguments(self, kind: GraphQLObjectType, name: str, definition: GraphQLField, named: Any) -> str:
        if self.aliases >= 25 and not {"id", "ids", "key", "of", "at"} & set(definition.args):
            return ""
        makers = {
            "first": self.first,
            "last": self.last,
            "after": self.cursor,
            "before": self.cursor,
            "orderBy": self.order_by,
            "where": self.where,
            "archived": self.archived,
            "asOf": self.as_of,
            "key": self.custom_key,
            "id": self.one_id,
            "ids": self.some_ids,
            "exact": self.exact,
            "lifecycle": self.lifecycle,
            "kinds": self.kinds,
            "since": self.as_of,
            "until": self.latest,
            "search": self.search,
            "groupBy": self.group_by,
            "order": self.order,
            "figures": self.figures,
            "of": self.one_figure,
            "at": self.shares,
        }
        found = []
        for argument in definition.args:
            if argument == "last" and any(part.startswith("first") for part in found):
                continue
            if (kind.name, argument) in {("Query", "key"), ("Query", "identity")}:
                continue
            sought = argument == "orderBy" and any(part.startswith("search") for part in found)
            # Without an order of its own a search puts the best matches first; see test_search.
            made = IN_ORDER if sought else makers[argument](kind, name, named) if argument in makers else None
            if made is not None:
                found.append(f"{argument}: {made}")
        return f"({', '.join(found)})" if found else ""

    def first(self, *_: Any) -> str | None:
        size = self.dice.randint(1, 6)
        if self.chance(12):
            return self.nothing("Int")
        return self.given("Int", size, str(size)) if self.chance(2) else None

    def last(self, *_: Any) -> str | None:
        size = self.dice.randint(1, 6)
        return self.given("Int", size, str(size)) if self.chance(4) else None

    def cursor(self, *_: Any) -> str | None:
        """A variable for a cursor that the first answer will give; lists inside of lists have no cursor in common."""
        if self.lists or not self.chance(2):
            return None
        name = f"c{len(self.declared)}"
        self.declared.append(f"${name}: String")
        self.cursors[name] = self.dice.random()
        return f"${name}"

    def order_by(self, kind: Any, name: str, named: Any) -> str | None:
        if not self.chance(3):
            return None
        node = named.name.removesuffix("Connection")
        values = self.schema.type_map[f"{node}SortField"].values  # type: ignore[attr-defined]
        known = [name for name in values if name != "CUSTOM_FIELD"]  # see test_custom_order
        keys = self.some(known, 1, 3)
        value = [
            {"field": key, "direction": self.choice(["ASC", "DESC"]), "nulls": self.choice(["FIRST", "LAST"])}
            for key in keys
        ]
        literals = ["{" + ", ".join(f"{name}: {part}" for name, part in key.items()) + "}" for key in value]
        if self.chance(4):
            kinds = {"field": f"{node}SortField!", "direction": "Direction!", "nulls": "Nulls!"}
            parts = [[f"{name}: {self.given(kinds[name], part, part)}" for name, part in key.items()] for key in value]
            return f"[{', '.join('{' + ', '.join(key) + '}' for key in parts)}]"
        return self.listed(f"{node}Sort", value, literals)

    def where(self, kind: Any, name: str, named: Any) -> str | None:
        node = named.name.removesuffix("Connection")
        if node not in WHERES or not self.chance(3):
            return None
        rule = self.rule(node) if self.chance(2) else self.joined(node)
        return self.given(f"{node}Where", rule, literal(rule))

    def rule(self, node: str) -> dict[str, Any]:
        rule: dict[str, Any] = self.choice(WHERES[node])[0]
        return rule

    def joined(self, node: str) -> dict[str, Any]:
        way = self.choice(["AND", "OR", "NOT"])
        return {way: self.rule(node) if way == "NOT" else [self.rule(node) for _ in range(self.dice.randint(1, 3))]}

    def search(self, *_: Any) -> str | None:
        words = self.choice(SEARCHES)
        return self.given("String", words, literal(words)) if self.chance(5) else None

    def group_by(self, kind: Any, name: str, named: Any) -> str | None:
        return self.names(f"{named.name.removesuffix('Aggregate')}Group", 2) if not self.chance(6) else None

    def order(self, *_: Any) -> str | None:
        """The order of groups: answers are compared without it, test_aggregate holds it."""
        chosen = self.choice(["LARGEST", "KEYS"])
        return self.given("GroupOrder!", chosen, chosen) if self.chance(3) else None

    def figures(self, kind: Any, name: str, named: Any) -> str | None:
        return self.names(f"{named.name.removesuffix('Aggregate')}Figure", 3) if not self.chance(3) else None

    def names(self, enum: str, most: int) -> str:
        values = self.schema.type_map[enum].values  # type: ignore[attr-defined]
        chosen = self.some(sorted(values), 1, most)
        return self.listed(enum, chosen, chosen)

    def one_figure(self, kind: GraphQLObjectType, name: str, named: Any) -> str:
        enum = f"{kind.name.removesuffix('Aggregate')}Figure"
        figure = self.choice(sorted(self.schema.type_map[enum].values))  # type: ignore[attr-defined]
        return self.given(f"{enum}!", figure, figure)

    def shares(self, kind: Any, name: str, named: Any) -> str:
        if name == "percentile":
            share = self.choice(SHARES)
            return self.given("Float!", share, str(share))
        chosen = self.some(SHARES, 1, 3)
        return self.given("[Float!]!", chosen, literal(chosen))

    def archived(self, *_: Any) -> str | None:
        wanted = self.choice([True, False, None])
        return self.given("Boolean", wanted, literal(wanted)) if self.chance(3) else None

    def as_of(self, *_: Any) -> str | None:
        when = self.choice(TIMES)
        return self.given("DateTime", when, f'"{when}"') if self.chance(2) else None

    def custom_key(self, *_: Any) -> str:
        key = self.choice(["vip", "text", "none", 'qu"ote'])
        return self.given("String!", key, literal(key))

    def lifecycle(self, *_: Any) -> str | None:
        key = self.choice(["path5", "path6", "nowhere"])
        return self.given("String", key, literal(key)) if self.chance(3) else None

    def kinds(self, *_: Any) -> str | None:
        if not self.chance(3):
            return None
        chosen = self.some(sorted(ENTRY_TYPES), 1, 4)
        return self.listed("TimelineEntryKind", chosen, chosen)

    def latest(self, *_: Any) -> str | None:
        return self.given("DateTime", LATEST, f'"{LATEST}"') if self.chance(4) else None

    def exact(self, *_: Any) -> str | None:
        return "true" if self.chance(3) else None

    def one_id(self, kind: Any, name: str, named: Any) -> str | None:
        if name in ("valueRun", "lifecycle"):
            return None
        known = [key for keys in self.ids.values() for key in keys]
        key = self.choice(known if name == "node" else self.ids.get(named.name) or [self.unknown(named.name)])
        return self.given("ID!" if name == "node" else "ID", key, literal(key))

    def unknown(self, kind: str) -> str:
        """The id of a record that there is not."""
        return f"{PREFIXES[TYPES[kind]._meta.db_table]}_00000000-0000-7000-8000-000000000000"

    def some_ids(self, *_: Any) -> str:
        known = [key for keys in self.ids.values() for key in keys]
        keys = [self.choice(known) for _ in range(self.dice.randint(0, 5))]
        if self.chance(2):
            return f"[{', '.join(self.given('ID!', key, literal(key)) for key in keys)}]"
        return self.given("[ID!]!", keys, literal(keys))


def literal(value: Any) -> str:
    """A value as GraphQL writes it in a document."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {literal(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if value in ENUMS:
        return str(value)
    return str(value) if isinstance(value, int | float) else '"' + str(value).replace('"', '\\"') + '"'


@dataclass(frozen=True)
class Document:
    """A valid document within the limits, its variables, and the fields that it reaches.

    `cursors` are variables to be given when it is asked again: each takes one of the cursors under the same key in the
    first answer, the one that stands at this share of them.
    """

    text: str
    variables: dict[str, Any]
    reached: frozenset[tuple[str, str]]
    cursors: dict[str, float]


def document(schema: GraphQLSchema, ids: dict[str, list[str]], dice: random.Random) -> Document:
    """The document that the dice make."""
    draft = Draft(schema, dice, ids)
    assert schema.query_type
    body = draft.selection(schema.query_type, 1)
    head = f"query({', '.join(draft.declared)}) " if draft.declared else ""
    return Document(
        "\n".join([head + body, *draft.fragments]), draft.variables, frozenset(draft.reached), draft.cursors
    )


def dices(*, shrinking: bool) -> st.SearchStrategy[random.Random]:
    """What documents are made with.

    When every throw is hypothesis's own, failing documents shrink; when only the first is, they are made thirty times
    as fast.
    """
    if shrinking:
        return st.randoms(use_true_random=False)
    return st.integers(0, 2**64 - 1).map(random.Random)


def readable(schema: GraphQLSchema) -> frozenset[tuple[str, str]]:
    """Every field that documents can reach from the roots of reading that compile."""
    draft = Draft(schema, random.Random(0), {})  # noqa: S311 - nothing is drawn
    found: set[tuple[str, str]] = set()
    waiting: list[Any] = [schema.query_type]
    seen: set[str] = set()
    while waiting:
        kind = waiting.pop()
        if kind.name in seen:
            continue
        seen.add(kind.name)
        if is_interface_type(kind):
            waiting.extend(one for one in schema.get_possible_types(kind) if not left_out(schema, kind, one))
            continue
        for name in kind.fields:
            if draft.fits(kind, name, 1):
                found.add((kind.name, name))
                named = get_named_type(kind.fields[name].type)
                waiting.extend([named] if is_composite_type(named) else [])
    return frozenset(found)


def left_out(schema: GraphQLSchema, kind: Any, one: Any) -> bool:
    return kind.name == "TimelineEntry" and one in unmade(schema)
