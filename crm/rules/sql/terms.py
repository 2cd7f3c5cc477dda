"""The pieces of a predicate: parameters, names, operators and types in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from crm.rules.check import COUNT
from crm.rules.fields import (
    Field,
    FieldType,
)
from crm.rules.tree import (
    Function,
    Money,
    Operator,
    Value,
)
from crm.rules.values import COMPLEMENTS

NORMAL = "arzesh_normal"
"""The database's function that brings text into the normal form of `crm.text.normalise`."""


class Binder(Protocol):
    """Takes a value and gives the placeholder that stands for it, cast to the type: `$3::text[]`."""

    def bind(self, value: Any, sql_type: str) -> str: ...


@dataclass(slots=True)
class Parameters:
    """A binder that numbers its parameters from `first`; equal values are not merged, so that the text is stable."""

    first: int = 1
    values: list[Any] = field(default_factory=list)

    def bind(self, value: Any, sql_type: str) -> str:
        self.values.append(value)
        return f"${self.first + len(self.values) - 1}::{sql_type}"


class Shape(StrEnum):
    """EACH suits one customer: figures are looked up row by row. SET suits a pass over everybody: figures are grouped
    once and joined. LIST suits a page: as EACH, but of a small segment the members are taken and ordered, for walking
    in order until fifty of a few have been met would walk over everybody. All hold for the same rows."""

    EACH = "EACH"
    SET = "SET"
    LIST = "LIST"


def name(identifier: str) -> str:
    """An identifier of the catalogue, quoted."""
    escaped = identifier.replace('"', '""')
    return f'"{escaped}"'


COMPARISONS: dict[Operator, str] = {
    Operator.EQ: "=",
    Operator.LT: "<",
    Operator.LTE: "<=",
    Operator.GT: ">",
    Operator.GTE: ">=",
}
PATTERNS: dict[Operator, str] = {
    Operator.CONTAINS: "%{}%",
    Operator.STARTS_WITH: "{}%",
    Operator.ENDS_WITH: "%{}",
}
FLIPPED: dict[Operator, Operator] = {
    Operator.LT: Operator.GT,
    Operator.LTE: Operator.GTE,
    Operator.GT: Operator.LT,
    Operator.GTE: Operator.LTE,
}
CUSTOM: dict[FieldType, tuple[str, str]] = {
    FieldType.NUMBER: ("number", "numeric"),
    FieldType.BOOLEAN: ("boolean", "boolean"),
    FieldType.TEXT: ("string", "text"),
    FieldType.ENUM: ("string", "text"),
    FieldType.DATE: ("string", "date"),
}
SQL_TYPES: dict[FieldType, str] = {
    FieldType.TEXT: "text",
    FieldType.CODE: "text",
    FieldType.ENUM: "text",
    FieldType.MONEY: "numeric",
    FieldType.BOOLEAN: "boolean",
    FieldType.ID: "uuid",
}
AGGREGATES: dict[Function, str] = {
    Function.COUNT: "count(*)",
    Function.SUM: "coalesce(sum({}), 0)",
    Function.AVG: "avg({})",
    Function.MIN: "min({})",
    Function.MAX: "max({})",
}
PRESENCE: dict[tuple[Operator, int], bool] = {
    (Operator.GTE, 1): True,
    (Operator.GT, 0): True,
    (Operator.EQ, 0): False,
    (Operator.LT, 1): False,
    (Operator.LTE, 0): False,
}
ORDERS: dict[Function, str] = {Function.FIRST: "ASC", Function.LAST: "DESC"}
ZERO = (Function.COUNT, Function.SUM)


def strict(operator: Operator, value: Value, negate: bool) -> tuple[Operator, Value, bool]:
    """An operator that is false for a missing value, and whether its opposite is asked."""
    if operator is Operator.IS_EMPTY:
        return operator, False, negate != (value is True)
    if operator in COMPLEMENTS:
        return COMPLEMENTS[operator], value, not negate
    return operator, value, negate


def presence_asked(field: Field, operator: Operator, value: Value) -> bool | None:
    """True when a count asks whether there are rows, False when it asks that there are none, None otherwise."""
    if field is not COUNT:
        return None
    if not isinstance(value, str | Decimal):
        return None
    return PRESENCE.get((operator, int(Decimal(value))))


def currency_of(field: Field, value: Value) -> str | None:
    """The currency that limits the rows, for amounts that are kept in several."""
    first = value[0] if isinstance(value, tuple) else value
    return first.currency if field.currency is not None and isinstance(first, Money) else None


def whole(field: Field, items: list[Any]) -> list[Any]:
    """Whole numbers for whole columns, so that an index on the column serves."""
    if field.type is not FieldType.NUMBER or field.sql_type not in ("smallint", "int", "bigint"):
        return items
    whole = all(item == item.to_integral_value() and abs(item) < 2**63 for item in items)
    return [int(item) for item in items] if whole else items


def sql_type_of(field: Field, items: Sequence[Any]) -> str:
    if field.type is not FieldType.NUMBER:
        return SQL_TYPES[field.type]
    return "bigint" if all(isinstance(item, int) for item in items) else "numeric"


def escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
