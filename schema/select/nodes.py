"""Records of any kind, by their ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from graphql import GraphQLObjectType, GraphQLSchema, is_object_type

from crm.errors import ValidationFailed
from crm.ids import split
from schema.select.limits import MAX_LIST
from schema.select.render import Ask
from schema.select.rows import Row, prefix_of, table_of
from schema.select.sources import Source, columns_of, enter, object_of, visible
from schema.select.types import TABLE, origin_of


@lru_cache(maxsize=4)
def kinds_by_prefix(schema: GraphQLSchema) -> dict[str, GraphQLObjectType]:
    """The type behind each prefix of public ids, for all types that are nodes."""
    node = schema.type_map["Node"]
    found = {}
    for kind in schema.type_map.values():
        if is_object_type(kind) and node in kind.interfaces:
            prefix = prefix_of(getattr(origin_of(kind), TABLE).model)
            assert prefix, f"{kind.name} has no prefix in crm.ids"
            found[prefix] = kind
    return found


def _prefix(value: Any) -> str:
    return str(value).partition("_")[0]


@dataclass(frozen=True, kw_only=True)
class NodeById(Source):
    """The record that an id belongs to; its kind decides the statement."""

    def render(self, ask: Ask, row: Row) -> str:
        prefix, _ = split(str(ask.value("id", freeze=_prefix)))
        kind = kinds_by_prefix(ask.selected.spread.schema).get(prefix)
        ask.render.charge(1)
        if kind is None:
            return "NULL::json"
        table = enter(ask, kind)
        target = ask.render.row(table.model)
        key = ask.bound("id", "uuid", lambda value: split(str(value))[1])
        where = " AND ".join([f"{target.id} = {key}", *visible(ask.render, table, target)])
        columns = columns_of(ask.render, kind, ask.selected.on(kind), target)
        return (
            f'(SELECT row_to_json("{{}}") FROM (SELECT {columns} FROM {table_of(table.model)} {target.alias_} '
            f'WHERE {where}) "{{}}")'
        )


def _kinds(ids: Sequence[Any]) -> tuple[Any, ...]:
    return (len(ids), *sorted({_prefix(value) for value in ids}))


def _same(ids: Sequence[Any]) -> list[str]:
    """The ids in the form in which the database writes them."""
    found = []
    for number, text in enumerate(ids):
        prefix, key = split(str(text), path=("ids", str(number)))
        found.append(f"{prefix}_{key}")
    return found


@dataclass(frozen=True, kw_only=True)
class NodesById(Source):
    """The records that ids belong to, in the order of the ids; null where there is none."""

    def render(self, ask: Ask, row: Row) -> str:
        ids = ask.value("ids", freeze=_kinds)
        if len(ids) > MAX_LIST:
            raise ValidationFailed(f"'ids' holds {len(ids)} ids; at most {MAX_LIST}.", path=("ids",))
        prefixes = sorted({split(str(text), path=("ids",))[0] for text in ids})
        known = kinds_by_prefix(ask.selected.spread.schema)
        with ask.render.repeated(len(ids)):
            ask.render.charge(1)
            found = [self.kind_sql(ask, prefix, known[prefix]) for prefix in prefixes if prefix in known]
        if not found:
            found = ["SELECT NULL::text AS id, NULL::json AS found"]
        given = ask.bound("ids", "text[]", _same)
        return (
            f"(SELECT coalesce(json_agg(x.found ORDER BY k.n), '[]') FROM unnest({given}) WITH ORDINALITY k(id, n) "
            f"LEFT JOIN ({' UNION ALL '.join(found)}) x ON x.id = k.id)"
        )

    def kind_sql(self, ask: Ask, prefix: str, kind: GraphQLObjectType) -> str:
        table = enter(ask, kind)
        target = ask.render.row(table.model)

        def keys(ids: Sequence[Any]) -> list[UUID]:
            return [key for found, key in map(split, map(str, ids)) if found == prefix]

        where = " AND ".join(
            [f"{target.id} = ANY({ask.bound('ids', 'uuid[]', keys)})", *visible(ask.render, table, target)]
        )
        made = object_of(ask.render, kind, target, ask.selected)
        return (
            f"SELECT '{prefix}_' || {target.id} AS id, {made} AS found FROM {table_of(table.model)} {target.alias_} "
            f"WHERE {where}"
        )
