"""The kinds of value that columns hold: how each is written into the response and read back from a cursor."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, auto
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.base import Field


class Kind(Enum):
    """What a value is."""

    ID = auto()
    TEXT = auto()
    INT = auto()
    FLOAT = auto()
    BOOLEAN = auto()
    DECIMAL = auto()
    INSTANT = auto()
    DATE = auto()
    JSON = auto()
    LIST = auto()


# Times are written with a fixed number of digits and Z, whatever the time zone of the session.
INSTANT = """to_char({x} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""

WRITTEN: dict[Kind, str] = {
    Kind.INSTANT: INSTANT,
    # Decimals are strings in JSON, as numbers there are floats to most readers; 10.5000 is written 10.5.
    Kind.DECIMAL: "trim_scale({x})::text",
    Kind.DATE: "({x})::text",
}

CASTS: dict[Kind, str] = {
    Kind.ID: "uuid",
    Kind.TEXT: "text",
    Kind.INT: "bigint",
    Kind.FLOAT: "float8",
    Kind.BOOLEAN: "boolean",
    Kind.DECIMAL: "numeric",
    Kind.INSTANT: "timestamptz",
    Kind.DATE: "date",
    Kind.JSON: "jsonb",
    Kind.LIST: "text[]",
}

_FIELDS: tuple[tuple[type[Any], Kind], ...] = (
    (fields.UUIDField, Kind.ID),
    (fields.BooleanField, Kind.BOOLEAN),
    (fields.DatetimeField, Kind.INSTANT),
    (fields.DateField, Kind.DATE),
    (fields.DecimalField, Kind.DECIMAL),
    (fields.FloatField, Kind.FLOAT),
    (fields.JSONField, Kind.JSON),
    (ArrayField, Kind.LIST),
    (fields.IntField, Kind.INT),
    (fields.BigIntField, Kind.INT),
    (fields.SmallIntField, Kind.INT),
    (fields.CharField, Kind.TEXT),
    (fields.TextField, Kind.TEXT),
)

SORTABLE: frozenset[Kind] = frozenset(Kind) - {Kind.ID, Kind.JSON, Kind.LIST}


def kind_of(field: Field[Any]) -> Kind:
    """The kind of a model's field."""
    for cls, kind in _FIELDS:
        if isinstance(field, cls):
            return kind
    raise TypeError(f"{field!r} has no place in the API yet; add it to the table in {__name__}.")


def written(kind: Kind, sql: str) -> str:
    """The expression that puts a value into JSON."""
    template = WRITTEN.get(kind)
    return template.format(x=sql) if template else sql


def _instant(text: object) -> datetime:
    moment = datetime.fromisoformat(str(text))
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return moment


def _exactly(cls: type[Any]) -> Callable[[object], Any]:
    def read(value: object) -> Any:
        if type(value) is not cls:
            raise ValueError(f"not {cls.__name__}")
        return value

    return read


def _integer(value: object) -> int:
    if type(value) is not int or abs(value) >= 2**63:
        raise ValueError("not an integer of 64 bits")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("not a number")
    return float(value)


def _decimal(value: object) -> Decimal:
    if not isinstance(value, str) or len(value) > 200:
        raise ValueError("not a decimal")
    return Decimal(value)


READ: dict[Kind, Callable[[object], Any]] = {
    Kind.ID: lambda value: UUID(str(value)),
    Kind.TEXT: _exactly(str),
    Kind.INT: _integer,
    Kind.FLOAT: _number,
    Kind.BOOLEAN: _exactly(bool),
    Kind.DECIMAL: _decimal,
    Kind.INSTANT: _instant,
    Kind.DATE: lambda value: date.fromisoformat(str(value)),
}
"""How a value in a cursor becomes a parameter; each raises ValueError or ArithmeticError for a forged one."""
