"""Holds what a field is compared with against the field: ranges, windows, currencies, codes, numbers of rows."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from crm import codes
from crm.rules.faults import RuleInvalid, clip
from crm.rules.fields import Field, FieldType
from crm.rules.tree import InSegment, Operator, Value
from crm.rules.values import Context, choice, day_range, time_of, time_range, typed
from crm.rules.windows import Direction, Moment, Window, bounds, day_bounds, find_zone, read_time


def readable(text: str | None, context: Context) -> bool:
    zone = find_zone(context.zone)
    return text is not None and zone is not None and read_time(text, zone) is not None


def check_window(window: Window, context: Context, *, anniversary: bool) -> None:
    if window.direction is Direction.BETWEEN:
        for side in (window.start, window.end):
            if side is not None and not readable(side, context):
                raise RuleInvalid(f"'{side[:60]}' is not a date or time such as 2026-03-21.")
    low, high = bounds(window, context.now, context.zone)
    if low and high and low >= high:
        raise RuleInvalid("The window ends before it begins; exchange its sides.")
    if anniversary:
        first, last = day_bounds(window, context.now, context.zone)
        if first is None or last is None or (last - first).days > 366:
            raise RuleInvalid("Anniversaries are asked within at most one year.")


def check_past(node: InSegment, context: Context) -> None:
    """Raise for membership at a time to come, or coming or going then, of which nobody knows yet."""
    if node.at is not None and time_of(node.at, context) > context.now:
        said = "This time" if isinstance(node.at, Moment) else f"'{clip(node.at)}'"
        raise RuleInvalid(
            f"{said} is yet to come, and nobody knows who will be in a segment then; "
            f"take a time up to now, or leave 'at' out for those who are in segment \"{clip(node.key)}\" now."
        )
    if node.window is not None:
        begin, _ = bounds(node.window, context.now, context.zone)
        if begin is not None and begin > context.now or node.window.direction is Direction.NEXT:
            raise RuleInvalid(
                f"This time is yet to come, and nobody knows who will have {node.presence} a segment by then; "
                "take a time up to now, such as 'last 30 days'."
            )


def _check_code(field: Field, code: str, said: object) -> None:
    """Raise for what can be no code of the kind, so that nobody waits for the customers of a country 'Iran'."""
    if field.choices:
        choice(field, code)
    elif field.key == "country" and code not in codes.countries():
        raise _unknown_code(field, said, 'codes of two letters such as "IR"', codes.country_called(code))
    elif field.key == "currency" and code not in codes.currencies():
        raise _unknown_code(field, said, 'codes of three letters such as "EUR"')
    elif field.key == "language" and re.split("[-_]", code)[0].lower() not in codes.languages():
        raise _unknown_code(field, said, 'codes such as "fa" or "en-GB"')
    elif field.key == "timeZone" and find_zone(code) is None:
        raise RuleInvalid(f"'{clip(code)}' is not a time zone; zones are named like 'Asia/Tehran'.")


def _unknown_code(field: Field, said: object, wanted: str, meant: str | None = None) -> RuleInvalid:
    hint = f" Did you mean '{meant}'?" if meant else ""
    return RuleInvalid(f"'{clip(said)}' does not fit '{field.key}', which holds {wanted}.{hint}")


def check_value(field: Field, operator: Operator, value: Value, context: Context) -> None:
    """Raise RuleInvalid for what the field's values can never be."""
    if isinstance(value, Window):
        _check_birthday(field, operator, value)
        return
    if field.type is FieldType.TIME:
        _not_empty(field, time_range(field, operator, value, context))
    elif field.type is FieldType.DATE:
        days = day_range(field, operator, value, context)
        if days.first and days.last and days.first > days.last:
            raise _impossible(field)
    else:
        items: list[Any] = [typed(field, item, context) for item in (value if isinstance(value, tuple) else (value,))]
        if field.type is FieldType.CODE and operator is not Operator.STARTS_WITH:
            for item, said in zip(items, value if isinstance(value, tuple) else (value,), strict=True):
                _check_code(field, item, said)
        _within_limits(field, items)
        _one_currency(field, value)
        if operator is Operator.BETWEEN and items[0] > items[1]:
            raise _impossible(field)


def _check_birthday(field: Field, operator: Operator, window: Window) -> None:
    """A birthday is the day of birth: in a window about now lie those of newborns, which nobody means."""
    if field.key == "birthday" and operator is Operator.WITHIN and window.direction in _ABOUT_NOW:
        raise RuleInvalid(
            "'birthday' is the day of birth itself; for its return each year write for example "
            "'birthday anniversary within next 7 days'."
        )


_ABOUT_NOW = (Direction.NEXT, Direction.THIS)


def _not_empty(field: Field, found: Any) -> None:
    if found.low and found.high and found.low >= found.high:
        raise _impossible(field)


def _one_currency(field: Field, value: Value) -> None:
    named = {getattr(item, "currency", None) for item in (value if isinstance(value, tuple) else (value,))}
    if len(named) > 1:
        raise RuleInvalid(f"'{field.key}' is compared with two currencies at once; write one.")
    for code in named - {None} - codes.currencies():
        raise RuleInvalid(f"'{code}' is no currency; amounts name theirs by its code: 500 EUR.")


def _within_limits(field: Field, numbers: list[Any]) -> None:
    """Raise for a number that no value reaches: above all for a share in percent, which would find nobody."""
    least, most = field.limits or (None, None)
    for number in numbers:
        if least is None or most is None or least <= number <= most:
            continue
        if (least, most) == (0, 1) and 1 < number <= 100:
            raise RuleInvalid(f"'{field.key}' is a share from 0 to 1: write {number / 100:f} for {number:f} %.")
        raise RuleInvalid(f"'{field.key}' lies between {least} and {most}, never at {number:f}.")


def _impossible(field: Field) -> RuleInvalid:
    return RuleInvalid(f"No '{field.key}' can be in this range: its least value is above its greatest.")


def check_count(value: Value) -> None:
    for item in value if isinstance(value, tuple) else (value,):
        number = Decimal(item) if isinstance(item, str | Decimal) else None
        if number is not None and (number < 0 or number != number.to_integral_value()):
            raise RuleInvalid(f"A number of rows is a whole number from 0, not {number:f}.")
