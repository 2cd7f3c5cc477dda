"""Many rows against a quantifier, and figures made of them against a value."""

from __future__ import annotations

from decimal import Decimal

from crm.rules.check import COUNT, figure
from crm.rules.fields import Column, Field, Noun, Relation, find_rows
from crm.rules.sql.compiling import Compiling, Row
from crm.rules.sql.fields import expression, items, plain_test, test
from crm.rules.sql.rows import Chain, chain, exists, inside
from crm.rules.sql.terms import AGGREGATES, ORDERS, ZERO, Shape, currency_of, name, presence_asked, strict
from crm.rules.tree import Aggregate, Compare, Function, Operator, Quantified, Quantifier, Value
from crm.rules.values import holds


def quantified(compiler: Compiling, node: Quantified, row: Row, negate: bool) -> str:
    relations = find_rows(compiler.catalogue, row.noun, node.relation)
    rows = chain(compiler, relations, row.alias)
    target = Row(compiler.catalogue.noun(relations[-1].target), rows.alias)
    every = node.quantifier is Quantifier.EVERY
    tests = inside(compiler, node.window, target.noun, rows.alias)
    if node.inner:
        tests.append(compiler.node(node.inner, target, every))
    return exists(rows, tests, negate != (node.quantifier is not Quantifier.SOME))


def compare(compiler: Compiling, node: Compare, row: Row, negate: bool) -> str:
    operator, value, negate = strict(node.operator, node.value, negate)
    subject = node.subject
    assert isinstance(subject, Aggregate)
    relations = find_rows(compiler.catalogue, row.noun, subject.relation)
    target = compiler.catalogue.noun(relations[-1].target)
    field = figure(subject, target)
    presence = presence_asked(field, operator, value)
    rows = chain(compiler, relations, row.alias)
    limits = limiting(compiler, subject, field, value, Row(target, rows.alias))
    if presence is not None:
        return exists(rows, limits, negate == presence)
    if compiler.shape is Shape.SET and len(relations) == 1:
        return _grouped(compiler, Compare(subject, operator, value), field, relations[0], rows, limits, row, negate)
    made = f"(SELECT {selected(compiler, subject, field, target, rows, limits)})"
    tested = _figure_test(compiler, field, made, operator, value)
    return f"({tested}) IS NOT TRUE" if negate else tested


def limiting(compiler: Compiling, subject: Aggregate, field: Field, value: Value, target: Row) -> list[str]:
    """What limits the rows that a figure is made of: the window, the inner rule, the currency."""
    tests = inside(compiler, subject.window, target.noun, target.alias)
    if subject.inner:
        tests.append(compiler.node(subject.inner, target, False))
    currency = currency_of(field, value)
    if currency is not None:
        tests.append(f"{target.alias}.{name(field.currency or '')} = {compiler.binder.bind(currency, 'text')}")
    return tests


def selected(
    compiler: Compiling,
    subject: Aggregate,
    field: Field,
    target: Noun,
    rows: Chain,
    limits: list[str],
    shown: str = "{}",
) -> str:
    """What stands after SELECT to get the figure of one row's rows."""
    where = " AND ".join([*rows.conditions, *limits])
    outermost = subject.function in ORDERS
    tail = f" ORDER BY {_order(subject.function, target, rows.alias)} LIMIT 1" if outermost else ""
    return f"{shown.format(_made(compiler, subject, field, rows.alias))} FROM {rows.tables} WHERE {where}{tail}"


def _made(compiler: Compiling, subject: Aggregate, field: Field, alias: str) -> str:
    if field is COUNT:
        return AGGREGATES[Function.COUNT]
    read = expression(compiler, field, alias)
    return read if subject.function in ORDERS else AGGREGATES[subject.function].format(read)


def _order(function: Function, target: Noun, alias: str) -> str:
    assert target.time is not None
    source = target.fields[target.time].source
    assert isinstance(source, Column)
    way = ORDERS[function]
    return f"{alias}.{name(source.name)} {way} NULLS LAST, {alias}.id {way}"


def _figure_test(compiler: Compiling, field: Field, read: str, operator: Operator, value: Value) -> str:
    """A comparison of a figure; its currency already limits the rows."""
    if currency_of(field, value) is None:
        return test(compiler, field, read, operator, value, "")
    return plain_test(compiler, field, read, operator, value)


def _grouped(
    compiler: Compiling,
    node: Compare,
    field: Field,
    relation: Relation,
    rows: Chain,
    limits: list[str],
    row: Row,
    negate: bool,
) -> str:
    """The figure of everybody at once; who has no rows is told by what nothing amounts to."""
    subject, target = node.subject, compiler.catalogue.noun(relation.target)
    assert isinstance(subject, Aggregate)
    made = _made(compiler, subject, field, rows.alias)
    if subject.function in ORDERS:
        made = f"(array_agg({made} ORDER BY {_order(subject.function, target, rows.alias)}))[1]"
    empty = subject.function in ZERO and _holds_for_zero(compiler, field, node.operator, node.value)
    tested = _figure_test(compiler, field, made, node.operator, node.value)
    having = f"({tested}) IS NOT TRUE" if empty else tested
    tests = [*rows.conditions[1:], *limits]
    where = f" WHERE {' AND '.join(tests)}" if tests else ""
    key = f"{rows.alias}.{name(relation.remote)}"
    outer = f"{row.alias}.{name(relation.local)}"
    grouped = f"SELECT {key} AS key FROM {rows.tables}{where} GROUP BY {key} HAVING {having}"
    if empty == negate:
        return f"{outer} IN ({grouped})"
    alias = compiler.alias()
    return f"NOT EXISTS (SELECT 1 FROM ({grouped}) {alias} WHERE {alias}.key = {outer})"


def _holds_for_zero(compiler: Compiling, field: Field, operator: Operator, value: Value) -> bool:
    return operator is Operator.IS_EMPTY or holds(operator, Decimal(0), items(compiler, field, value))
