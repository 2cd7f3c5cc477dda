"""The small pieces of a rule's text: literals read off tokens, and the arguments of calls sorted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from lark import Token
from lark.tree import Meta

from crm.rules.faults import RuleInvalid, clip, nearest, string_fault
from crm.rules.tree import (
    VERBS,
    Function,
    Node,
    Path,
    Place,
    Quantifier,
    Scalar,
    Value,
)
from crm.rules.windows import Unit, Window, fault

MAX_DIGITS = 60


def place_of(meta: Meta) -> Place:
    return Place(meta.line, meta.column)


def string_of(token: Token) -> str:
    place = Place(token.line or 1, token.column or 1)
    try:
        text = json.loads(token, strict=False)
    except ValueError:
        raise RuleInvalid(
            "This text has a backslash that JSON does not know; write \\\\ for one.", place=place
        ) from None
    wrong = string_fault(text)
    if wrong:
        raise RuleInvalid(wrong, place=place)
    return str(text)


def optional_string(token: Token | None) -> str | None:
    return None if token is None else string_of(token)


def decimal_of(token: Token) -> Decimal:
    if len(token) > MAX_DIGITS:
        raise RuleInvalid(f"A number has at most {MAX_DIGITS} digits.", place=Place(token.line or 1, token.column or 1))
    return Decimal(str(token))


def unit_of(token: Token) -> Unit:
    return Unit(token.upper().removesuffix("S"))


def count_of(token: Token, unit: Unit, *, least: int) -> int:
    place = Place(token.line or 1, token.column or 1)
    number = decimal_of(token)
    if number != number.to_integral_value():
        raise RuleInvalid(f"{token} is not a whole number of {unit.lower()}s.", place=place)
    wrong = fault(int(number), unit, least=least)
    if wrong:
        raise RuleInvalid(wrong, place=place)
    return int(number)


class PathArgument(tuple[str, ...]):
    """A bare path inside a call."""


class TextArgument(str):
    """A bare text inside a call."""


def filled(found: Sequence[Scalar] | None, meta: Meta) -> Value:
    if not found:
        raise RuleInvalid("An empty list matches nothing; give at least one value.", place=place_of(meta))
    return tuple(found)


def bare_fault(verb: str) -> str:
    if verb in VERBS:
        return f"'{verb}' is compared with nothing; add an operator and a value, such as >= 2."
    return (
        f"'{clip(verb)}' is not known here; rows are asked with some, none or every.{nearest(verb, list(Quantifier))}"
    )


def call_fault(verb: str) -> str:
    if verb in VERBS:
        return f"'{verb}' is a condition by itself and is not compared."
    known = list(Function)
    return f"'{clip(verb)}' is not a function; the functions are {', '.join(known)}.{nearest(verb, list(known))}"


def check_field(verb: str, field: Path | None, place: Place) -> None:
    if verb == Function.COUNT and field:
        raise RuleInvalid("'count' takes no field.", place=place)
    if verb != Function.COUNT and not field:
        raise RuleInvalid(f"'{verb}' needs a field first, such as {verb}(amount).", place=place)
    if field and len(field) > 1:
        raise RuleInvalid(f"'{verb}' takes a field of the row itself, not '{'.'.join(field)}'.", place=place)


def sorted_arguments(found: tuple[Any, ...], place: Place) -> tuple[Path | None, Window | None, Node | None]:
    """Sort a call's arguments into field, window and rule, each at most once."""
    slots: list[Any] = [None, None, None]
    for argument in found:
        slot = 0 if isinstance(argument, PathArgument) else 1 if isinstance(argument, Window) else 2
        if slots[slot] is not None or isinstance(argument, TextArgument):
            raise RuleInvalid("A call takes a field, a window and a rule, each at most once.", place=place)
        slots[slot] = argument
    field = tuple(slots[0]) if slots[0] is not None else None
    return field, slots[1], slots[2]
