"""Values and windows in the JSON form of a rule, in both directions, and the checks of its shapes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from crm.rules.faults import (
    MAX_LIST,
    RuleInvalid,
    clip,
    nearest,
    spoken,
    string_fault,
)
from crm.rules.tree import (
    VERBS,
    Money,
    Operator,
    Scalar,
    Value,
)
from crm.rules.windows import Direction, Moment, Span, Unit, Window, fault

JsonPath = tuple[str, ...]
OPERATORS: frozenset[str] = frozenset(Operator)
WINDOWED = (Operator.WITHIN, Operator.ANNIVERSARY)
LISTED = (Operator.IN, Operator.NOT_IN)
MAX_DIGITS = 60


def value_to_json(value: Value) -> Any:
    match value:
        case tuple():
            return [_scalar_to_json(item) for item in value]
        case Window():
            return window_to_json(value)
        case _:
            return _scalar_to_json(value)


def _scalar_to_json(value: Scalar) -> Any:
    match value:
        case bool() | str():
            return value
        case Decimal():
            return number_to_json(value)
        case Money():
            return {"amount": format(value.amount, "f"), "currency": value.currency}
        case Span():
            return {"span": value.count, "unit": value.unit.value}
        case Moment():
            way = "ahead" if value.count > 0 else "ago"
            return {way: abs(value.count), "unit": value.unit.value} | _window_marks(value)


def number_to_json(number: Decimal) -> Any:
    """A JSON number where it is exact in every reader, otherwise {"number": "…"}."""
    if number == number.to_integral_value() and abs(number) < 2**53:
        return int(number)
    if Decimal(repr(float(number))) == number and abs(number) < 10**15:
        return float(number)
    return {"number": format(number, "f")}


def window_to_json(window: Window) -> dict[str, Any]:
    match window.direction:
        case Direction.BETWEEN:
            sides = {"from": window.start, "to": window.end}
            body: dict[str, Any] = {key: side for key, side in sides.items() if side is not None}
        case Direction.THIS | Direction.PREVIOUS:
            body = {window.direction.value: window.unit.value}
        case _:
            body = {window.direction.value: window.count, "unit": window.unit.value}
    return body | _window_marks(window)


def _window_marks(part: Window | Moment) -> dict[str, Any]:
    whole = {"whole": True} if part.whole else {}
    return whole | ({"zone": part.zone} if part.zone is not None else {})


def read_mapping(data: Any, at: JsonPath) -> dict[str, Any]:
    if data is None:
        raise RuleInvalid("Null is no condition; leave the key out, or ask with isEmpty.", path=at)
    if not isinstance(data, dict):
        raise RuleInvalid(f"An object with operators or fields belongs here, not {spoken(data)}.", path=at)
    return data


def refuse_unknown(body: dict[str, Any], known: frozenset[str] | set[str], at: JsonPath) -> None:
    for key in body:
        if key not in known:
            raise RuleInvalid(f"'{clip(key)}' is not known here.{nearest(str(key), list(known))}", path=(*at, str(key)))


def refuse_mixture(words: set[str], at: JsonPath) -> None:
    strange = sorted(words - OPERATORS - VERBS)
    if strange and len(strange) < len(words):
        known = [*OPERATORS, *VERBS]
        raise RuleInvalid(
            f"'{clip(strange[0])}' is neither an operator nor a verb.{nearest(strange[0], known)}",
            path=(*at, strange[0]),
        )
    if words and not strange:
        raise RuleInvalid("Operators and verbs cannot stand in one object.", path=at)


def read_text(data: Any, at: JsonPath, *, empty: bool = False) -> str:
    if not isinstance(data, str) or not (data or empty):
        raise RuleInvalid(f"A text belongs here, not {spoken(data)}.", path=at)
    wrong = string_fault(data)
    if wrong:
        raise RuleInvalid(wrong, path=at)
    return data


def read_optional_text(data: Any, at: JsonPath) -> str | None:
    return None if data is None else read_text(data, at)


def read_value(operator: Operator, data: Any, at: JsonPath) -> Value:
    if operator in WINDOWED:
        return read_window(data, at)
    if operator is Operator.IS_EMPTY:
        if not isinstance(data, bool):
            raise RuleInvalid("isEmpty takes true or false.", path=at)
        return data
    if operator in LISTED or operator is Operator.BETWEEN:
        return _values(operator, data, at)
    return _scalar(data, at)


def _values(operator: Operator, data: Any, at: JsonPath) -> tuple[Scalar, ...]:
    if not isinstance(data, list):
        raise RuleInvalid(f"'{operator}' takes a list.", path=at)
    if operator is Operator.BETWEEN and len(data) != 2:
        raise RuleInvalid("'between' takes two values: the least and the greatest.", path=at)
    if not data:
        raise RuleInvalid(f"An empty list matches nothing; give '{operator}' at least one value.", path=at)
    if len(data) > MAX_LIST:
        raise RuleInvalid(f"A list has at most {MAX_LIST} values, not {len(data)}.", path=at)
    return tuple(_scalar(item, (*at, str(n))) for n, item in enumerate(data))


def _scalar(data: Any, at: JsonPath) -> Scalar:
    if isinstance(data, bool):
        return data
    if isinstance(data, str):
        return read_text(data, at, empty=True)
    if isinstance(data, int | float | Decimal):
        return _number(str(data) if isinstance(data, Decimal | int) else repr(data), at)
    if isinstance(data, dict):
        for key, read in _SCALARS.items():
            if key in data:
                return read(data, at)
    raise RuleInvalid(f"{spoken(data)} is not a value.", path=at)


def read_when(data: Any, at: JsonPath) -> str | Moment:
    """A time: an ISO text, or a moment."""
    if isinstance(data, str):
        return read_text(data, at)
    found = _scalar(data, at)
    if not isinstance(found, Moment):
        raise RuleInvalid('A time is a text such as "2026-03-21", or {"ago": 30, "unit": "DAY"}.', path=at)
    return found


def _number(text: Any, at: JsonPath) -> Decimal:
    try:
        number = Decimal(str(text)) if len(str(text)) <= MAX_DIGITS else Decimal("NaN")
    except ArithmeticError:
        number = Decimal("NaN")
    if not number.is_finite() or not -MAX_DIGITS < number.adjusted() < MAX_DIGITS:
        raise RuleInvalid(f"'{clip(text)}' is not a number that can be compared.", path=at)
    return number


def _money(data: dict[str, Any], at: JsonPath) -> Scalar:
    refuse_unknown(data, {"amount", "currency"}, at)
    code = read_text(data.get("currency"), (*at, "currency"))
    if not (len(code) == 3 and code.isascii() and code.isupper()):
        raise RuleInvalid(f"'{clip(code)}' is not a currency code such as EUR.", path=(*at, "currency"))
    return Money(_number(data["amount"], (*at, "amount")), code)


def _exact(data: dict[str, Any], at: JsonPath) -> Scalar:
    refuse_unknown(data, {"number"}, at)
    return _number(data["number"], at)


def _span(data: dict[str, Any], at: JsonPath) -> Scalar:
    refuse_unknown(data, {"span", "unit"}, at)
    unit = _unit(data.get("unit"), at)
    return Span(_count(data["span"], unit, (*at, "span"), least=0), unit)


def _moment(data: dict[str, Any], at: JsonPath) -> Scalar:
    way = "ahead" if "ahead" in data else "ago"
    refuse_unknown(data, {way, "unit", "whole", "zone"}, at)
    unit = _unit(data.get("unit", "DAY"), at)
    count = _count(data[way], unit, (*at, way), least=0)
    return Moment(count if way == "ahead" else -count, unit, *_marks(data, at))


_SCALARS: dict[str, Callable[[dict[str, Any], JsonPath], Scalar]] = {
    "amount": _money,
    "number": _exact,
    "span": _span,
    "ago": _moment,
    "ahead": _moment,
}


def _unit(data: Any, at: JsonPath) -> Unit:
    try:
        return Unit(data)
    except ValueError:
        raise RuleInvalid(
            f"'{clip(data)}' is not a unit of time; the units are {', '.join(Unit)}.", path=(*at, "unit")
        ) from None


def _count(data: Any, unit: Unit, at: JsonPath, *, least: int = 1) -> int:
    if not isinstance(data, int) or isinstance(data, bool):
        raise RuleInvalid(f"A whole number belongs here, not {spoken(data)}.", path=at)
    wrong = fault(data, unit, least=least)
    if wrong:
        raise RuleInvalid(wrong, path=at)
    return data


def _marks(data: dict[str, Any], at: JsonPath) -> tuple[bool, str | None]:
    whole = data.get("whole", False)
    if not isinstance(whole, bool):
        raise RuleInvalid("'whole' is true or false.", path=(*at, "whole"))
    return whole, read_optional_text(data.get("zone"), (*at, "zone"))


def read_window(data: Any, at: JsonPath) -> Window:
    """A window from its JSON form; raises RuleInvalid with the path."""
    body = read_mapping(data, at)
    refuse_unknown(body, {"last", "next", "this", "previous", "from", "to", "unit", "whole", "zone"}, at)
    kinds = [key for key in ("last", "next", "this", "previous") if key in body]
    absolute = [key for key in ("from", "to") if key in body]
    if len(kinds) + bool(absolute) != 1:
        raise RuleInvalid("A window is one of last, next, this, previous, or from and to.", path=at)
    whole, zone = _marks(body, at)
    if absolute:
        start, end = (read_optional_text(body.get(key), (*at, key)) for key in ("from", "to"))
        return Window(Direction.BETWEEN, zone=zone, start=start, end=end)
    if kinds[0] in ("this", "previous"):
        return Window(Direction(kinds[0]), unit=_unit(body[kinds[0]], at), zone=zone)
    unit = _unit(body.get("unit", "DAY"), at)
    return Window(Direction(kinds[0]), _count(body[kinds[0]], unit, (*at, kinds[0])), unit, whole, zone)
