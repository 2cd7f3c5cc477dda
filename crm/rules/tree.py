"""The typed tree of a rule: plain frozen values, free of any catalogue or database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as option
from decimal import Decimal
from enum import StrEnum

from crm.rules.windows import Moment, Span, Window


class Operator(StrEnum):
    """How a value is compared; the words are the keys of the JSON form."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    IN = "in"
    NOT_IN = "notIn"
    BETWEEN = "between"
    CONTAINS = "contains"
    STARTS_WITH = "startsWith"
    ENDS_WITH = "endsWith"
    IS_EMPTY = "isEmpty"
    WITHIN = "within"
    ANNIVERSARY = "anniversary"


class Quantifier(StrEnum):
    SOME = "some"
    NONE = "none"
    EVERY = "every"


class Function(StrEnum):
    COUNT = "count"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    FIRST = "first"
    LAST = "last"


class Presence(StrEnum):
    """When a customer was in a segment."""

    NOW = "now"
    AT = "at"
    EVER = "ever"
    ENTERED = "entered"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stood in the rule's text, from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    currency: str


Scalar = str | bool | Decimal | Money | Moment | Span
Value = Scalar | tuple[Scalar, ...] | Window
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldRef:
    """A field by its path; `argument` narrows fields that take one (the lifecycle of `stage`)."""

    path: Path
    argument: str | None = None
    place: Place | None = option(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One figure out of the related rows that lie in the window and satisfy the inner rule.

    The last part of `relation` names many rows, parts before it one each; `count` has no field, all others need one.
    """

    relation: Path
    function: Function
    field: str | None = None
    window: Window | None = None
    inner: Node | None = None
    place: Place | None = option(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class And:
    items: tuple[Node, ...]
    place: Place | None = option(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Or:
    items: tuple[Node, ...]
    place: Place | None = option(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Not:
    item: Node
    place: Place | None = option(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """A field or a figure against a value; a missing value satisfies only `is empty`, `!=` and `not in`."""

    subject: FieldRef | Aggregate
    operator: Operator
    value: Value
    comments: tuple[str, ...] = ()
    place: Place | None = option(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Quantified:
    """Some, none or every related row in the window satisfies the inner rule (without one: there is a row)."""

    relation: Path
    quantifier: Quantifier
    inner: Node | None = None
    window: Window | None = None
    comments: tuple[str, ...] = ()
    place: Place | None = option(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class InSegment:
    """Membership of a segment, by its key: now, at a time, ever, or entered or left within a window.

    A time is an ISO text, or a moment that goes along with now, as `90 days ago`.

    `path` leads from the root to the customer who is meant; it is empty when the root is a customer.
    """

    key: str
    presence: Presence = Presence.NOW
    at: str | Moment | None = None
    window: Window | None = None
    path: Path = ()
    comments: tuple[str, ...] = ()
    place: Place | None = option(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class EverInStage:
    """The customer has been in a stage at some time; without a lifecycle the default one is meant."""

    key: str
    lifecycle: str | None = None
    path: Path = ()
    comments: tuple[str, ...] = ()
    place: Place | None = option(default=None, compare=False, repr=False)


Leaf = Compare | Quantified | InSegment | EverInStage
Node = And | Or | Not | Leaf

VERBS: frozenset[str] = frozenset(Quantifier) | frozenset(Function)
RESERVED: frozenset[str] = (
    frozenset(Operator)
    | VERBS
    | frozenset({"AND", "OR", "NOT", "COMMENT", "segment", "everInStage", "of", "field", "where", "window"})
    | frozenset(
        {"and", "or", "not", "is", "empty", "ever", "entered", "left", "now", "today", "yesterday", "true", "false"}
    )
    | frozenset({"next", "this", "previous", "from", "to", "at"})
)
"""Words that no field may be called."""


def children(node: Node) -> tuple[Node, ...]:
    """The rules directly inside a rule."""
    match node:
        case And() | Or():
            return node.items
        case Not():
            return (node.item,)
        case Quantified():
            return (node.inner,) if node.inner else ()
        case Compare(subject=Aggregate(inner=inner)) if inner:
            return (inner,)
        case _:
            return ()


def conjuncts(tree: Node) -> Iterator[Node]:
    """The conditions that must hold each by itself for a rule to hold."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, And):
            waiting.extend(reversed(node.items))
        else:
            yield node


def walk(node: Node) -> Iterator[tuple[Node, int]]:
    """Every rule inside a rule with its depth from 1, outer before inner; needs no recursion, however deep."""
    waiting = [(node, 1)]
    while waiting:
        found, depth = waiting.pop()
        yield found, depth
        waiting.extend((child, depth + 1) for child in reversed(children(found)))
