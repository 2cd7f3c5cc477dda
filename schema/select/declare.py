"""How a Strawberry type states where its fields come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import strawberry
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import StrawberryTypeVar, get_object_definition
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType
from tortoise.models import Model

from crm.access import Scope
from schema.select.aggregate import AT, FIGURES, GROUP_BY, GROUP_ORDER, OF, SHARES
from schema.select.connection import PAGING, SEARCH, SORTING, WHERE, Connected, Grouped, Listed
from schema.select.inputs import Input
from schema.select.kinds import Kind
from schema.select.nodes import NodeById, NodesById
from schema.select.order import By, OrderKey
from schema.select.render import Ask
from schema.select.rows import Row
from schema.select.sources import (
    Chosen,
    Column,
    Computed,
    Elements,
    Embedded,
    Expression,
    Given,
    Many,
    MoneyOf,
    One,
    Part,
    Source,
)
from schema.select.types import SOURCE, TABLE, Table
from schema.select.wheres import NOUN_KEYS

T = TypeVar("T", bound=type)


class ReadField(StrawberryField):
    """A field that compiles. Under the executor it only hands over what the statement found."""

    node: Any = None

    @property
    def is_basic_field(self) -> bool:
        return False

    @property
    def arguments(self) -> list[StrawberryArgument]:
        if self._arguments is None:
            # Worked out when the schema is built, because only then are the types of other modules known.
            source: Source = self.metadata[SOURCE]
            node = source.node if isinstance(source, Grouped) else resolved(self.node) or node_type(self)
            declared = [argument.declared(node) for argument in self.inputs(node)]
            self._arguments = [argument for argument in declared if argument is not None]
        return self._arguments

    @arguments.setter
    def arguments(self, value: list[StrawberryArgument]) -> None:
        self._arguments = value

    @property
    def is_graphql_generic(self) -> bool:
        """Whether the field differs by the type of the nodes: by its own type, or only by its arguments."""
        if super().is_graphql_generic:
            return True
        settled = self.node is not None and not isinstance(self.node, StrawberryTypeVar)
        return not settled and any(argument.made for argument in self.metadata[SOURCE].inputs)

    def copy_with(self, type_var_map: Any) -> Any:
        """A field of a connection of certain nodes, whose arguments are of their type."""
        made = super().copy_with(type_var_map)
        made.node = type_var_map.get("Node")
        return made

    def inputs(self, node: Any) -> tuple[Input, ...]:
        source: Source = self.metadata[SOURCE]
        if not isinstance(source, Listed):
            return source.inputs
        table: Table = getattr(node, TABLE)
        where = (WHERE,) if table.model in NOUN_KEYS else ()
        search = (SEARCH,) if table.search else ()
        if isinstance(source, Connected):
            return (*source.inputs, *PAGING, *where, *search, SORTING)
        return (*source.inputs, *where, *search, GROUP_BY, GROUP_ORDER, FIGURES)

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Any:
        return info.context.answer(source, info)


def node_type(field: StrawberryField) -> Any:
    """The type of the nodes, for a field whose type is a connection."""
    definition: Any = get_object_definition(field.type)
    return resolved(definition.type_var_map.get("Node")) if definition else None


def resolved(node: Any) -> Any:
    """A type itself, where it may have been named only."""
    return node.resolve_type() if isinstance(node, LazyType) else node


def reads(
    model: type[Model],
    *,
    scope: Scope | None = None,
    customers: Sequence[str] = (),
    optional: bool = False,
    order: Sequence[By] = (),
    sorts: Sequence[OrderKey] = (),
    search: bool = False,
    beside: str = "",
    name: str | None = None,
    description: str | None = None,
) -> Callable[[T], T]:
    """A type whose values are rows of a model's table. See `Table` for the parameters."""

    def decorate(cls: T) -> T:
        table = Table(model, scope, tuple(customers), optional, tuple(order), tuple(sorts), search, beside)
        setattr(cls, TABLE, table)
        made: T = strawberry.type(cls, name=name, description=description or cls.__doc__)
        return made

    return decorate


def _field(source: Source, description: str | None = None) -> Any:
    return ReadField(metadata={SOURCE: source}, description=description)


def column(
    name: str | None = None, *, scope: Scope | None = None, whole: bool = False, description: str | None = None
) -> Any:
    """A column of the row; by default the one of the field's own name. `whole` figures tell of all customers."""
    return _field(Column(scope=scope, name=name, whole=whole), description)


def sql(template: str, kind: Kind = Kind.TEXT, *, scope: Scope | None = None, description: str | None = None) -> Any:
    """An SQL expression over the row `t`, as in `"{t.answered_at} - {t.occurred_at}"`."""
    return _field(Expression(scope=scope, template=template, kind=kind), description)


def computed(
    make: Callable[[Row, Ask], str], *inputs: Input, scope: Scope | None = None, description: str | None = None
) -> Any:
    """An SQL expression made by a function of the row and the field's arguments."""
    return _field(Computed(scope=scope, inputs=inputs, make=make), description)


def given(read: Callable[[Any], Any], cast: str = "text", *, description: str | None = None) -> Any:
    """A value that comes with the request: `read` takes the actor."""
    return _field(Given(read=read, cast=cast), description)


def embedded(when: str | None = None, *, scope: Scope | None = None, description: str | None = None) -> Any:
    """An object made of columns of the same row; null unless the condition holds."""
    return _field(Embedded(scope=scope, when=when), description)


def money(
    amount: str, currency: str, *, nullable: bool = False, scope: Scope | None = None, description: str | None = None
) -> Any:
    """An amount with its currency, both as expressions over the row `t`."""
    return _field(MoneyOf(scope=scope, amount=amount, currency=currency, nullable=nullable), description)


def one(by: str | Chosen, *inputs: Input, scope: Scope | None = None, description: str | None = None) -> Any:
    """One row of another table: of a relation by its name in the model, or chosen by a function."""
    return _field(One(scope=scope, inputs=inputs, by=by), description)


def many(
    by: str | Chosen,
    *inputs: Input,
    order: str = "",
    about: int = 5,
    scope: Scope | None = None,
    description: str | None = None,
) -> Any:
    """All rows of a relation, where they are few by nature; `order` is over the row `t`."""
    return _field(Many(scope=scope, inputs=inputs, by=by, order=order, about=about), description)


def connection(
    by: str | Chosen,
    *inputs: Input,
    order: Sequence[By] = (),
    scope: Scope | None = None,
    description: str | None = None,
) -> Any:
    """Rows of another table in pages, with filter and order."""
    return _field(Connected(scope=scope, inputs=inputs, by=by, order=tuple(order)), description)


def elements(
    source: str, *, order: str = "", scope: Scope | None = None, whole: bool = False, description: str | None = None
) -> Any:
    """Objects made by a FROM clause over the row `t`; their columns are those that it names. `whole`: as of columns."""
    return _field(Elements(scope=scope, whole=whole, source=source, order=order), description)


def part(description: str | None = None) -> Any:
    """A field that the source of the object above it renders by itself."""
    return _field(Part(), description)


def aggregated(description: str) -> Any:
    """The groups of a connection."""
    return _field(Part(inputs=(GROUP_BY, GROUP_ORDER, FIGURES)), description)


def percentile(description: str) -> Any:
    """A percentile of a figure."""
    return _field(Part(inputs=(AT,)), description)


def folded(description: str) -> Any:
    """One number over the rows of a group."""
    return _field(Part(inputs=(OF,)), description)


def percentiles(description: str) -> Any:
    """Several percentiles of a figure over the rows of a group."""
    return _field(Part(inputs=(OF, SHARES)), description)


def grouped(node: type, by: str | Chosen, *inputs: Input, description: str | None = None) -> Any:
    """Groups of the rows behind a type, without the rows."""
    return _field(Grouped(inputs=inputs, by=by, node=node), description)


def counted(description: str) -> Any:
    """The count of a connection."""
    exact = Input("exact", bool, "Count all rows, however many.", default=False)
    return _field(Part(inputs=(exact,)), description)


def node_by_id(description: str) -> Any:
    """A record of any kind."""
    return _field(NodeById(inputs=(Input("id", strawberry.ID),)), description)


def nodes_by_id(description: str) -> Any:
    """Records of any kind."""
    return _field(NodesById(inputs=(Input("ids", list[strawberry.ID]),)), description)
