"""What the compiler knows of a GraphQL type: the table behind it and the source behind each of its fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import GraphQLNamedType
from strawberry.schema.schema_converter import GraphQLCoreConverter
from tortoise.models import Model

from crm.access import Scope

if TYPE_CHECKING:
    from schema.select.order import By, OrderKey

SOURCE = "reads"
TABLE = "__reads__"


@dataclass(frozen=True)
class Table:
    """What a type reads: its model, the scope to see any of it, and how its rows belong to customers.

    `customers` names the columns that hold customers' ids: a row exists for an actor when all of these customers do.
    `optional` rows may also belong to nobody. `beside` is joined to the row wherever its columns are read.
    """

    model: type[Model]
    scope: Scope | None = None
    customers: tuple[str, ...] = ()
    optional: bool = False
    order: tuple[By, ...] = ()
    sorts: tuple[OrderKey, ...] = ()
    search: bool = False
    beside: str = ""


def origin_of(kind: GraphQLNamedType) -> Any:
    """The class that a GraphQL type was made from."""
    definition = kind.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return getattr(definition, "origin", None)


def table_or_none(kind: GraphQLNamedType) -> Table | None:
    found: Table | None = getattr(origin_of(kind), TABLE, None)
    return found


def table_behind(kind: GraphQLNamedType) -> Table:
    """The table of a type; raises TypeError for a type that has none."""
    found = table_or_none(kind)
    if found is None:
        raise TypeError(f"{kind.name} reads no table.")
    return found
