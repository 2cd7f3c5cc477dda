"""The orders that clients can ask for: made from the fields of a type, so that none is forgotten."""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any

import strawberry
from strawberry.types.base import get_object_definition

from schema.select.custom import CUSTOM_FIELD, has_custom_fields
from schema.select.types import SOURCE, TABLE, Table

if TYPE_CHECKING:
    from schema.select.order import OrderKey


@strawberry.enum(description="The direction of an order.")
class Direction(Enum):
    ASC = "ASC"
    DESC = "DESC"


@strawberry.enum(description="Where rows without a value stand in an order.")
class Nulls(Enum):
    FIRST = "FIRST"
    LAST = "LAST"


@cache
def sort_keys(node: type) -> dict[str, OrderKey]:
    """What lists of a type can be ordered by, by name."""
    table: Table = getattr(node, TABLE)
    definition = get_object_definition(node, strict=True)
    found = [
        source.sort(table.model, field.python_name)
        for field in definition.fields
        if (source := field.metadata.get(SOURCE)) is not None
    ]
    return {key.name: key for key in [*filter(None, found), *table.sorts]}


@cache
def sort_list(node: type) -> Any:
    """The type of `orderBy` for lists of a type."""
    name = get_object_definition(node, strict=True).name
    custom = has_custom_fields(getattr(node, TABLE).model)
    members = {key: key for key in [*sort_keys(node), *([CUSTOM_FIELD] if custom else [])]}
    keys: Any = Enum(f"{name}SortField", members)  # type: ignore[misc]
    fields = strawberry.enum(keys, description=f"What {name} lists can be ordered by.")
    body: dict[str, Any] = {
        "__annotations__": {"field": fields, "direction": Direction, "nulls": Nulls},
        "direction": Direction.ASC,
        "nulls": Nulls.LAST,
    }
    if custom:
        body["__annotations__"]["key"] = str | None
        body["key"] = strawberry.field(default=None, description="The key of the custom field, for CUSTOM_FIELD.")
    made = type(f"{name}Sort", (), body)
    sort = strawberry.input(made, description=f"One key of an order of {name} rows.")
    return list[sort] | None  # type: ignore[valid-type]
