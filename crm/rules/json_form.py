"""The JSON form of a rule: what is stored and what GraphQL's `where` takes; exact in both directions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crm.rules.faults import (
    MAX_COMMENTS,
    MAX_DEPTH,
    MAX_NODES,
    RuleInvalid,
    check_size,
    clip,
)
from crm.rules.json_values import (
    OPERATORS,
    JsonPath,
    read_mapping,
    read_optional_text,
    read_text,
    read_value,
    read_when,
    read_window,
    refuse_mixture,
    refuse_unknown,
    value_to_json,
    window_to_json,
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
    Node,
    Not,
    Operator,
    Or,
    Path,
    Presence,
    Quantified,
    Quantifier,
)
from crm.rules.windows import Window

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
            return {"key": node.key, "at": value_to_json(node.at or "")}
        case Presence.EVER:
            return {"key": node.key, "ever": True}
        case _:
            assert node.window is not None
            return {"key": node.key, node.presence.value: window_to_json(node.window)}


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
        body = read_mapping(data, at)
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
        body = read_mapping(data, at)
        words = set(body) - {"of", "window"}
        if words and words <= OPERATORS:
            subject = FieldRef(path, read_optional_text(body.get("of"), (*at, "of")))
            return self.comparisons(subject, body, at)
        if words and words <= VERBS:
            return self.relation(body, path, at, depth)
        refuse_mixture(words, at)
        return [self.where(body, path, at, depth + 1)]

    def comparisons(self, subject: FieldRef | Aggregate, body: dict[str, Any], at: JsonPath) -> list[Node]:
        found: list[Node] = []
        for key, data in body.items():
            if key in OPERATORS:
                operator = Operator(key)
                found.append(Compare(subject, operator, read_value(operator, data, (*at, key))))
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
        body = read_mapping(data, at)
        refuse_unknown(body, OPERATORS | {"field", "where"}, at)
        inner = self.where(body["where"], (), (*at, "where"), depth + 1) if "where" in body else None
        field = read_optional_text(body.get("field"), (*at, "field"))
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
        body = read_mapping(data, at)
        refuse_unknown(body, {"key", "at", "ever", "entered", "left"}, at)
        key = read_text(body.get("key"), (*at, "key"))
        extra = [word for word in body if word != "key"]
        if len(extra) > 1:
            raise RuleInvalid(f"Only one of {', '.join(extra)} can be asked at once.", path=at)
        if not extra:
            return InSegment(key, path=prefix)
        presence, here = Presence(extra[0]), (*at, extra[0])
        if presence is Presence.AT:
            return InSegment(key, presence, at=read_when(body["at"], here), path=prefix)
        if presence is Presence.EVER:
            return _ever(InSegment(key, presence, path=prefix), body["ever"], here)
        return InSegment(key, presence, window=read_window(body[presence.value], here), path=prefix)

    def ever_in_stage(self, data: Any, prefix: Path, at: JsonPath, depth: int) -> Node:
        body = read_mapping(data, at)
        refuse_unknown(body, {"key", "of"}, at)
        lifecycle = read_optional_text(body.get("of"), (*at, "of"))
        return EverInStage(read_text(body.get("key"), (*at, "key")), lifecycle, prefix)


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
    lines = (line.strip() for item in data for line in read_text(item, at, empty=True).splitlines())
    return tuple(line for line in lines if line)
