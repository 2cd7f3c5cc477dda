"""The JSON form of a rule: what is stored and what GraphQL's `where` takes; exact in both directions."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from crm.rules.faults import (
    MAX_COMMENTS,
    MAX_DEPTH,
    MAX_LIST,
    MAX_NODES,
    RuleInvalid,
    check_size,
    clip,
    nearest,
    string_fault,
)
from crm.rules.tree import (
    VERBS,
    Aggregate,
    And,
    Compare,
    EverInStage,
    FieldRef,
    Function,
    InSegment,
    Leaf,
    Money,
    Node,
    Not,
    Operator,
    Or,
    Path,
    Presence,
    Quantified,
    Quantifier,
    Scalar,
    Value,
)
from crm.rules.windows import Direction, Moment, Span, Unit, Window, fault

JsonPath = tuple[str, ...]
OPERATORS: frozenset[str] = frozenset(Operator)
WINDOWED = (Operator.WITHIN, Operator.ANNIVERSARY)
LISTED = (Operator.IN, Operator.NOT_IN)
MAX_DIGITS = 60


# -- tree to JSON ----------------------------------------------------------------------------------------------------


def to_json(node: Node) -> dict[str, Any]:
    """The one canonical JSON form of a tree."""
    match node:
        case And():
            return {"AND": [to_json(item) for item in node.items]}
        case Or():
            return {"OR": [to_json(item) for item in node.items]}
        case Not():
            return {"NOT": to_json(node.item)}
    comments = {"COMMENT": list(node.comments)} if node.comments else {}
    return comments | _leaf_to_json(node)


def _leaf_to_json(node: Leaf) -> dict[str, Any]:
    match node:
        case Compare():
            return _subject_to_json(node.subject, {node.operator.value: value_to_json(node.value)})
        case Quantified():
            inner = to_json(node.inner) if node.inner else {}
            return _nested(node.relation, {node.quantifier.value: inner} | _window_entry(node.window))
        case InSegment():
            return _nested((*node.path, "segment"), _presence_to_json(node))
        case EverInStage():
            of = {"of": node.lifecycle} if node.lifecycle is not None else {}
            return _nested((*node.path, "everInStage"), {"key": node.key} | of)


def _subject_to_json(subject: FieldRef | Aggregate, comparison: dict[str, Any]) -> dict[str, Any]:
    if isinstance(subject, Aggregate):
        return _aggregate_to_json(subject, comparison)
    argument = {"of": subject.argument} if subject.argument is not None else {}
    return _nested(subject.path, argument | comparison)


def _nested(path: Path, inner: dict[str, Any]) -> dict[str, Any]:
    for key in reversed(path):
        inner = {key: inner}
    return inner


def _window_entry(window: Window | None) -> dict[str, Any]:
    return {"window": window_to_json(window)} if window else {}


def _aggregate_to_json(subject: Aggregate, comparison: dict[str, Any]) -> dict[str, Any]:
    field = {"field": subject.field} if subject.field else {}
    where = {"where": to_json(subject.inner)} if subject.inner else {}
    verb = {subject.function.value: field | where | comparison}
    return _nested(subject.relation, verb | _window_entry(subject.window))


def _presence_to_json(node: InSegment) -> dict[str, Any]:
    match node.presence:
        case Presence.NOW:
            return {"key": node.key}
        case Presence.AT:
            return {"key": node.key, "at": node.at}
        case Presence.EVER:
            return {"key": node.key, "ever": True}
        case _:
            assert node.window is not None
            return {"key": node.key, node.presence.value: window_to_json(node.window)}


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


# -- JSON to tree ----------------------------------------------------------------------------------------------------


def from_json(data: Any, *, path: JsonPath = ()) -> Node:
    """Read the JSON form; several keys in one object mean AND.

    Raises RuleInvalid with the path of the fault: unknown shapes, empty lists, nulls, too deep, too much.
    """
    reader = _Reader()
    tree = reader.where(data, (), path, 1)
    check_size(tree)
    return tree


class _Reader:
    """Counts what it has read, so that a huge input ends early."""

    def __init__(self) -> None:
        self.nodes = 0

    def where(self, data: Any, prefix: Path, at: JsonPath, depth: int) -> Node:
        """One object: the AND of what its keys say about the row that `prefix` leads to."""
        body = _mapping(data, at)
        if depth > MAX_DEPTH:
            raise RuleInvalid(f"Rules nest at most {MAX_DEPTH} deep; split this one up.", path=at)
        comments = _comments(body.get("COMMENT"), (*at, "COMMENT"))
        parts: list[Node] = []
        for key, inner in body.items():
            if key != "COMMENT":
                parts += self.entry(key, inner, prefix, (*at, str(key)), depth)
        if not parts:
            raise RuleInvalid("An empty condition says nothing; name a field, or leave the condition out.", path=at)
        self.nodes += len(parts)
        if self.nodes > MAX_NODES:
            raise RuleInvalid(f"A rule has at most {MAX_NODES} conditions; split it up.", path=at)
        return _joined(_commented(parts, comments))

    def entry(self, key: Any, data: Any, prefix: Path, at: JsonPath, depth: int) -> list[Node]:
        special = _SPECIAL.get(key)
        if special:
            return [special(self, data, prefix, at, depth)]
        if not isinstance(key, str) or not key.isidentifier():
            raise RuleInvalid(f"'{clip(key)}' is not the name of a field.", path=at)
        return self.field(data, (*prefix, key), at, depth)

    def field(self, data: Any, path: Path, at: JsonPath, depth: int) -> list[Node]:
        """What stands under a field: operators, verbs over a relation, or fields of a related row."""
        body = _mapping(data, at)
        words = set(body) - {"of", "window"}
        if words and words <= OPERATORS:
            subject = FieldRef(path, _optional_text(body.get("of"), (*at, "of")))
            return self.comparisons(subject, body, at)
        if words and words <= VERBS:
            return self.relation(body, path, at, depth)
        _no_mixture(words, at)
        return [self.where(body, path, at, depth + 1)]

    def comparisons(self, subject: FieldRef | Aggregate, body: dict[str, Any], at: JsonPath) -> list[Node]:
        found: list[Node] = []
        for key, data in body.items():
            if key in OPERATORS:
                operator = Operator(key)
                found.append(Compare(subject, operator, _value(operator, data, (*at, key))))
        return found

    def relation(self, body: dict[str, Any], path: Path, at: JsonPath, depth: int) -> list[Node]:
        window = read_window(body["window"], (*at, "window")) if "window" in body else None
        found: list[Node] = []
        for key, data in body.items():
            here = (*at, key)
            if key in frozenset(Quantifier):
                inner = None if data == {} else self.where(data, (), here, depth + 1)
                found.append(Quantified(path, Quantifier(key), inner, window))
            elif key != "window":
                found += self.aggregate(Function(key), data, path, window, here, depth)
        return found

    def aggregate(
        self, function: Function, data: Any, path: Path, window: Window | None, at: JsonPath, depth: int
    ) -> list[Node]:
        body = _mapping(data, at)
        _known(body, OPERATORS | {"field", "where"}, at)
        inner = self.where(body["where"], (), (*at, "where"), depth + 1) if "where" in body else None
        field = _optional_text(body.get("field"), (*at, "field"))
        if (field is None) != (function is Function.COUNT):
            needs = "no field" if field else "a field"
            raise RuleInvalid(f"'{function}' takes {needs}.", path=at)
        found = self.comparisons(Aggregate(path, function, field, window, inner), body, at)
        if not found:
            raise RuleInvalid(f"'{function}' is compared with nothing; add an operator such as gte.", path=at)
        return found

    def group(self, data: Any, prefix: Path, at: JsonPath, depth: int) -> tuple[Node, ...]:
        if not isinstance(data, list) or not data:
            raise RuleInvalid("This takes a list with at least one condition.", path=at)
        if len(data) > MAX_NODES:
            raise RuleInvalid(f"A rule has at most {MAX_NODES} conditions; split it up.", path=at)
        return tuple(self.where(item, prefix, (*at, str(n)), depth + 1) for n, item in enumerate(data))

    def all_of(self, data: Any, prefix: Path, at: JsonPath, depth: int) -> Node:
        items = self.group(data, prefix, at, depth)
        return And(items) if len(items) > 1 else items[0]

    def any_of(self, data: Any, prefix: Path, at: JsonPath, depth: int) -> Node:
        items = self.group(data, prefix, at, depth)
        return Or(items) if len(items) > 1 else items[0]

    def negation(self, data: Any, prefix: Path, at: JsonPath, depth: int) -> Node:
        return Not(self.where(data, prefix, at, depth + 1))

    def segment(self, data: Any, prefix: Path, at: JsonPath, depth: int) -> Node:
        body = _mapping(data, at)
        _known(body, {"key", "at", "ever", "entered", "left"}, at)
        key = _text(body.get("key"), (*at, "key"))
        extra = [word for word in body if word != "key"]
        if len(extra) > 1:
            raise RuleInvalid(f"Only one of {', '.join(extra)} can be asked at once.", path=at)
        if not extra:
            return InSegment(key, path=prefix)
        presence, here = Presence(extra[0]), (*at, extra[0])
        if presence is Presence.AT:
            return InSegment(key, presence, at=_text(body["at"], here), path=prefix)
        if presence is Presence.EVER:
            return _ever(InSegment(key, presence, path=prefix), body["ever"], here)
        return InSegment(key, presence, window=read_window(body[presence.value], here), path=prefix)

    def ever_in_stage(self, data: Any, prefix: Path, at: JsonPath, depth: int) -> Node:
        body = _mapping(data, at)
        _known(body, {"key", "of"}, at)
        lifecycle = _optional_text(body.get("of"), (*at, "of"))
        return EverInStage(_text(body.get("key"), (*at, "key")), lifecycle, prefix)


_SPECIAL: dict[str, Callable[[_Reader, Any, Path, JsonPath, int], Node]] = {
    "AND": _Reader.all_of,
    "OR": _Reader.any_of,
    "NOT": _Reader.negation,
    "segment": _Reader.segment,
    "everInStage": _Reader.ever_in_stage,
}


def _ever(node: InSegment, flag: Any, at: JsonPath) -> InSegment:
    if flag is not True:
        raise RuleInvalid("'ever' can only be true; leave it out for membership now.", path=at)
    return node


def _joined(parts: list[Node]) -> Node:
    return And(tuple(parts)) if len(parts) > 1 else parts[0]


def _commented(parts: list[Node], comments: tuple[str, ...]) -> list[Node]:
    """Hang comments on the first single condition among the parts, the only kind that carries any."""
    if not comments:
        return parts
    return [_with_comments(parts[0], comments), *parts[1:]]


def _with_comments(node: Node, comments: tuple[str, ...]) -> Node:
    match node:
        case And() | Or():
            first = _with_comments(node.items[0], comments)
            return type(node)((first, *node.items[1:]))
        case Not():
            return Not(_with_comments(node.item, comments))
        case Compare():
            return Compare(node.subject, node.operator, node.value, (*comments, *node.comments))
        case Quantified():
            return Quantified(node.relation, node.quantifier, node.inner, node.window, (*comments, *node.comments))
        case InSegment():
            return InSegment(node.key, node.presence, node.at, node.window, node.path, (*comments, *node.comments))
        case EverInStage():
            return EverInStage(node.key, node.lifecycle, node.path, (*comments, *node.comments))


def _comments(data: Any, at: JsonPath) -> tuple[str, ...]:
    if data is None:
        return ()
    if not isinstance(data, list) or len(data) > MAX_COMMENTS:
        raise RuleInvalid(f"Comments are a list of at most {MAX_COMMENTS} texts.", path=at)
    lines = (line.strip() for item in data for line in _text(item, at, empty=True).splitlines())
    return tuple(line for line in lines if line)


def _mapping(data: Any, at: JsonPath) -> dict[str, Any]:
    if data is None:
        raise RuleInvalid("Null is no condition; leave the key out, or ask with isEmpty.", path=at)
    if not isinstance(data, dict):
        raise RuleInvalid(f"An object with operators or fields belongs here, not '{clip(data)}'.", path=at)
    return data


def _known(body: dict[str, Any], known: frozenset[str] | set[str], at: JsonPath) -> None:
    for key in body:
        if key not in known:
            raise RuleInvalid(f"'{clip(key)}' is not known here.{nearest(str(key), list(known))}", path=(*at, str(key)))


def _no_mixture(words: set[str], at: JsonPath) -> None:
    strange = sorted(words - OPERATORS - VERBS)
    if strange and len(strange) < len(words):
        known = [*OPERATORS, *VERBS]
        raise RuleInvalid(
            f"'{clip(strange[0])}' is neither an operator nor a verb.{nearest(strange[0], known)}",
            path=(*at, strange[0]),
        )
    if words and not strange:
        raise RuleInvalid("Operators and verbs cannot stand in one object.", path=at)


def _text(data: Any, at: JsonPath, *, empty: bool = False) -> str:
    if not isinstance(data, str) or not (data or empty):
        raise RuleInvalid(f"A text belongs here, not '{clip(data)}'.", path=at)
    wrong = string_fault(data)
    if wrong:
        raise RuleInvalid(wrong, path=at)
    return data


def _optional_text(data: Any, at: JsonPath) -> str | None:
    return None if data is None else _text(data, at)


def _value(operator: Operator, data: Any, at: JsonPath) -> Value:
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
        return _text(data, at, empty=True)
    if isinstance(data, int | float | Decimal):
        return _number(str(data) if isinstance(data, Decimal | int) else repr(data), at)
    if isinstance(data, dict):
        for key, read in _SCALARS.items():
            if key in data:
                return read(data, at)
    raise RuleInvalid(f"'{clip(data)}' is not a value.", path=at)


def _number(text: Any, at: JsonPath) -> Decimal:
    try:
        number = Decimal(str(text)) if len(str(text)) <= MAX_DIGITS else Decimal("NaN")
    except ArithmeticError:
        number = Decimal("NaN")
    if not number.is_finite() or not -MAX_DIGITS < number.adjusted() < MAX_DIGITS:
        raise RuleInvalid(f"'{clip(text)}' is not a number that can be compared.", path=at)
    return number


def _money(data: dict[str, Any], at: JsonPath) -> Scalar:
    _known(data, {"amount", "currency"}, at)
    code = _text(data.get("currency"), (*at, "currency"))
    if not (len(code) == 3 and code.isascii() and code.isupper()):
        raise RuleInvalid(f"'{clip(code)}' is not a currency code such as EUR.", path=(*at, "currency"))
    return Money(_number(data["amount"], (*at, "amount")), code)


def _exact(data: dict[str, Any], at: JsonPath) -> Scalar:
    _known(data, {"number"}, at)
    return _number(data["number"], at)


def _span(data: dict[str, Any], at: JsonPath) -> Scalar:
    _known(data, {"span", "unit"}, at)
    unit = _unit(data.get("unit"), at)
    return Span(_count(data["span"], unit, (*at, "span"), least=0), unit)


def _moment(data: dict[str, Any], at: JsonPath) -> Scalar:
    way = "ahead" if "ahead" in data else "ago"
    _known(data, {way, "unit", "whole", "zone"}, at)
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
        raise RuleInvalid(f"A whole number belongs here, not '{clip(data)}'.", path=at)
    wrong = fault(data, unit, least=least)
    if wrong:
        raise RuleInvalid(wrong, path=at)
    return data


def _marks(data: dict[str, Any], at: JsonPath) -> tuple[bool, str | None]:
    whole = data.get("whole", False)
    if not isinstance(whole, bool):
        raise RuleInvalid("'whole' is true or false.", path=(*at, "whole"))
    return whole, _optional_text(data.get("zone"), (*at, "zone"))


def read_window(data: Any, at: JsonPath) -> Window:
    """A window from its JSON form; raises RuleInvalid with the path."""
    body = _mapping(data, at)
    _known(body, {"last", "next", "this", "previous", "from", "to", "unit", "whole", "zone"}, at)
    kinds = [key for key in ("last", "next", "this", "previous") if key in body]
    absolute = [key for key in ("from", "to") if key in body]
    if len(kinds) + bool(absolute) != 1:
        raise RuleInvalid("A window is one of last, next, this, previous, or from and to.", path=at)
    whole, zone = _marks(body, at)
    if absolute:
        start, end = (_optional_text(body.get(key), (*at, key)) for key in ("from", "to"))
        return Window(Direction.BETWEEN, zone=zone, start=start, end=end)
    if kinds[0] in ("this", "previous"):
        return Window(Direction(kinds[0]), unit=_unit(body[kinds[0]], at), zone=zone)
    unit = _unit(body.get("unit", "DAY"), at)
    return Window(Direction(kinds[0]), _count(body[kinds[0]], unit, (*at, kinds[0])), unit, whole, zone)
