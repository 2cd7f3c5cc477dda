"""Reads the text form of a rule; every fault names its line and column."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from lark import Lark, Token, UnexpectedInput, v_args
from lark.exceptions import VisitError
from lark.tree import Meta
from lark.visitors import Transformer_NonRecursive

from crm.rules.faults import MAX_LIST, MAX_TEXT, RuleInvalid, check_size
from crm.rules.text_comments import COMMENT, find_comments, with_comments
from crm.rules.text_faults import explained
from crm.rules.text_parts import (
    PathArgument,
    TextArgument,
    bare_fault,
    call_fault,
    check_field,
    count_of,
    decimal_of,
    filled,
    optional_string,
    place_of,
    sorted_arguments,
    string_of,
    unit_of,
)
from crm.rules.tree import (
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
)
from crm.rules.windows import Direction, Moment, Span, Unit, Window

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
        tree = _Builder().transform(parser().parse(text))
    except UnexpectedInput as error:
        raise explained(error, text) from None
    except VisitError as error:
        raise error.orig_exc from None
    check_size(tree)
    return with_comments(tree, find_comments(text))


@lru_cache(maxsize=1)
def parser() -> Lark:
    return Lark.open(
        "grammar.lark",
        rel_to=__file__,
        parser="lalr",
        propagate_positions=True,
        maybe_placeholders=True,
    )


# -- building --------------------------------------------------------------------------------------------------------


@v_args(inline=True, meta=True)
class _Builder(Transformer_NonRecursive[Token, Node]):
    """Makes tree nodes of the parser's tree, from the leaves up and without recursion."""

    # rules

    def any_of(self, meta: Meta, *parts: Any) -> Node:
        items = tuple(part for part in parts if not isinstance(part, Token))
        return Or(items, place=place_of(meta)) if len(items) > 1 else items[0]

    def all_of(self, meta: Meta, *parts: Any) -> Node:
        items = tuple(part for part in parts if not isinstance(part, Token))
        return And(items, place=place_of(meta)) if len(items) > 1 else items[0]

    def negate(self, meta: Meta, _: Token, item: Node) -> Node:
        return Not(item, place=place_of(meta))

    def group(self, meta: Meta, node: Node) -> Node:
        return node

    # calls

    def path(self, meta: Meta, *names: Token) -> Path:
        return tuple(str(name) for name in names)

    def path_argument(self, meta: Meta, path: Path) -> PathArgument:
        return PathArgument(path)

    def text_argument(self, meta: Meta, token: Token) -> TextArgument:
        return TextArgument(string_of(token))

    def window_argument(self, meta: Meta, window: Window) -> Window:
        return window

    def arguments(self, meta: Meta, *found: Any) -> tuple[Any, ...]:
        return found

    def bare_call(self, meta: Meta, path: Path, found: tuple[Any, ...] | None) -> Node:
        place = place_of(meta)
        verb = path[-1]
        if verb not in frozenset(Quantifier) or len(path) < 2:
            raise RuleInvalid(bare_fault(verb), place=place)
        field, window, inner = sorted_arguments(found or (), place)
        if field:
            raise RuleInvalid(f"'{'.'.join(field)}' is compared with nothing; add an operator.", place=place)
        return Quantified(path[:-1], Quantifier(verb), inner, window, place=place)

    def call(self, meta: Meta, path: Path, found: tuple[Any, ...] | None) -> FieldRef | Aggregate:
        place, found = place_of(meta), found or ()
        if len(found) == 1 and isinstance(found[0], TextArgument):
            return FieldRef(path, str(found[0]), place)
        verb = path[-1]
        if verb not in frozenset(Function) or len(path) < 2:
            raise RuleInvalid(call_fault(verb), place=place)
        field, window, inner = sorted_arguments(found, place)
        check_field(verb, field, place)
        return Aggregate(path[:-1], Function(verb), field[0] if field else None, window, inner, place)

    # comparisons

    def field(self, meta: Meta, path: Path) -> FieldRef | Aggregate:
        if len(path) > 1 and path[-1] == Function.COUNT:  # no field is called so; the parentheses may be left out
            return Aggregate(path[:-1], Function.COUNT, place=place_of(meta))
        return FieldRef(path, None, place_of(meta))

    def operator_scalar(self, meta: Meta, *words: Token) -> Operator:
        return OPERATORS[" ".join(words).lower()]

    def values(self, meta: Meta, *found: Scalar) -> tuple[Scalar, ...]:
        if len(found) > MAX_LIST:
            raise RuleInvalid(f"A list has at most {MAX_LIST} values, not {len(found)}.", place=place_of(meta))
        return found

    def comparison(self, meta: Meta, node: Node) -> Node:
        return node

    def compare(self, meta: Meta, subject: FieldRef | Aggregate, operator: Operator, value: Scalar) -> Node:
        return Compare(subject, operator, value, place=place_of(meta))

    def not_text(self, meta: Meta, subject: FieldRef | Aggregate, _: Token, *rest: Any) -> Node:
        *words, value = rest
        operator = OPERATORS[" ".join(words).lower()]
        return Not(Compare(subject, operator, value, place=place_of(meta)), place=place_of(meta))

    def one_of(
        self, meta: Meta, subject: Path | FieldRef | Aggregate, _: Token, found: Sequence[Scalar] | None
    ) -> Node:
        if isinstance(subject, tuple):
            subject = self.field(meta, subject)
        return Compare(subject, Operator.IN, filled(found, meta), place=place_of(meta))

    def none_of(
        self, meta: Meta, subject: FieldRef | Aggregate, _: Token, _in: Token, found: Sequence[Scalar] | None
    ) -> Node:
        return Compare(subject, Operator.NOT_IN, filled(found, meta), place=place_of(meta))

    def between(
        self, meta: Meta, subject: FieldRef | Aggregate, _: Token, low: Scalar, _and: Token, high: Scalar
    ) -> Node:
        return Compare(subject, Operator.BETWEEN, (low, high), place=place_of(meta))

    def is_empty(self, meta: Meta, subject: FieldRef | Aggregate, *_: Token) -> Node:
        return Compare(subject, Operator.IS_EMPTY, True, place=place_of(meta))

    def is_not_empty(self, meta: Meta, subject: FieldRef | Aggregate, *_: Token) -> Node:
        return Compare(subject, Operator.IS_EMPTY, False, place=place_of(meta))

    def within(self, meta: Meta, subject: FieldRef | Aggregate, _: Token, window: Window) -> Node:
        return Compare(subject, Operator.WITHIN, window, place=place_of(meta))

    def anniversary(self, meta: Meta, subject: FieldRef | Aggregate, *rest: Any) -> Node:
        return Compare(subject, Operator.ANNIVERSARY, rest[-1], place=place_of(meta))

    # membership

    def in_segment(self, meta: Meta, path: Path | None, *rest: Any) -> Node:
        key, at = string_of(rest[2]), rest[-1]
        presence = Presence.NOW if at is None else Presence.AT
        return InSegment(key, presence, at, path=path or (), place=place_of(meta))

    def ever_in_segment(self, meta: Meta, path: Path | None, *rest: Any) -> Node:
        return InSegment(string_of(rest[-1]), Presence.EVER, path=path or (), place=place_of(meta))

    def entered_segment(self, meta: Meta, path: Path | None, *rest: Any) -> Node:
        return InSegment(string_of(rest[2]), Presence.ENTERED, None, rest[-1], path or (), place=place_of(meta))

    def left_segment(self, meta: Meta, path: Path | None, *rest: Any) -> Node:
        return InSegment(string_of(rest[2]), Presence.LEFT, None, rest[-1], path or (), place=place_of(meta))

    def ever_in_stage(self, meta: Meta, path: Path | None, *rest: Any) -> Node:
        return EverInStage(string_of(rest[3]), optional_string(rest[-1]), path or (), place=place_of(meta))

    def membership(self, meta: Meta, node: Node) -> Node:
        return node

    # values

    def string(self, meta: Meta, token: Token) -> str:
        return string_of(token)

    def iso(self, meta: Meta, token: Token) -> str:
        return str(token)

    def time(self, meta: Meta, token: Token) -> str:
        return string_of(token) if token.type == "STRING" else str(token)

    def number(self, meta: Meta, token: Token) -> Decimal:
        return decimal_of(token)

    def money(self, meta: Meta, token: Token, currency: Token) -> Money:
        return Money(decimal_of(token), str(currency))

    def span(self, meta: Meta, token: Token, unit: Token) -> Span:
        return Span(count_of(token, unit_of(unit), least=0), unit_of(unit))

    def ago(self, meta: Meta, token: Token, whole: Token | None, unit: Token, _: Token, zone: str | None) -> Moment:
        return Moment(-count_of(token, unit_of(unit), least=0), unit_of(unit), whole is not None, zone)

    def ahead(self, meta: Meta, token: Token, whole: Token | None, unit: Token, _: Token, zone: str | None) -> Moment:
        return Moment(count_of(token, unit_of(unit), least=0), unit_of(unit), whole is not None, zone)

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
        return string_of(token)

    def last(self, meta: Meta, _: Token, count: Token, whole: Token | None, unit: Token, zone: str | None) -> Window:
        found = unit_of(unit)
        return Window(Direction.LAST, count_of(count, found, least=1), found, whole is not None, zone)

    def next(self, meta: Meta, _: Token, count: Token, whole: Token | None, unit: Token, zone: str | None) -> Window:
        found = unit_of(unit)
        return Window(Direction.NEXT, count_of(count, found, least=1), found, whole is not None, zone)

    def this(self, meta: Meta, _: Token, unit: Token, zone: str | None) -> Window:
        return Window(Direction.THIS, unit=unit_of(unit), zone=zone)

    def previous(self, meta: Meta, _: Token, unit: Token, zone: str | None) -> Window:
        return Window(Direction.PREVIOUS, unit=unit_of(unit), zone=zone)

    def this_day(self, meta: Meta, _: Token, zone: str | None) -> Window:
        return Window(Direction.THIS, unit=Unit.DAY, zone=zone)

    def previous_day(self, meta: Meta, _: Token, zone: str | None) -> Window:
        return Window(Direction.PREVIOUS, unit=Unit.DAY, zone=zone)

    def from_to(self, meta: Meta, _: Token, start: str, _to: Token | None, end: str | None, zone: str | None) -> Window:
        return Window(Direction.BETWEEN, start=start, end=end, zone=zone)

    def to_only(self, meta: Meta, _: Token, end: str, zone: str | None) -> Window:
        return Window(Direction.BETWEEN, end=end, zone=zone)
