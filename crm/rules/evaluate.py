"""A rule in plain Python over plain rows: what the compiled SQL must agree with, slow and simple."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from crm.rules.check import COUNT, figure
from crm.rules.fields import (
    CUSTOMER,
    Catalogue,
    Chosen,
    Column,
    Condition,
    Custom,
    Entry,
    Field,
    FieldType,
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
    Function,
    InSegment,
    Leaf,
    Money,
    Node,
    Not,
    Operator,
    Or,
    Presence,
    Quantified,
    Quantifier,
    Value,
)
from crm.rules.values import COMPLEMENTS, Context, day_range, holds, time_of, time_range, typed
from crm.rules.windows import Window, anniversaries, bounds, day_bounds
from crm.text import normalise

Row = Mapping[str, Any]
Data = Mapping[str, Sequence[Row]]
"""Rows by table name, each a mapping of column names."""


def evaluate(tree: Node, catalogue: Catalogue, data: Data, row: Row, *, context: Context, root: str = CUSTOMER) -> bool:
    """Whether a checked rule holds for one row of the root noun."""
    return _Evaluation(catalogue, data, context).node(tree, catalogue.noun(root), row)


@dataclass(frozen=True, slots=True)
class _Evaluation:
    catalogue: Catalogue
    data: Data
    context: Context

    def node(self, node: Node, noun: Noun, row: Row) -> bool:
        match node:
            case And():
                return all(self.node(item, noun, row) for item in node.items)
            case Or():
                return any(self.node(item, noun, row) for item in node.items)
            case Not():
                return not self.node(node.item, noun, row)
            case _:
                return self.leaf(node, noun, row)

    def leaf(self, node: Leaf, noun: Noun, row: Row) -> bool:
        match node:
            case Compare():
                return self.compare(node, noun, row)
            case Quantified():
                return self.quantified(node, noun, row)
            case InSegment():
                return self.segment(node, noun, row)
            case EverInStage():
                rows = self.through(
                    (*find_customer(self.catalogue, noun, node.path), *STAGE_MOVES), row, node.lifecycle
                )
                return any(found["key"] == node.key for found in rows)

    def compare(self, node: Compare, noun: Noun, row: Row) -> bool:
        if isinstance(node.subject, FieldRef):
            return self.field(node, node.subject, noun, row)
        return self.aggregate(node, node.subject, noun, row)

    # rows

    def through(self, relations: Sequence[Relation], row: Row, argument: str | None = None) -> list[Row]:
        rows = [row]
        for relation in relations:
            rows = [
                found
                for here in rows
                for found in self.data.get(relation.table, ())
                if here.get(relation.local) is not None
                and found[relation.remote] == here[relation.local]
                and all(self.counts(condition, found, argument) for condition in relation.conditions)
            ]
        return rows

    def counts(self, condition: Condition, row: Row, argument: str | None) -> bool:
        if isinstance(condition, Chosen):
            by_key = condition.key is not None and argument is not None
            return any(
                row[condition.column] == other["id"]
                for other in self.data.get(condition.table, ())
                if (other[condition.key or ""] == argument if by_key else other[condition.flag])
            )
        return bool(row[condition.column] == condition.constant)

    def inside(self, window: Window | None, noun: Noun, row: Row) -> bool:
        if window is None or noun.time is None:
            return True
        field = noun.fields[noun.time]
        value = self.value(field, row)
        if field.type is FieldType.TIME:
            return _in_times(value, *bounds(window, self.context.now, self.context.zone))
        return _in_days(value, *day_bounds(window, self.context.now, self.context.zone))

    # fields

    def field(self, node: Compare, subject: FieldRef, noun: Noun, row: Row) -> bool:
        if node.operator in COMPLEMENTS:
            plain = Compare(subject, COMPLEMENTS[node.operator], node.value)
            return not self.field(plain, subject, noun, row)
        found = find_field(self.catalogue, noun, subject.path)
        rows = self.through(found.rows, row, subject.argument)
        if node.operator is Operator.IS_EMPTY:
            present = any(self.value(found.field, one, subject.argument) not in (None, "") for one in rows)
            return present is not node.value
        return any(self.row_holds(found.field, one, node, subject.argument) for one in rows)

    def row_holds(self, field: Field, row: Row, node: Compare, argument: str | None) -> bool:
        currency = _currency(field, node.value)
        if currency is not None and row[field.currency or ""] != currency:
            return False
        return self.value_holds(field, self.value(field, row, argument), node.operator, node.value)

    def value(self, field: Field, row: Row, argument: str | None = None) -> Any:
        match field.source:
            case Column(name):
                value = row[name]
            case Since(name):
                return row[name]
            case Custom(column, key):
                value = _custom(field, (row[column] or {}).get(key))
            case Entry(column):
                value = _custom(field, (row[column] or {}).get(argument))
        return normalise(value) if field.type is FieldType.TEXT and value is not None else value

    def value_holds(self, field: Field, value: Any, operator: Operator, wanted: Value) -> bool:
        if value is None:
            return False
        if isinstance(wanted, Window) or field.type in (FieldType.TIME, FieldType.DATE):
            return self.time_holds(field, value, operator, wanted)
        items: list[Any] = [
            typed(field, item, self.context) for item in (wanted if isinstance(wanted, tuple) else (wanted,))
        ]
        if field.type is FieldType.DURATION:
            value = Decimal((self.context.now - value).total_seconds())
        return holds(operator, value, items)

    def time_holds(self, field: Field, value: Any, operator: Operator, wanted: Value) -> bool:
        if operator is Operator.ANNIVERSARY:
            assert isinstance(wanted, Window)
            return value.month * 100 + value.day in anniversaries(wanted, self.context.now, self.context.zone)
        if field.type is FieldType.TIME:
            times = time_range(field, operator, wanted, self.context)
            return _in_times(value, times.low, times.high)
        days = day_range(field, operator, wanted, self.context)
        return _in_days(value, days.first, days.last)

    # relations

    def quantified(self, node: Quantified, noun: Noun, row: Row) -> bool:
        relations = find_rows(self.catalogue, noun, node.relation)
        target = self.catalogue.noun(relations[-1].target)
        rows = [found for found in self.through(relations, row) if self.inside(node.window, target, found)]
        answers = [node.inner is None or self.node(node.inner, target, found) for found in rows]
        if node.quantifier is Quantifier.EVERY:
            return all(answers)
        return any(answers) is (node.quantifier is Quantifier.SOME)

    def aggregate(self, node: Compare, subject: Aggregate, noun: Noun, row: Row) -> bool:
        if node.operator in COMPLEMENTS:
            plain = Compare(subject, COMPLEMENTS[node.operator], node.value)
            return not self.aggregate(plain, subject, noun, row)
        relations = find_rows(self.catalogue, noun, subject.relation)
        target = self.catalogue.noun(relations[-1].target)
        field = figure(subject, target)
        currency = _currency(field, node.value)
        rows = [
            found
            for found in self.through(relations, row)
            if self.inside(subject.window, target, found)
            and (subject.inner is None or self.node(subject.inner, target, found))
            and (currency is None or found[field.currency or ""] == currency)
        ]
        value = self.figure(subject, field, target, rows)
        if node.operator is Operator.IS_EMPTY:
            return (value not in (None, "")) is not node.value
        return self.value_holds(field, value, node.operator, node.value)

    def figure(self, subject: Aggregate, field: Field, target: Noun, rows: list[Row]) -> Any:
        if field is COUNT:
            return Decimal(len(rows))
        if subject.function in (Function.FIRST, Function.LAST):
            return self.outermost(subject.function, field, target, rows)
        values = [value for value in (self.value(field, row) for row in rows) if value is not None]
        if subject.function is Function.SUM:
            return sum(values, Decimal(0))
        if not values:
            return None
        if subject.function is Function.AVG:
            return sum(values, Decimal(0)) / len(values)
        return min(values) if subject.function is Function.MIN else max(values)

    def outermost(self, function: Function, field: Field, target: Noun, rows: list[Row]) -> Any:
        time = target.fields[target.time or ""]
        dated = [row for row in rows if self.value(time, row) is not None] or rows
        if not dated:
            return None
        pick = min if function is Function.FIRST else max
        return self.value(field, pick(dated, key=lambda row: (self.value(time, row), row["id"])))

    def segment(self, node: InSegment, noun: Noun, row: Row) -> bool:
        stays = self.through((*find_customer(self.catalogue, noun, node.path), SEGMENTS), row)
        keys = {segment["id"]: segment["key"] for segment in self.data.get("segment", ())}
        return any(self.stay_counts(node, stay) for stay in stays if keys.get(stay["segment_id"]) == node.key)

    def stay_counts(self, node: InSegment, stay: Row) -> bool:
        match node.presence:
            case Presence.NOW:
                return stay["exited_at"] is None
            case Presence.AT:
                at = time_of(node.at or "", self.context)
                return bool(stay["entered_at"] <= at and (stay["exited_at"] is None or stay["exited_at"] > at))
            case Presence.EVER:
                return True
        assert node.window is not None
        column = "entered_at" if node.presence is Presence.ENTERED else "exited_at"
        return _in_times(stay[column], *bounds(node.window, self.context.now, self.context.zone))


def _custom(field: Field, value: Any) -> Any:
    """A JSON value as the field's type, or None when it is of another type."""
    if field.type is FieldType.NUMBER:
        number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
        return Decimal(str(value)) if number else None
    if field.type is FieldType.BOOLEAN:
        return value if isinstance(value, bool) else None
    if not isinstance(value, str):
        return None
    if field.type is not FieldType.DATE:
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _currency(field: Field, value: Value) -> str | None:
    first = value[0] if isinstance(value, tuple) else value
    return first.currency if field.currency is not None and isinstance(first, Money) else None


def _in_times(value: datetime | None, low: datetime | None, high: datetime | None) -> bool:
    return value is not None and (low is None or value >= low) and (high is None or value < high)


def _in_days(value: date | None, first: date | None, last: date | None) -> bool:
    return value is not None and (first is None or value >= first) and (last is None or value <= last)
