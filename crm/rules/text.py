"""Reads the text form of a rule; every fault names its line and column."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from lark import Lark, Token, UnexpectedInput, v_args
from lark.exceptions import VisitError
from lark.tree import Meta
from lark.visitors import Transformer_NonRecursive

from crm.rules.faults import MAX_LIST, MAX_TEXT, RuleInvalid, check_size, clip, nearest, string_fault
from crm.rules.text_comments import COMMENT, find_comments, with_comments
from crm.rules.text_faults import explained
from crm.rules.tree import (
    VERBS,
    Aggregate,
    And,
    Compare,
    EverInStage,
    FieldRef,
    Function,
    InSegment,
    Money,
    Node,
    Not,
    Operator,
    Or,
    Path,
    Place,
    Presence,
    Quantified,
    Quantifier,
    Scalar,
    Value,
)
from crm.rules.windows import Direction, Moment, Span, Unit, Window, fault

MAX_DIGITS = 60
OPERATORS: dict[str, Operator] = {
    "=": Operator.EQ,
    "!=": Operator.NE,
    "<": Operator.LT,
    "<=": Operator.LTE,
    ">": Operator.GT,
    ">=": Operator.GTE,
    "contains": Operator.CONTAINS,
    "starts with": Operator.STARTS_WITH,
    "ends with": Operator.ENDS_WITH,
}


def parse(text: str) -> Node:
    """The tree of a rule's text, with places and comments.

    Raises RuleInvalid with line and column for a text that is empty, malformed, too long or nested too deep.
    """
    if len(text) > MAX_TEXT:
        raise RuleInvalid(f"A rule has at most {MAX_TEXT:,} characters, not {len(text):,}.", place=Place(1, 1))
    if not COMMENT.sub(lambda found: "" if found[1] else found[0], text).strip():
        raise RuleInvalid('The rule is empty; say a condition such as: country = "IR".', place=Place(1, 1))
    try:
        tree = _Builder().transform(_parser().parse(text))
    except UnexpectedInput as error:
        raise explained(error, text) from None
    except VisitError as error:
        raise error.orig_exc from None
    check_size(tree)
    return with_comments(tree, find_comments(text))


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark.open(
        "grammar.lark",
        rel_to=__file__,
        parser="lalr",
        propagate_positions=True,
        maybe_placeholders=True,
    )


# -- building --------------------------------------------------------------------------------------------------------


def _place(meta: Meta) -> Place:
    return Place(meta.line, meta.column)


def _string(token: Token) -> str:
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


def _optional(token: Token | None) -> str | None:
    return None if token is None else _string(token)


def _decimal(token: Token) -> Decimal:
    if len(token) > MAX_DIGITS:
        raise RuleInvalid(f"A number has at most {MAX_DIGITS} digits.", place=Place(token.line or 1, token.column or 1))
    return Decimal(str(token))


def _unit(token: Token) -> Unit:
    return Unit(token.upper().removesuffix("S"))


def _count(token: Token, unit: Unit, *, least: int) -> int:
    place = Place(token.line or 1, token.column or 1)
    number = _decimal(token)
    if number != number.to_integral_value():
        raise RuleInvalid(f"{token} is not a whole number of {unit.lower()}s.", place=place)
    wrong = fault(int(number), unit, least=least)
    if wrong:
        raise RuleInvalid(wrong, place=place)
    return int(number)


class _PathArgument(tuple[str, ...]):
    """A bare path inside a call."""


class _TextArgument(str):
    """A bare text inside a call."""


@v_args(inline=True, meta=True)
class _Builder(Transformer_NonRecursive[Token, Node]):
    """Makes tree nodes of the parser's tree, from the leaves up and without recursion."""

    # rules

    def any_of(self, meta: Meta, *parts: Any) -> Node:
        items = tuple(part for part in parts if not isinstance(part, Token))
        return Or(items, place=_place(meta)) if len(items) > 1 else items[0]

    def all_of(self, meta: Meta, *parts: Any) -> Node:
        items = tuple(part for part in parts if not isinstance(part, Token))
        return And(items, place=_place(meta)) if len(items) > 1 else items[0]

    def negate(self, meta: Meta, _: Token, item: Node) -> Node:
        return Not(item, place=_place(meta))

    def group(self, meta: Meta, node: Node) -> Node:
        return node

    # calls

    def path(self, meta: Meta, *names: Token) -> Path:
        return tuple(str(name) for name in names)

    def path_argument(self, meta: Meta, path: Path) -> _PathArgument:
        return _PathArgument(path)

    def text_argument(self, meta: Meta, token: Token) -> _TextArgument:
        return _TextArgument(_string(token))

    def window_argument(self, meta: Meta, window: Window) -> Window:
        return window

    def arguments(self, meta: Meta, *found: Any) -> tuple[Any, ...]:
        return found

    def bare_call(self, meta: Meta, path: Path, found: tuple[Any, ...] | None) -> Node:
        place = _place(meta)
        verb = path[-1]
        if verb not in frozenset(Quantifier) or len(path) < 2:
            raise RuleInvalid(_bare_fault(verb), place=place)
        field, window, inner = _arguments(found or (), place)
        if field:
            raise RuleInvalid(f"'{'.'.join(field)}' is compared with nothing; add an operator.", place=place)
        return Quantified(path[:-1], Quantifier(verb), inner, window, place=place)

    def call(self, meta: Meta, path: Path, found: tuple[Any, ...] | None) -> FieldRef | Aggregate:
        place, found = _place(meta), found or ()
        if len(found) == 1 and isinstance(found[0], _TextArgument):
            return FieldRef(path, str(found[0]), place)
        verb = path[-1]
        if verb not in frozenset(Function) or len(path) < 2:
            raise RuleInvalid(_call_fault(verb), place=place)
        field, window, inner = _arguments(found, place)
        _check_field(verb, field, place)
        return Aggregate(path[:-1], Function(verb), field[0] if field else None, window, inner, place)

    # comparisons

    def field(self, meta: Meta, path: Path) -> FieldRef:
        return FieldRef(path, None, _place(meta))

    def operator_scalar(self, meta: Meta, *words: Token) -> Operator:
        return OPERATORS[" ".join(words).lower()]

    def values(self, meta: Meta, *found: Scalar) -> tuple[Scalar, ...]:
        if len(found) > MAX_LIST:
            raise RuleInvalid(f"A list has at most {MAX_LIST} values, not {len(found)}.", place=_place(meta))
        return found

    def comparison(self, meta: Meta, node: Node) -> Node:
        return node

    def compare(self, meta: Meta, subject: FieldRef | Aggregate, operator: Operator, value: Scalar) -> Node:
        return Compare(subject, operator, value, place=_place(meta))

    def one_of(
        self, meta: Meta, subject: Path | FieldRef | Aggregate, _: Token, found: Sequence[Scalar] | None
    ) -> Node:
        if isinstance(subject, tuple):
            subject = FieldRef(subject, None, _place(meta))
        return Compare(subject, Operator.IN, _filled(found, meta), place=_place(meta))

    def none_of(
        self, meta: Meta, subject: FieldRef | Aggregate, _: Token, _in: Token, found: Sequence[Scalar] | None
    ) -> Node:
        return Compare(subject, Operator.NOT_IN, _filled(found, meta), place=_place(meta))

    def between(
        self, meta: Meta, subject: FieldRef | Aggregate, _: Token, low: Scalar, _and: Token, high: Scalar
    ) -> Node:
        return Compare(subject, Operator.BETWEEN, (low, high), place=_place(meta))

    def is_empty(self, meta: Meta, subject: FieldRef | Aggregate, *_: Token) -> Node:
        return Compare(subject, Operator.IS_EMPTY, True, place=_place(meta))

    def is_not_empty(self, meta: Meta, subject: FieldRef | Aggregate, *_: Token) -> Node:
        return Compare(subject, Operator.IS_EMPTY, False, place=_place(meta))

    def within(self, meta: Meta, subject: FieldRef | Aggregate, _: Token, window: Window) -> Node:
        return Compare(subject, Operator.WITHIN, window, place=_place(meta))

    def anniversary(self, meta: Meta, subject: FieldRef | Aggregate, *rest: Any) -> Node:
        return Compare(subject, Operator.ANNIVERSARY, rest[-1], place=_place(meta))

    # membership

    def in_segment(self, meta: Meta, path: Path | None, *rest: Any) -> Node:
        key, at = _string(rest[2]), rest[-1]
        presence = Presence.NOW if at is None else Presence.AT
        return InSegment(key, presence, at, path=path or (), place=_place(meta))

    def ever_in_segment(self, meta: Meta, path: Path | None, *rest: Any) -> Node:
        return InSegment(_string(rest[-1]), Presence.EVER, path=path or (), place=_place(meta))

    def entered_segment(self, meta: Meta, path: Path | None, *rest: Any) -> Node:
        return InSegment(_string(rest[2]), Presence.ENTERED, None, rest[-1], path or (), place=_place(meta))

    def left_segment(self, meta: Meta, path: Path | None, *rest: Any) -> Node:
        return InSegment(_string(rest[2]), Presence.LEFT, None, rest[-1], path or (), place=_place(meta))

    def ever_in_stage(self, meta: Meta, path: Path | None, *rest: Any) -> Node:
        return EverInStage(_string(rest[3]), _optional(rest[-1]), path or (), place=_place(meta))

    def membership(self, meta: Meta, node: Node) -> Node:
        return node

    # values

    def string(self, meta: Meta, token: Token) -> str:
        return _string(token)

    def iso(self, meta: Meta, token: Token) -> str:
        return str(token)

    def time(self, meta: Meta, token: Token) -> str:
        return _string(token) if token.type == "STRING" else str(token)

    def number(self, meta: Meta, token: Token) -> Decimal:
        return _decimal(token)

    def money(self, meta: Meta, token: Token, currency: Token) -> Money:
        return Money(_decimal(token), str(currency))

    def span(self, meta: Meta, token: Token, unit: Token) -> Span:
        return Span(_count(token, _unit(unit), least=0), _unit(unit))

    def ago(self, meta: Meta, token: Token, whole: Token | None, unit: Token, _: Token, zone: str | None) -> Moment:
        return Moment(-_count(token, _unit(unit), least=0), _unit(unit), whole is not None, zone)

    def ahead(self, meta: Meta, token: Token, whole: Token | None, unit: Token, _: Token, zone: str | None) -> Moment:
        return Moment(_count(token, _unit(unit), least=0), _unit(unit), whole is not None, zone)

    def now(self, meta: Meta, _: Token, zone: str | None) -> Moment:
        return Moment(0, zone=zone)

    def today(self, meta: Meta, _: Token, zone: str | None) -> Moment:
        return Moment(0, whole=True, zone=zone)

    def true(self, meta: Meta, _: Token) -> bool:
        return True

    def false(self, meta: Meta, _: Token) -> bool:
        return False

    # windows

    def zone(self, meta: Meta, _: Token, token: Token) -> str:
        return _string(token)

    def last(self, meta: Meta, _: Token, count: Token, whole: Token | None, unit: Token, zone: str | None) -> Window:
        found = _unit(unit)
        return Window(Direction.LAST, _count(count, found, least=1), found, whole is not None, zone)

    def next(self, meta: Meta, _: Token, count: Token, whole: Token | None, unit: Token, zone: str | None) -> Window:
        found = _unit(unit)
        return Window(Direction.NEXT, _count(count, found, least=1), found, whole is not None, zone)

    def this(self, meta: Meta, _: Token, unit: Token, zone: str | None) -> Window:
        return Window(Direction.THIS, unit=_unit(unit), zone=zone)

    def previous(self, meta: Meta, _: Token, unit: Token, zone: str | None) -> Window:
        return Window(Direction.PREVIOUS, unit=_unit(unit), zone=zone)

    def from_to(self, meta: Meta, _: Token, start: str, _to: Token | None, end: str | None, zone: str | None) -> Window:
        return Window(Direction.BETWEEN, start=start, end=end, zone=zone)

    def to_only(self, meta: Meta, _: Token, end: str, zone: str | None) -> Window:
        return Window(Direction.BETWEEN, end=end, zone=zone)


def _filled(found: Sequence[Scalar] | None, meta: Meta) -> Value:
    if not found:
        raise RuleInvalid("An empty list matches nothing; give at least one value.", place=_place(meta))
    return tuple(found)


def _bare_fault(verb: str) -> str:
    if verb in VERBS:
        return f"'{verb}' is compared with nothing; add an operator and a value, such as >= 2."
    return (
        f"'{clip(verb)}' is not known here; rows are asked with some, none or every.{nearest(verb, list(Quantifier))}"
    )


def _call_fault(verb: str) -> str:
    if verb in VERBS:
        return f"'{verb}' is a condition by itself and is not compared."
    known = list(Function)
    return f"'{clip(verb)}' is not a function; the functions are {', '.join(known)}.{nearest(verb, list(known))}"


def _check_field(verb: str, field: Path | None, place: Place) -> None:
    if verb == Function.COUNT and field:
        raise RuleInvalid("'count' takes no field.", place=place)
    if verb != Function.COUNT and not field:
        raise RuleInvalid(f"'{verb}' needs a field first, such as {verb}(amount).", place=place)
    if field and len(field) > 1:
        raise RuleInvalid(f"'{verb}' takes a field of the row itself, not '{'.'.join(field)}'.", place=place)


def _arguments(found: tuple[Any, ...], place: Place) -> tuple[Path | None, Window | None, Node | None]:
    """Sort a call's arguments into field, window and rule, each at most once and in this order."""
    slots: list[Any] = [None, None, None]
    reached = -1
    for argument in found:
        slot = 0 if isinstance(argument, _PathArgument) else 1 if isinstance(argument, Window) else 2
        if slot <= reached or isinstance(argument, _TextArgument):
            raise RuleInvalid("A call takes a field, then a window, then a rule, each at most once.", place=place)
        slots[slot] = argument
        reached = slot
    field = tuple(slots[0]) if slots[0] is not None else None
    return field, slots[1], slots[2]
