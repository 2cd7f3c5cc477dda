"""The text form of a tree: one canonical text, which reads back as the same tree."""

from __future__ import annotations

import json
import re
from decimal import Decimal

from crm.rules.tree import (
    Aggregate,
    And,
    Compare,
    EverInStage,
    FieldRef,
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
    Scalar,
    Value,
)
from crm.rules.windows import Direction, Moment, Span, Unit, Window

ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)

WORDS: dict[Operator, str] = {
    Operator.EQ: "=",
    Operator.NE: "!=",
    Operator.LT: "<",
    Operator.LTE: "<=",
    Operator.GT: ">",
    Operator.GTE: ">=",
    Operator.CONTAINS: "contains",
    Operator.STARTS_WITH: "starts with",
    Operator.ENDS_WITH: "ends with",
    Operator.IN: "in",
    Operator.NOT_IN: "not in",
    Operator.WITHIN: "within",
    Operator.ANNIVERSARY: "anniversary within",
}


def to_text(node: Node) -> str:
    """The canonical text of a tree; comments stand on lines of their own before their condition."""
    return re.sub(r" +\n", "\n", _node(node)).removeprefix("\n")


def _node(node: Node) -> str:
    match node:
        case And():
            return " and ".join(_operand(item, And, Or) for item in node.items)
        case Or():
            return " or ".join(_operand(item, Or) for item in node.items)
        case Not():
            return f"not {_operand(node.item, And, Or)}"
    comments = "".join(f"# {line}\n" for line in node.comments)
    return f"\n{comments}{_leaf(node)}" if comments else _leaf(node)


def _operand(node: Node, *wrapped: type[Node]) -> str:
    return f"({_node(node)})" if isinstance(node, wrapped) else _node(node)


def _leaf(node: Leaf) -> str:
    match node:
        case Compare():
            return f"{_subject(node.subject)} {_comparison(node.operator, node.value)}"
        case Quantified():
            arguments = [_window(node.window) if node.window else "", _node(node.inner) if node.inner else ""]
            return _call((*node.relation, node.quantifier.value), arguments)
        case InSegment():
            return _prefix(node.path) + _presence(node)
        case EverInStage():
            of = f" of {quote(node.lifecycle)}" if node.lifecycle is not None else ""
            return f"{_prefix(node.path)}ever in stage {quote(node.key)}{of}"


def _call(path: Path, arguments: list[str]) -> str:
    return f"{'.'.join(path)}({', '.join(argument for argument in arguments if argument)})"


def _prefix(path: Path) -> str:
    return f"{'.'.join(path)} " if path else ""


def _presence(node: InSegment) -> str:
    key = quote(node.key)
    match node.presence:
        case Presence.NOW:
            return f"in segment {key}"
        case Presence.AT:
            return f"in segment {key} at {_scalar(node.at or '')}"
        case Presence.EVER:
            return f"ever in segment {key}"
        case _:
            assert node.window is not None
            return f"{node.presence} segment {key} within {_window(node.window)}"


def _subject(subject: FieldRef | Aggregate) -> str:
    if isinstance(subject, FieldRef):
        argument = f"({quote(subject.argument)})" if subject.argument is not None else ""
        return ".".join(subject.path) + argument
    inner = _node(subject.inner) if subject.inner else ""
    window = _window(subject.window) if subject.window else ""
    return _call((*subject.relation, subject.function.value), [subject.field or "", window, inner])


def _comparison(operator: Operator, value: Value) -> str:
    if operator is Operator.IS_EMPTY:
        return "is empty" if value is True else "is not empty"
    if isinstance(value, Window):
        return f"{WORDS[operator]} {_window(value)}"
    if isinstance(value, tuple):
        items = [_scalar(item) for item in value]
        listed = f"{WORDS.get(operator)} ({', '.join(items)})"
        return f"between {items[0]} and {items[1]}" if operator is Operator.BETWEEN else listed
    return f"{WORDS[operator]} {_scalar(value)}"


def _scalar(value: Scalar) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return iso(value)
        case Decimal():
            return format(value, "f")
        case Money():
            return f"{value.amount:f} {value.currency}"
        case Span():
            return f"{value.count} {_unit(value.unit, value.count)}"
        case Moment():
            return _moment(value)


def _moment(value: Moment) -> str:
    if value.count == 0 and value.unit is Unit.DAY:
        return ("today" if value.whole else "now") + _zone(value.zone)
    whole = "whole " if value.whole else ""
    way = "ahead" if value.count > 0 else "ago"
    count = abs(value.count)
    return f"{count} {whole}{_unit(value.unit, count)} {way}{_zone(value.zone)}"


def _window(window: Window) -> str:
    match window.direction:
        case Direction.BETWEEN:
            sides = [("from", window.start), ("to", window.end)]
            body = " ".join(f"{word} {iso(side)}" for word, side in sides if side is not None)
        case Direction.THIS | Direction.PREVIOUS:
            body = f"{window.direction} {window.unit.lower()}"
        case _:
            whole = "whole " if window.whole else ""
            body = f"{window.direction} {window.count} {whole}{_unit(window.unit, window.count)}"
    return body + _zone(window.zone)


def _unit(unit: Unit, count: int) -> str:
    return unit.lower() + ("" if count == 1 else "s")


def _zone(zone: str | None) -> str:
    return f" in {quote(zone)}" if zone is not None else ""


def iso(text: str) -> str:
    """A date or time bare, any other text in quotes."""
    return text if ISO.fullmatch(text) else quote(text)


def quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
