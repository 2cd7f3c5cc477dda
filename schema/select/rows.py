"""Names of tables and columns, from Tortoise's metadata."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tortoise.fields.relational import BackwardFKRelation, ForeignKeyFieldInstance
from tortoise.models import Model

from crm.ids import PREFIXES
from schema.select.kinds import Kind, kind_of


def quoted(name: str) -> str:
    return f'"{name}"'


def table_of(model: type[Model]) -> str:
    return quoted(model._meta.db_table)


def prefix_of(model: type[Model]) -> str | None:
    """What public ids of this noun begin with."""
    return PREFIXES.get(model._meta.db_table)


def column_of(model: type[Model], name: str) -> str:
    """The quoted column behind a model's field; raises KeyError for a field that the model lacks."""
    return quoted(model._meta.fields_map[name].source_field or name)


def kind_of_column(model: type[Model], name: str) -> Kind:
    return kind_of(model._meta.fields_map[name])


def is_nullable(model: type[Model], name: str) -> bool:
    return bool(model._meta.fields_map[name].null)


@dataclass(frozen=True, slots=True)
class Row:
    """A row in scope of a statement: `row.city` is the SQL of its column, as in `t1."city"`.

    Without a model its columns are those of a subquery, and any name is taken.
    """

    alias_: str
    model_: type[Model] | None = None
    names_: dict[str, str] = field(default_factory=dict, compare=False)

    def __getattr__(self, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        found = self.names_.get(name)
        if found is None:
            column = column_of(self.model_, name) if self.model_ else quoted(name)
            found = self.names_[name] = f"{self.alias_}.{column}"
        return found


@dataclass(frozen=True, slots=True)
class Link:
    """How rows of two tables belong together: the column here equals the column there."""

    here: str
    there: str
    model: type[Model]


def link(model: type[Model], relation: str) -> Link:
    """The link behind a relation of a model, in either direction."""
    found: Any = model._meta.fields_map[relation]
    if isinstance(found, ForeignKeyFieldInstance):
        return Link(here=str(found.source_field), there="id", model=found.related_model)
    if isinstance(found, BackwardFKRelation):
        return Link(here="id", there=found.relation_source_field or found.relation_field, model=found.related_model)
    raise TypeError(f"{model.__name__}.{relation} is not a relation that compiles.")
