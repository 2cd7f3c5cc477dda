"""The ways from a customer to the rows that a rule looks at, and which of them the passing of time concerns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from crm.rules.check import figure
from crm.rules.fields import (
    CUSTOMER,
    Catalogue,
    Column,
    Field,
    FieldType,
    Label,
    Noun,
    Relation,
    Since,
    find_customer,
    find_field,
    find_rows,
)
from crm.rules.sql import SEGMENTS, STAGE_MOVES
from crm.rules.tree import (
    Aggregate,
    And,
    Compare,
    EverInStage,
    FieldRef,
    InSegment,
    Node,
    Not,
    Operator,
    Or,
    Presence,
    Quantified,
    Value,
)
from crm.rules.windows import Moment, Window

Chain = tuple[Relation, ...]


@dataclass(frozen=True, slots=True)
class Timed:
    """A comparison that time alone can turn: the rows on the way, the field there, what it is compared with."""

    chain: Chain
    field: Field
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Ways:
    """Every way that a rule goes, each with all that lead to it, and the comparisons that time can turn."""

    chains: frozenset[Chain]
    timed: tuple[Timed, ...]


def ways(tree: Node, catalogue: Catalogue, *, root: str = CUSTOMER) -> Ways:
    """Where a checked rule goes. What limits the rows on the way (inner rules, currencies) is left out, so that
    whoever follows a way backwards finds at least the customers for whom the rule can have changed."""
    found = list(_Walk(catalogue).node(tree, catalogue.noun(root), ()))
    chains = {step.chain[:length] for step in found for length in range(1, len(step.chain) + 1)}
    timed = dict.fromkeys(step for step in found if isinstance(step, Timed))
    return Ways(frozenset(chains), tuple(timed))


@dataclass(frozen=True, slots=True)
class _Step:
    """A way that is gone without a thought of time."""

    chain: Chain


@dataclass(frozen=True, slots=True)
class _Walk:
    catalogue: Catalogue

    def node(self, node: Node, noun: Noun, chain: Chain) -> Iterator[_Step | Timed]:
        match node:
            case And() | Or():
                for item in node.items:
                    yield from self.node(item, noun, chain)
            case Not():
                yield from self.node(node.item, noun, chain)
            case Compare(subject=FieldRef() as subject):
                yield from self.field(node, subject, noun, chain)
            case Compare(subject=Aggregate() as subject):
                yield from self.aggregate(node, subject, noun, chain)
            case _:
                yield from self.leaf(node, noun, chain)

    def leaf(
        self, node: Quantified | InSegment | EverInStage | Compare, noun: Noun, chain: Chain
    ) -> Iterator[_Step | Timed]:
        match node:
            case Quantified():
                yield from self.rows(node.relation, node.window, node.inner, noun, chain)
            case InSegment():
                yield from self.segment(node, noun, chain)
            case EverInStage():
                yield _Step((*chain, *find_customer(self.catalogue, noun, node.path), *STAGE_MOVES))

    def field(self, node: Compare, subject: FieldRef, noun: Noun, chain: Chain) -> Iterator[_Step | Timed]:
        found = find_field(self.catalogue, noun, subject.path)
        way = (*chain, *found.rows)
        yield _Step(way)
        if isinstance(found.field.source, Since) or _relative(node.value):
            yield Timed(way, found.field, node.operator, node.value)

    def aggregate(self, node: Compare, subject: Aggregate, noun: Noun, chain: Chain) -> Iterator[_Step | Timed]:
        yield from self.rows(subject.relation, subject.window, subject.inner, noun, chain)
        if _relative(node.value):
            relations = find_rows(self.catalogue, noun, subject.relation)
            field = figure(subject, self.catalogue.noun(relations[-1].target))
            yield Timed((*chain, *relations), field, node.operator, node.value)

    def rows(
        self, relation: tuple[str, ...], window: Window | None, inner: Node | None, noun: Noun, chain: Chain
    ) -> Iterator[_Step | Timed]:
        relations = find_rows(self.catalogue, noun, relation)
        way = (*chain, *relations)
        target = self.catalogue.noun(relations[-1].target)
        yield _Step(way)
        if window is not None and window.relative and target.time is not None:
            yield Timed(way, target.fields[target.time], Operator.WITHIN, window)
        if inner is not None:
            yield from self.node(inner, target, way)

    def segment(self, node: InSegment, noun: Noun, chain: Chain) -> Iterator[_Step | Timed]:
        way = (*chain, *find_customer(self.catalogue, noun, node.path), SEGMENTS)
        yield _Step(way)
        if node.window is not None and node.window.relative:
            column = "entered_at" if node.presence is Presence.ENTERED else "exited_at"
            yield Timed(way, _membership_time(column), Operator.WITHIN, node.window)
        if isinstance(node.at, Moment):
            yield Timed(way, _membership_time("entered_at"), Operator.LTE, node.at)
            yield Timed(way, _membership_time("exited_at"), Operator.GT, node.at)


_MEMBERSHIP_TIME = Field(
    "time",
    FieldType.TIME,
    Column("entered_at"),
    Label("Time", "زمان", "时间"),
    "",
    "last 30 days",
    sql_type="timestamptz",
)


def _membership_time(column: str) -> Field:
    return replace(_MEMBERSHIP_TIME, source=Column(column))


def _relative(value: Value) -> bool:
    values = value if isinstance(value, tuple) else (value,)
    return any(isinstance(one, Moment) or (isinstance(one, Window) and one.relative) for one in values)
