"""What a rule's literals mean for a field: typed Python values, and half-open ranges of time."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

from crm import ids
from crm.errors import CrmError
from crm.rules.faults import RuleInvalid, clip, nearest
from crm.rules.fields import Field, FieldType
from crm.rules.tree import Money, Operator, Scalar
from crm.rules.windows import TICK, Moment, Span, Window, bounds, day_bounds, moment, read_time
from crm.text import normalise

Typed = str | bool | int | Decimal | UUID

COMPLEMENTS: dict[Operator, Operator] = {Operator.NE: Operator.EQ, Operator.NOT_IN: Operator.IN}
"""Operators that hold exactly where another does not, missing values included."""


@dataclass(frozen=True, slots=True)
class Context:
    """What relative things are relative to: an aware time, an IANA zone, the base currency.

    `small_segments` holds the keys of segments with few members, whom a list takes one by one; `segments`, `stages` and
    `lifecycles` hold all the keys that there are.
    """

    now: datetime
    zone: str = "UTC"
    base_currency: str = "USD"
    small_segments: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    stages: frozenset[str] = frozenset()
    lifecycles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Range:
    """From `low` (included) to `high` (excluded); None is open."""

    low: datetime | None
    high: datetime | None


@dataclass(frozen=True, slots=True)
class Days:
    """From `first` to `last`, both included; None is open."""

    first: date | None
    last: date | None


def typed(field: Field, value: Scalar, context: Context) -> Typed:
    """A literal as the field's type compares it; amounts without their currency. Raises RuleInvalid."""
    return _READERS[field.type](field, value, context)


def _wrong(field: Field, value: Scalar, wanted: str) -> RuleInvalid:
    return RuleInvalid(f"'{field.key}' is compared with {wanted}, not {_shown(value)}.")


def _shown(value: Scalar) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f"'{clip(value)}'"
        case Money():
            return f"{value.amount:f} {value.currency}"
        case Decimal():
            return f"{value:f}"
        case Span():
            return "a length of time; for a moment write ago or ahead after it"
        case Moment():
            return "a moment"
        case _:
            assert_never(value)


def _text(field: Field, value: Scalar, context: Context) -> str:
    if not isinstance(value, str):
        raise _wrong(field, value, "a text")
    folded = normalise(value)
    if not folded:
        raise RuleInvalid(f"'{field.key}' cannot be compared with an empty text; write 'is empty'.")
    return folded


def _code(field: Field, value: Scalar, context: Context) -> str:
    if not isinstance(value, str) or not value:
        raise _wrong(field, value, "a text")
    return value.upper() if field.upper else value


def _enum(field: Field, value: Scalar, context: Context) -> str:
    if not isinstance(value, str):
        raise _wrong(field, value, "one of its values")
    return choice(field, value)


def choice(field: Field, value: str) -> str:
    """A value of a field that has its own few. Raises RuleInvalid for any other, with the nearest one."""
    if value not in field.choices:
        hint = nearest(value, list(field.choices)) or f" The values are {', '.join(field.choices[:20])}."
        raise RuleInvalid(f"'{clip(value)}' is not a value of '{field.key}'.{hint}")
    return value


def _number(field: Field, value: Scalar, context: Context) -> Decimal:
    number = _decimal(value)
    if number is None:
        raise _wrong(field, value, "a number")
    return number


def _decimal(value: Scalar) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str) or len(value) > 60:
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() and -60 < number.adjusted() < 60 else None


_PRICED = re.compile(r"-?[0-9.]{1,30} [A-Z]{3}")


_BASE = {
    "amount": ", or take baseAmount, which counts all of them in the base currency",
    "costOfGoods": ", or take baseCost, which counts all of them in the base currency",
}


def _money(field: Field, value: Scalar, context: Context) -> Decimal:
    if isinstance(value, Money):
        if field.currency is None and value.currency != context.base_currency:
            raise RuleInvalid(
                f"'{field.key}' is kept in {context.base_currency}; give the amount in {context.base_currency}, "
                f"not {value.currency}."
            )
        return value.amount
    number = _decimal(value)
    if number is None and isinstance(value, str) and _PRICED.fullmatch(value):
        raise RuleInvalid(
            f"'{field.key}' takes an amount and a currency, not a text: {value} without quotes in a rule's text, "
            f"{{amount: {value[:-4]}, currency: {value[-3:]}}} in its tree."
        )
    if number is None:
        raise _wrong(field, value, f"an amount such as 500 {context.base_currency}")
    if field.currency is not None:
        raise RuleInvalid(
            f"The currency is missing: '{field.key}' is kept in several; write {number:f} {context.base_currency}"
            f"{_BASE.get(field.key, '')}."
        )
    return number


def _boolean(field: Field, value: Scalar, context: Context) -> bool:
    if not isinstance(value, bool):
        raise _wrong(field, value, "true or false")
    return value


def _duration(field: Field, value: Scalar, context: Context) -> int:
    if not isinstance(value, Span):
        raise _wrong(field, value, "a duration such as 30 days")
    return value.seconds


def _id(field: Field, value: Scalar, context: Context) -> UUID:
    if not isinstance(value, str):
        raise _wrong(field, value, "an id")
    try:
        return ids.decode(field.prefix, value) if field.prefix else UUID(value)
    except (CrmError, ValueError) as error:
        raise RuleInvalid(error.message if isinstance(error, CrmError) else f"'{clip(value)}' is not an id.") from None


def _unranged(field: Field, value: Scalar, context: Context) -> Typed:
    raise AssertionError(f"{field.type} is compared by range")


_READERS: dict[FieldType, Callable[[Field, Scalar, Context], Typed]] = {
    FieldType.TEXT: _text,
    FieldType.CODE: _code,
    FieldType.ENUM: _enum,
    FieldType.NUMBER: _number,
    FieldType.MONEY: _money,
    FieldType.BOOLEAN: _boolean,
    FieldType.DURATION: _duration,
    FieldType.ID: _id,
    FieldType.DATE: _unranged,
    FieldType.TIME: _unranged,
}


# -- time ------------------------------------------------------------------------------------------------------------


def time_range(
    field: Field, operator: Operator, value: Scalar | tuple[Scalar, ...] | Window, context: Context
) -> Range:
    """The times for which a comparison holds. A bare date means its whole day in the zone."""
    if isinstance(value, Window):
        return Range(*bounds(value, context.now, context.zone))
    low, high = value if isinstance(value, tuple) else (value, value)
    begin, _ = _instants(field, low, context)
    _, end = _instants(field, high, context)
    first, _ = _instants(field, high, context)
    match operator:
        case Operator.LT:
            return Range(None, first)
        case Operator.LTE:
            return Range(None, end)
        case Operator.GT:
            return Range(end, None)
        case Operator.GTE:
            return Range(begin, None)
        case _:
            return Range(begin, end)


def _instants(field: Field, value: Scalar, context: Context) -> tuple[datetime, datetime]:
    """First instant of a literal, and the first one after it."""
    if isinstance(value, Moment):
        point = moment(value, context.now, context.zone)
        return point, point + TICK
    day = _day(value)
    zone = ZoneInfo(context.zone)
    if day is not None:
        start = datetime(day.year, day.month, day.day, tzinfo=zone)
        return start.astimezone(UTC), (start + timedelta(days=1)).astimezone(UTC)
    found = read_time(value, zone) if isinstance(value, str) else None
    if found is None:
        raise _wrong(field, value, "a date or time such as 2026-03-21 or 2026-03-21T09:00:00Z")
    return found, found + TICK


def _day(value: Scalar) -> date | None:
    if not isinstance(value, str) or len(value) != 10:
        return None
    try:
        found = date.fromisoformat(value)
    except ValueError:
        return None
    return found if 1 < found.year < 9999 else None


def day_range(field: Field, operator: Operator, value: Scalar | tuple[Scalar, ...] | Window, context: Context) -> Days:
    """The days for which a comparison holds."""
    if isinstance(value, Window):
        return Days(*day_bounds(value, context.now, context.zone))
    low, high = value if isinstance(value, tuple) else (value, value)
    first, last = _date(field, low, context), _date(field, high, context)
    match operator:
        case Operator.LT:
            return Days(None, last - timedelta(days=1))
        case Operator.LTE:
            return Days(None, last)
        case Operator.GT:
            return Days(first + timedelta(days=1), None)
        case Operator.GTE:
            return Days(first, None)
        case _:
            return Days(first, last)


def _date(field: Field, value: Scalar, context: Context) -> date:
    if isinstance(value, Moment):
        return moment(value, context.now, context.zone).astimezone(ZoneInfo(value.zone or context.zone)).date()
    found = _day(value)
    if found is None:
        raise _wrong(field, value, "a date such as 2026-03-21")
    return found


def instant(text: str, context: Context) -> datetime:
    """The UTC time of an ISO text; raises RuleInvalid for any other."""
    found = read_time(text, ZoneInfo(context.zone))
    if found is None:
        raise RuleInvalid(f"'{clip(text)}' is not a date or time such as 2026-03-21.")
    return found


def time_of(at: str | Moment, context: Context) -> datetime:
    """The UTC time of an ISO text or a moment; raises RuleInvalid for any other text."""
    return moment(at, context.now, context.zone) if isinstance(at, Moment) else instant(at, context)


# -- comparing -------------------------------------------------------------------------------------------------------


def holds(operator: Operator, value: Any, items: Sequence[Any]) -> bool:
    """A comparison of a present value."""
    return _HOLDS[operator](value, items)


_HOLDS: dict[Operator, Callable[[Any, Sequence[Any]], bool]] = {
    Operator.EQ: lambda value, items: bool(value == items[0]),
    Operator.LT: lambda value, items: value < items[0],
    Operator.LTE: lambda value, items: value <= items[0],
    Operator.GT: lambda value, items: value > items[0],
    Operator.GTE: lambda value, items: value >= items[0],
    Operator.IN: lambda value, items: value in items,
    Operator.BETWEEN: lambda value, items: items[0] <= value <= items[1],
    Operator.CONTAINS: lambda value, items: items[0] in value,
    Operator.STARTS_WITH: lambda value, items: value.startswith(items[0]),
    Operator.ENDS_WITH: lambda value, items: value.endswith(items[0]),
}
