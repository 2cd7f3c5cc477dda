"""A rule as the form shows it: one flat object for each condition, in both directions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crm.errors import ValidationFailed
from crm.rules.json_form import from_json
from crm.rules.json_values import value_to_json, window_to_json
from crm.rules.printer import to_text
from crm.rules.tree import (
    Aggregate,
    And,
    Compare,
    EverInStage,
    InSegment,
    Node,
    Not,
    Or,
    Presence,
    Quantified,
)
from crm.rules.windows import Window

Form = dict[str, Any]
MOST_DEEP = 30


def to_form(node: Node) -> Form:
    """The tree for the form: groups with their items, conditions with path, operator and value."""
    match node:
        case And() | Or():
            word = "AND" if isinstance(node, And) else "OR"
            return {"kind": "group", "word": word, "items": [to_form(item) for item in node.items]}
        case Not():
            return {"kind": "not", "item": to_form(node.item)}
    return _condition(node) | {"comments": list(node.comments)}


def _condition(node: Compare | Quantified | InSegment | EverInStage) -> Form:
    match node:
        case Compare():
            return _compared(node)
        case Quantified():
            inner = to_form(node.inner) if node.inner else None
            found = {"kind": "rows", "path": list(node.relation), "quantifier": node.quantifier.value, "inner": inner}
            return found | {"window": _window(node.window)}
        case InSegment():
            window = _window(node.window)
            found = {"kind": "segment", "path": list(node.path), "key": node.key, "presence": node.presence.value}
            return found | {"at": value_to_json(node.at) if node.at else None, "window": window}
        case EverInStage():
            return {"kind": "stage", "path": list(node.path), "key": node.key, "of": node.lifecycle}


def _compared(node: Compare) -> Form:
    subject, compared = node.subject, {"operator": node.operator.value, "value": value_to_json(node.value)}
    if isinstance(subject, Aggregate):
        inner = to_form(subject.inner) if subject.inner else None
        figure = {"kind": "figure", "path": list(subject.relation), "function": subject.function.value}
        return figure | {"field": subject.field, "inner": inner, "window": _window(subject.window)} | compared
    return {"kind": "compare", "path": list(subject.path), "of": subject.argument} | compared


def _window(window: Window | None) -> Form | None:
    return window_to_json(window) if window else None


def from_form(data: Any) -> Node:
    """The tree that a form describes. Raises RuleInvalid, ValidationFailed for what no form sends."""
    return from_json(_to_plain(data, 1))


def _to_plain(data: Any, depth: int) -> Form:
    reader = _READERS.get(data.get("kind")) if isinstance(data, dict) else None
    if reader is None or depth > MOST_DEEP:
        raise ValidationFailed("This is not a rule's form.", path=("form",))
    plain = reader(data, depth)
    comments = data.get("comments")
    return {"COMMENT": comments, **plain} if comments else plain


def _group(data: Form, depth: int) -> Form:
    items = data.get("items")
    word = "OR" if data.get("word") == "OR" else "AND"
    return {word: [_to_plain(item, depth + 1) for item in items] if isinstance(items, list) else items}


def _compare(data: Form, depth: int) -> Form:
    argument = {"of": data["of"]} if data.get("of") else {}
    return _nested(data, argument | {str(data.get("operator")): data.get("value")})


def _figure(data: Form, depth: int) -> Form:
    field = {"field": data["field"]} if data.get("field") else {}
    where = {"where": _to_plain(data["inner"], depth + 1)} if data.get("inner") else {}
    body = field | where | {str(data.get("operator")): data.get("value")}
    return _nested(data, {str(data.get("function")): body} | _kept(data, "window"))


def _rows(data: Form, depth: int) -> Form:
    inner = _to_plain(data["inner"], depth + 1) if data.get("inner") else {}
    return _nested(data, {str(data.get("quantifier")): inner} | _kept(data, "window"))


def _segment(data: Form, depth: int) -> Form:
    presence = data.get("presence")
    ways: dict[str, Form] = {
        Presence.AT.value: {"at": data.get("at")},
        Presence.EVER.value: {"ever": True},
        Presence.ENTERED.value: {"entered": data.get("window")},
        Presence.LEFT.value: {"left": data.get("window")},
    }
    return _nested(data, {"key": data.get("key")} | ways.get(str(presence), {}), "segment")


def _stage(data: Form, depth: int) -> Form:
    return _nested(data, {"key": data.get("key")} | _kept(data, "of"), "everInStage")


def _kept(data: Form, name: str) -> Form:
    return {name: data[name]} if data.get(name) else {}


def _nested(data: Form, inner: Form, *last: str) -> Form:
    path = data.get("path")
    words = [str(word) for word in path] if isinstance(path, list) else []
    for word in reversed([*words, *last]):
        inner = {word: inner}
    return inner


_READERS: dict[Any, Callable[[Form, int], Form]] = {
    "group": _group,
    "not": lambda data, depth: {"NOT": _to_plain(data.get("item"), depth + 1)},
    "compare": _compare,
    "figure": _figure,
    "rows": _rows,
    "segment": _segment,
    "stage": _stage,
}


def pretty(node: Node) -> str:
    """The text of a tree with each part of its outermost group on a line of its own."""
    if not isinstance(node, And | Or):
        return to_text(node)
    word = "and" if isinstance(node, And) else "or"
    return f"\n{word} ".join(_part(item) for item in node.items)


def _part(node: Node) -> str:
    return f"({to_text(node)})" if isinstance(node, And | Or) else to_text(node)
