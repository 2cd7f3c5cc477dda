"""Compiles a checked rule to one SQL predicate; every value is a parameter, every name comes from the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    Field,
    FieldType,
    Noun,
    Relation,
    Source,
    find_customer,
    find_field,
    find_rows,
)
from crm.rules.sql_terms import (
    AGGREGATES,
    COMPARISONS,
    CUSTOM,
    FLIPPED,
    NORMAL,
    ORDERS,
    PATTERNS,
    ZERO,
    Binder,
    Parameters,
    Shape,
    currency_of,
    escape,
    name,
    presence_asked,
    sql_type_of,
    strict,
    whole,
)
from crm.rules.tree import (
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
    Presence,
    Quantified,
    Quantifier,
    Value,
)
from crm.rules.values import Context, day_range, holds, instant, time_range, typed
from crm.rules.windows import Window, anniversaries, bounds, day_bounds

__all__ = [
    "LIFECYCLE",
    "SEGMENTS",
    "STAGE_MOVES",
    "Binder",
    "Chain",
    "Compiler",
    "Context",
    "Parameters",
    "Row",
    "Shape",
    "compile",
    "name",
]


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is being asked: its noun and the alias of its table."""

    noun: Noun
    alias: str


@dataclass(frozen=True, slots=True)
class Chain:
    """Joined rows: FROM, the conditions that tie them to the outer row and limit them, and the last alias."""

    tables: str
    conditions: list[str]
    alias: str


def compile(
    tree: Node,
    catalogue: Catalogue,
    *,
    alias: str,
    binder: Binder,
    context: Context,
    root: str = CUSTOMER,
    shape: Shape = Shape.EACH,
    row_filter: Node | None = None,
) -> str:
    """A boolean SQL expression over the row of `root` that `alias` names; it counts as false when it is null.

    The tree has passed `check`. Aliases within are r1, r2, …; equal shapes of rules give equal texts. Customers
    outside `row_filter`, a rule over customers, do not exist for the rule, wherever it walks to them.
    """
    compiler = Compiler(catalogue, binder, context, shape, row_filter)
    return compiler.node(tree, Row(catalogue.noun(root), alias), False)


@dataclass(slots=True)
class Compiler:
    catalogue: Catalogue
    binder: Binder
    context: Context
    shape: Shape
    row_filter: Node | None = None
    aliases: int = 0

    # rules; `negate` asks for the opposite, so that NOT reaches the leaves and EXISTS stays plannable

    def node(self, node: Node, row: Row, negate: bool) -> str:
        match node:
            case And():
                return self.group(node.items, row, negate, "OR" if negate else "AND")
            case Or():
                return self.group(node.items, row, negate, "AND" if negate else "OR")
            case Not():
                return self.node(node.item, row, not negate)
            case _:
                return self.leaf(node, row, negate)

    def leaf(self, node: Leaf, row: Row, negate: bool) -> str:
        match node:
            case Compare():
                return self.compare(node, row, negate)
            case Quantified():
                return self.quantified(node, row, negate)
            case InSegment():
                return self.segment(node, row, negate)
            case EverInStage():
                return self.stage(node, row, negate)

    def compare(self, node: Compare, row: Row, negate: bool) -> str:
        if isinstance(node.subject, FieldRef):
            return self.field(node, node.subject, row, negate)
        return self.aggregate(node, node.subject, row, negate)

    def group(self, items: Sequence[Node], row: Row, negate: bool, word: str) -> str:
        return "(" + f" {word} ".join(self.node(item, row, negate) for item in items) + ")"

    def alias(self) -> str:
        self.aliases += 1
        return f"r{self.aliases}"

    # rows

    def chain(self, relations: Sequence[Relation], outer: str, argument: str | None = None) -> Chain:
        first = self.alias()
        tables = [f"{name(relations[0].table)} {first}"]
        conditions = [f"{first}.{name(relations[0].remote)} = {outer}.{name(relations[0].local)}"]
        conditions += self.conditions(relations[0], first, argument)
        conditions += self.visible(relations[0], first)
        here = first
        for relation in relations[1:]:
            there = self.alias()
            tie = f"{there}.{name(relation.remote)} = {here}.{name(relation.local)}"
            tables.append(f"JOIN {name(relation.table)} {there} ON {tie}")
            conditions += self.conditions(relation, there, argument)
            conditions += self.visible(relation, there)
            here = there
        return Chain(" ".join(tables), conditions, here)

    def visible(self, relation: Relation, alias: str) -> list[str]:
        """What keeps customers that the asker may not see from being walked to."""
        if self.row_filter is None or relation.target != CUSTOMER:
            return []
        rule, self.row_filter = self.row_filter, None  # the filter itself may walk anywhere
        try:
            return [self.node(rule, Row(self.catalogue.noun(CUSTOMER), alias), False)]
        finally:
            self.row_filter = rule

    def conditions(self, relation: Relation, alias: str, argument: str | None) -> list[str]:
        return [self.condition(condition, alias, argument) for condition in relation.conditions]

    def condition(self, condition: Condition, alias: str, argument: str | None) -> str:
        column = f"{alias}.{name(condition.column)}"
        if isinstance(condition, Chosen):
            if condition.key and argument is not None:
                chosen = f"{name(condition.key)} = {self.binder.bind(argument, 'text')}"
            else:
                chosen = name(condition.flag)
            return f"{column} = (SELECT id FROM {name(condition.table)} WHERE {chosen})"
        if condition.constant is None:
            return f"{column} IS NULL"
        sql_type = "boolean" if isinstance(condition.constant, bool) else "text"
        return f"{column} = {self.binder.bind(condition.constant, sql_type)}"

    def window(self, window: Window | None, noun: Noun, alias: str) -> list[str]:
        if window is None or noun.time is None:
            return []
        field = noun.fields[noun.time]
        assert isinstance(field.source, Column)
        column = f"{alias}.{name(field.source.name)}"
        return (
            self.between_times(column, *bounds(window, self.context.now, self.context.zone))
            if (field.type is FieldType.TIME)
            else self.between_days(column, *day_bounds(window, self.context.now, self.context.zone))
        )

    def between_times(self, column: str, low: Any, high: Any) -> list[str]:
        parts = [f"{column} >= {self.binder.bind(low, 'timestamptz')}"] if low else []
        return parts + ([f"{column} < {self.binder.bind(high, 'timestamptz')}"] if high else [])

    def between_days(self, column: str, first: Any, last: Any) -> list[str]:
        parts = [f"{column} >= {self.binder.bind(first, 'date')}"] if first else []
        return parts + ([f"{column} <= {self.binder.bind(last, 'date')}"] if last else [])

    # fields

    def field(self, node: Compare, subject: FieldRef, row: Row, negate: bool) -> str:
        operator, value, negate = strict(node.operator, node.value, negate)
        found = find_field(self.catalogue, row.noun, subject.path)
        if not found.rows:
            test = self.test(found.field, self.expression(found.field, row.alias), operator, value, row.alias)
            return f"({test}) IS NOT TRUE" if negate else test
        chain = self.chain(found.rows, row.alias, subject.argument)
        test = self.test(found.field, self.expression(found.field, chain.alias), operator, value, chain.alias)
        return _exists(chain, [test], negate)

    def expression(self, field: Field, alias: str) -> str:
        source: Source = field.source
        if isinstance(source, Custom):
            return self.custom(source, field, alias)
        column = f"{alias}.{name(source.name)}"
        return f"{NORMAL}({column})" if field.type is FieldType.TEXT else column

    def custom(self, source: Custom, field: Field, alias: str) -> str:
        """The value under a key, or null when it is of another type than the field is now."""
        kind, sql_type = CUSTOM[field.type]
        key = self.binder.bind(source.key, "text")
        column = f"{alias}.{name(source.column)}"
        value = f"({column} ->> {key})"
        cast = value if sql_type == "text" else f"{value}::{sql_type}"
        valid = f" AND pg_input_is_valid({value}, 'date')" if sql_type == "date" else ""
        guarded = f"CASE WHEN jsonb_typeof({column} -> {key}) = '{kind}'{valid} THEN {cast} END"
        return f"{NORMAL}({guarded})" if field.type is FieldType.TEXT else f"({guarded})"

    def test(self, field: Field, expression: str, operator: Operator, value: Value, alias: str) -> str:
        """A comparison that is false or null for a missing value."""
        if operator is Operator.IS_EMPTY:
            return (
                f"{expression} <> ''" if field.type in (FieldType.TEXT, FieldType.CODE) else f"{expression} IS NOT NULL"
            )
        if isinstance(value, Window) or field.type in (FieldType.TIME, FieldType.DATE):
            return self.time_test(field, expression, operator, value)
        if field.type is FieldType.DURATION:
            return self.duration_test(field, expression, operator, value)
        test = self.plain_test(field, expression, operator, value)
        currency = currency_of(field, value)
        if currency is None:
            return test
        return f"({test} AND {alias}.{name(field.currency or '')} = {self.binder.bind(currency, 'text')})"

    def plain_test(self, field: Field, expression: str, operator: Operator, value: Value) -> str:
        items = whole(field, self.items(field, value))
        sql_type = sql_type_of(field, items)
        if operator is Operator.IN:
            return f"{expression} = ANY({self.binder.bind(items, f'{sql_type}[]')})"
        if operator is Operator.BETWEEN:
            low, high = (self.binder.bind(item, sql_type) for item in items)
            return f"{expression} BETWEEN {low} AND {high}"
        if operator in PATTERNS:
            pattern = PATTERNS[operator].format(escape(str(items[0])))
            return f"{expression} LIKE {self.binder.bind(pattern, 'text')}"
        return f"{expression} {COMPARISONS[operator]} {self.binder.bind(items[0], sql_type)}"

    def items(self, field: Field, value: Value) -> list[Any]:
        """The literals of a comparison as typed values."""
        assert not isinstance(value, Window)
        return [typed(field, item, self.context) for item in (value if isinstance(value, tuple) else (value,))]

    def time_test(self, field: Field, expression: str, operator: Operator, value: Value) -> str:
        if operator is Operator.ANNIVERSARY:
            assert isinstance(value, Window)
            days = self.binder.bind(anniversaries(value, self.context.now, self.context.zone), "int[]")
            part = "extract({} FROM {})::int"
            return f"{part.format('month', expression)} * 100 + {part.format('day', expression)} = ANY({days})"
        if field.type is FieldType.TIME:
            span = time_range(field, operator, value, self.context)
            parts = self.between_times(expression, span.low, span.high)
        else:
            days_found = day_range(field, operator, value, self.context)
            parts = self.between_days(expression, days_found.first, days_found.last)
        return "(" + " AND ".join(parts) + ")"

    def duration_test(self, field: Field, expression: str, operator: Operator, value: Value) -> str:
        """The column against now minus the duration, which an index serves, not the time passed since it."""
        items = self.items(field, value)
        now = self.binder.bind(self.context.now, "timestamptz")
        limits = [f"({now} - make_interval(secs => {self.binder.bind(item, 'float8')}))" for item in items]
        if operator is Operator.BETWEEN:
            return f"{expression} BETWEEN {limits[1]} AND {limits[0]}"
        return f"{expression} {COMPARISONS[FLIPPED[operator]]} {limits[0]}"

    # relations

    def quantified(self, node: Quantified, row: Row, negate: bool) -> str:
        relations = find_rows(self.catalogue, row.noun, node.relation)
        chain = self.chain(relations, row.alias)
        target = Row(self.catalogue.noun(relations[-1].target), chain.alias)
        every = node.quantifier is Quantifier.EVERY
        tests = self.window(node.window, target.noun, chain.alias)
        if node.inner:
            tests.append(self.node(node.inner, target, every))
        return _exists(chain, tests, negate != (node.quantifier is not Quantifier.SOME))

    def aggregate(self, node: Compare, subject: Aggregate, row: Row, negate: bool) -> str:
        operator, value, negate = strict(node.operator, node.value, negate)
        relations = find_rows(self.catalogue, row.noun, subject.relation)
        target = self.catalogue.noun(relations[-1].target)
        field = figure(subject, target)
        presence = presence_asked(field, operator, value)
        chain = self.chain(relations, row.alias)
        tests = [*chain.conditions[1:], *self.rows(subject, field, value, Row(target, chain.alias))]
        if presence is not None:
            return _exists(chain, tests[len(chain.conditions) - 1 :], negate == presence)
        if self.shape is Shape.SET and len(relations) == 1:
            return self.grouped(subject, field, operator, value, relations[0], chain, tests, row, negate)
        figure_sql = self.figure(subject, field, chain.alias, target)
        where = " AND ".join([chain.conditions[0], *tests])
        tail = (
            f" ORDER BY {self.order(subject.function, target, chain.alias)} LIMIT 1"
            if (subject.function in ORDERS)
            else ""
        )
        test = self.figure_test(
            field, f"(SELECT {figure_sql} FROM {chain.tables} WHERE {where}{tail})", operator, value
        )
        return f"({test}) IS NOT TRUE" if negate else test

    def rows(self, subject: Aggregate, field: Field, value: Value, target: Row) -> list[str]:
        """What limits the rows that a figure is made of: the window, the inner rule, the currency."""
        tests = self.window(subject.window, target.noun, target.alias)
        if subject.inner:
            tests.append(self.node(subject.inner, target, False))
        currency = currency_of(field, value)
        if currency is not None:
            tests.append(f"{target.alias}.{name(field.currency or '')} = {self.binder.bind(currency, 'text')}")
        return tests

    def figure(self, subject: Aggregate, field: Field, alias: str, target: Noun) -> str:
        if field is COUNT:
            return AGGREGATES[Function.COUNT]
        expression = self.expression(field, alias)
        return expression if subject.function in ORDERS else AGGREGATES[subject.function].format(expression)

    def order(self, function: Function, target: Noun, alias: str) -> str:
        assert target.time is not None
        source = target.fields[target.time].source
        assert isinstance(source, Column)
        way = ORDERS[function]
        return f"{alias}.{name(source.name)} {way} NULLS LAST, {alias}.id {way}"

    def figure_test(self, field: Field, expression: str, operator: Operator, value: Value) -> str:
        """A comparison of a figure; its currency already limits the rows."""
        if currency_of(field, value) is None:
            return self.test(field, expression, operator, value, "")
        return self.plain_test(field, expression, operator, value)

    def grouped(
        self,
        subject: Aggregate,
        field: Field,
        operator: Operator,
        value: Value,
        relation: Relation,
        chain: Chain,
        tests: list[str],
        row: Row,
        negate: bool,
    ) -> str:
        """The figure of everybody at once; who has no rows is told by what nothing amounts to."""
        target = self.catalogue.noun(relation.target)
        figure_sql = self.figure(subject, field, chain.alias, target)
        if subject.function in ORDERS:
            figure_sql = f"(array_agg({figure_sql} ORDER BY {self.order(subject.function, target, chain.alias)}))[1]"
        empty = subject.function in ZERO and self.holds_for_zero(field, operator, value)
        test = self.figure_test(field, figure_sql, operator, value)
        having = f"({test}) IS NOT TRUE" if empty else test
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        key = f"{chain.alias}.{name(relation.remote)}"
        outer = f"{row.alias}.{name(relation.local)}"
        grouped = f"SELECT {key} AS key FROM {chain.tables}{where} GROUP BY {key} HAVING {having}"
        if empty == negate:
            return f"{outer} IN ({grouped})"
        alias = self.alias()
        return f"NOT EXISTS (SELECT 1 FROM ({grouped}) {alias} WHERE {alias}.key = {outer})"

    def holds_for_zero(self, field: Field, operator: Operator, value: Value) -> bool:
        return operator is Operator.IS_EMPTY or holds(operator, Decimal(0), self.items(field, value))

    # customers

    def segment(self, node: InSegment, row: Row, negate: bool) -> str:
        hops = find_customer(self.catalogue, row.noun, node.path)
        chain = self.chain((*hops, SEGMENTS), row.alias)
        member = chain.alias
        tests = [
            f'{member}."segment_id" = (SELECT id FROM "segment" WHERE "key" = {self.binder.bind(node.key, "text")})'
        ]
        match node.presence:
            case Presence.NOW:
                tests.append(f'{member}."exited_at" IS NULL')
            case Presence.AT:
                at = self.binder.bind(instant(node.at or "", self.context), "timestamptz")
                tests.append(
                    f'{member}."entered_at" <= {at} AND ({member}."exited_at" IS NULL OR {member}."exited_at" > {at})'
                )
            case Presence.ENTERED | Presence.LEFT:
                column = "entered_at" if node.presence is Presence.ENTERED else "exited_at"
                assert node.window is not None
                span = bounds(node.window, self.context.now, self.context.zone)
                tests += self.between_times(f"{member}.{name(column)}", *span)
        return _exists(chain, tests, negate)

    def stage(self, node: EverInStage, row: Row, negate: bool) -> str:
        hops = find_customer(self.catalogue, row.noun, node.path)
        chain = self.chain((*hops, *STAGE_MOVES), row.alias, node.lifecycle)
        return _exists(chain, [f'{chain.alias}."key" = {self.binder.bind(node.key, "text")}'], negate)


SEGMENTS = Relation("segments", "segmentMembership", "segment_membership", "id", "customer_id", True)
LIFECYCLE = Chosen("lifecycle_id", "lifecycle", "is_default", "key")
STAGE_MOVES = (
    Relation("stageMoves", "stageMove", "stage_transition", "id", "customer_id", True, (LIFECYCLE,)),
    Relation("toStage", "stage", "stage", "to_stage_id", "id", False),
)


def _exists(chain: Chain, tests: list[str], negate: bool) -> str:
    where = " AND ".join([*chain.conditions, *tests])
    return f"{'NOT ' if negate else ''}EXISTS (SELECT 1 FROM {chain.tables} WHERE {where})"
