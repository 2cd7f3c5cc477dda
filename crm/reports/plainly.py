"""Dataclasses back from JSON: each value as the kind that the field's annotation names."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

T = TypeVar("T")

_READERS: dict[Any, Callable[[Any], Any]] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    Decimal: Decimal,
    UUID: UUID,
    float: float,
}


def restored(kind: type[T], row: dict[str, Any]) -> T:
    """The dataclass whose fields `asdict` told, and JSON kept."""
    hints = _hints(kind)  # type: ignore[arg-type]
    return kind(**{name: _value(hints[name], value) for name, value in row.items()})


@cache
def _hints(kind: Hashable) -> dict[str, Any]:
    return get_type_hints(kind)


def _value(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    if get_origin(kind) in (UnionType, Union):
        kind = next(one for one in get_args(kind) if one is not type(None))
    if get_origin(kind) is list:
        return [_value(get_args(kind)[0], one) for one in value]
    if is_dataclass(kind) and isinstance(kind, type):
        return restored(kind, value)
    if kind in _READERS:
        return _READERS[kind](value)
    return kind(value) if isinstance(kind, type) and issubclass(kind, Enum) else value
