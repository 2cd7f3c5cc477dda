"""The schema once more, by plain resolvers over rows that the ORM loaded: slow, simple, and no part of the compiler.

It shares with the product the SDL, the public prefixes of ids and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any
from uuid import UUID

from graphql import GraphQLSchema, build_schema, execute_sync, parse

import models
from tests.schema.oracle_fields import RELATED, SPECIAL
from tests.schema.oracle_groups import FigureOf, Group, groups
from tests.schema.oracle_timeline import ENTRY_TYPES, entry_field
from tests.schema.oracle_values import CAP, DEFAULT_ORDERS, NAMES, TYPES, Entry, Page, cursor_of, cut, snake, wire
from tests.schema.oracle_wheres import holds, sought


class Oracle:
    """Answers documents from lists of rows."""

    def __init__(self, rows: dict[type[models.Record], list[Any]], sdl: str) -> None:
        self.rows = rows
        self.indexes: dict[tuple[type[models.Record], str], dict[Any, list[Any]]] = {}
        self.schema: GraphQLSchema = build_schema(sdl)
        entries: Any = self.schema.type_map["TimelineEntry"]
        entries.resolve_type = lambda value, info, _: ENTRY_TYPES[value.kind]
        for kind in ("Node",):
            self.schema.type_map[kind].resolve_type = lambda value, info, _: NAMES[type(value)]  # type: ignore[attr-defined]

    @classmethod
    async def load(cls, sdl: str) -> Oracle:
        return cls({model: await model.all() for model in TYPES.values()}, sdl)

    def answer(self, document: str, variables: dict[str, Any]) -> Any:
        result = execute_sync(self.schema, parse(document), variable_values=variables, field_resolver=self.resolve)
        assert not result.errors, result.errors
        return result.data

    # -- rows ---------------------------------------------------------------------------------------------------------

    def where(self, model: type[models.Record], **values: Any) -> list[Any]:
        (first, wanted), *others = values.items()
        index = self.indexes.get((model, first))
        if index is None:
            index = self.indexes[model, first] = {}
            for row in self.rows[model]:
                index.setdefault(getattr(row, first), []).append(row)
        return [row for row in index.get(wanted, ()) if all(getattr(row, name) == value for name, value in others)]

    def by_id(self, model: type[models.Record], key: UUID | None) -> Any:
        return next(iter(self.where(model, id=key)), None) if key else None

    def customer(self, key: UUID) -> Any:
        return self.by_id(models.Customer, key)

    def current(self, customer: Any) -> Any:
        run = self.where(models.ValueRun, is_current=True)[0]
        return next(iter(self.where(models.ValueSnapshot, run_id=run.id, customer_id=customer.id)), None)

    # -- resolving ----------------------------------------------------------------------------------------------------

    def resolve(self, source: Any, info: Any, **arguments: Any) -> Any:
        name, parent = info.field_name, info.parent_type.name
        if isinstance(source, Page):
            return self.of_page(source, name, arguments)
        if isinstance(source, dict):
            return source[name]
        if isinstance(source, Group | FigureOf):
            return source.field(name, arguments)
        if isinstance(source, Entry):
            return entry_field(self, source, name)
        special = SPECIAL.get((parent, name)) or SPECIAL.get(("*", name))
        if special:
            found = special(self, source, arguments)
        elif (snake(name) in source._meta.fk_fields) or (name == "customer"):
            model = RELATED.get(name) or TYPES[name[0].upper() + name[1:]]
            found = self.by_id(model, getattr(source, f"{snake(name)}_id"))
        else:
            found = wire(getattr(source, snake(name)), source, name)
        if not isinstance(found, Page) and str(info.return_type).rstrip("!").endswith("Connection"):
            return self.page(found, str(info.return_type).rstrip("!").removesuffix("Connection"), arguments)
        return found

    def of_page(self, page: Page, name: str, arguments: dict[str, Any]) -> Any:
        if name == "aggregate":
            return groups(self, page.rows, page.kind, arguments)
        if name == "nodes":
            return page.nodes
        if name == "edges":
            return [
                {"node": node, "cursor": cursor_of(place)} for place, node in enumerate(page.nodes, start=page.start)
            ]
        if name == "count":
            whole = bool(arguments.get("exact")) or page.total <= CAP
            return {"value": page.total if whole else CAP, "exact": whole}
        cursor = "cursor" if page.nodes else None
        return {"hasNextPage": page.after, "hasPreviousPage": page.before, "startCursor": cursor, "endCursor": cursor}

    def page(self, rows: Iterable[Any], kind: str, arguments: dict[str, Any]) -> Page:
        ordered = self.ordered(self.chosen(rows, kind, arguments), kind, arguments.get("orderBy"))
        return cut(ordered, kind, arguments)

    def chosen(self, rows: Iterable[Any], kind: str, arguments: dict[str, Any]) -> list[Any]:
        """The rows that a filter and a search leave."""
        where, search = arguments.get("where"), arguments.get("search")
        if where is not None:
            rows = [row for row in rows if holds(self, kind, where, row)]
        return [row for row in rows if search is None or sought(search, row)]

    def ordered(self, rows: list[Any], kind: str, given: list[dict[str, str]] | None) -> list[Any]:
        keys = [(one["field"].lower(), one["direction"] == "DESC", one["nulls"] == "FIRST") for one in given or ()]
        keys = keys or [(name, descending, False) for name, descending in DEFAULT_ORDERS[kind]]
        rows = sorted(rows, key=lambda row: row.id, reverse=bool(keys) and keys[-1][1])
        for name, descending, nulls_first in reversed(keys):
            with_value = [row for row in rows if self.sort_value(row, name) is not None]
            without = [row for row in rows if self.sort_value(row, name) is None]
            with_value.sort(key=lambda row, name=name: self.sort_value(row, name), reverse=descending)  # type: ignore[misc]
            rows = without + with_value if nulls_first else with_value + without
        return rows

    def sort_value(self, row: Any, name: str) -> Any:
        if isinstance(row, models.Customer) and name not in models.Customer._meta.db_fields:
            row = self.current(row)
        found = getattr(row, name) if row else None
        return found.value if isinstance(found, Enum) else found
