"""A field against a value."""

from __future__ import annotations

from typing import Any

from crm.rules.fields import Custom, Entry, Field, FieldType, Source, find_field
from crm.rules.sql.compiling import Compiling, Row
from crm.rules.sql.rows import between_days, between_times, chain, exists
from crm.rules.sql.terms import (
    COMPARISONS,
    CUSTOM,
    FLIPPED,
    NORMAL,
    PATTERNS,
    currency_of,
    escape,
    name,
    sql_type_of,
    strict,
    whole,
)
from crm.rules.tree import Compare, FieldRef, Operator, Value
from crm.rules.values import day_range, time_range, typed
from crm.rules.windows import Window, anniversaries


def compare(compiler: Compiling, node: Compare, subject: FieldRef, row: Row, negate: bool) -> str:
    operator, value, negate = strict(node.operator, node.value, negate)
    found = find_field(compiler.catalogue, row.noun, subject.path)
    if not found.rows:
        read = expression(compiler, found.field, row.alias, subject.argument)
        tested = test(compiler, found.field, read, operator, value, row.alias)
        return f"({tested}) IS NOT TRUE" if negate else tested
    rows = chain(compiler, found.rows, row.alias, subject.argument)
    read = expression(compiler, found.field, rows.alias, subject.argument)
    return exists(rows, [test(compiler, found.field, read, operator, value, rows.alias)], negate)


def expression(compiler: Compiling, field: Field, alias: str, argument: str | None = None) -> str:
    """The value of a field of the row with that alias."""
    source: Source = field.source
    if isinstance(source, Custom | Entry):
        key = source.key if isinstance(source, Custom) else argument or ""
        return _under_key(compiler, source.column, key, field, alias)
    column = f"{alias}.{name(source.name)}"
    return f"{NORMAL}({column})" if field.type is FieldType.TEXT else column


def _under_key(compiler: Compiling, named: str, wanted: str, field: Field, alias: str) -> str:
    """The value under a key of a JSONB column, or null when it is of another type than the field is now."""
    kind, sql_type = CUSTOM[field.type]
    key = compiler.binder.bind(wanted, "text")
    column = f"{alias}.{name(named)}"
    value = f"({column} ->> {key})"
    cast = value if sql_type == "text" else f"{value}::{sql_type}"
    valid = f" AND pg_input_is_valid({value}, 'date')" if sql_type == "date" else ""
    guarded = f"CASE WHEN jsonb_typeof({column} -> {key}) = '{kind}'{valid} THEN {cast} END"
    return f"{NORMAL}({guarded})" if field.type is FieldType.TEXT else f"({guarded})"


def test(compiler: Compiling, field: Field, read: str, operator: Operator, value: Value, alias: str) -> str:
    """A comparison that is false or null for a missing value."""
    if operator is Operator.IS_EMPTY:
        return f"{read} <> ''" if field.type in (FieldType.TEXT, FieldType.CODE) else f"{read} IS NOT NULL"
    if isinstance(value, Window) or field.type in (FieldType.TIME, FieldType.DATE):
        return _time_test(compiler, field, read, operator, value)
    if field.type is FieldType.DURATION:
        return _duration_test(compiler, field, read, operator, value)
    tested = plain_test(compiler, field, read, operator, value)
    currency = currency_of(field, value)
    if currency is None:
        return tested
    return f"({tested} AND {alias}.{name(field.currency or '')} = {compiler.binder.bind(currency, 'text')})"


def plain_test(compiler: Compiling, field: Field, read: str, operator: Operator, value: Value) -> str:
    """A comparison with literals, whatever currency they name."""
    binder, given = compiler.binder, whole(field, items(compiler, field, value))
    sql_type = sql_type_of(field, given)
    if operator is Operator.IN:
        return f"{read} = ANY({binder.bind(given, f'{sql_type}[]')})"
    if operator is Operator.BETWEEN:
        low, high = (binder.bind(item, sql_type) for item in given)
        return f"{read} BETWEEN {low} AND {high}"
    if operator in PATTERNS:
        pattern = PATTERNS[operator].format(escape(str(given[0])))
        return f"{read} LIKE {binder.bind(pattern, 'text')}"
    return f"{read} {COMPARISONS[operator]} {binder.bind(given[0], sql_type)}"


def items(compiler: Compiling, field: Field, value: Value) -> list[Any]:
    """The literals of a comparison as typed values."""
    assert not isinstance(value, Window)
    return [typed(field, item, compiler.context) for item in (value if isinstance(value, tuple) else (value,))]


def _time_test(compiler: Compiling, field: Field, read: str, operator: Operator, value: Value) -> str:
    binder, context = compiler.binder, compiler.context
    if operator is Operator.ANNIVERSARY:
        assert isinstance(value, Window)
        days = binder.bind(anniversaries(value, context.now, context.zone), "int[]")
        part = "extract({} FROM {})::int"
        return f"{part.format('month', read)} * 100 + {part.format('day', read)} = ANY({days})"
    if field.type is FieldType.TIME:
        span = time_range(field, operator, value, context)
        parts = between_times(binder, read, span.low, span.high)
    else:
        found = day_range(field, operator, value, context)
        parts = between_days(binder, read, found.first, found.last)
    return "(" + " AND ".join(parts) + ")"


def _duration_test(compiler: Compiling, field: Field, read: str, operator: Operator, value: Value) -> str:
    """The column against now minus the duration, which an index serves, not the time passed since it."""
    binder = compiler.binder
    now = binder.bind(compiler.context.now, "timestamptz")
    limits = [
        f"({now} - make_interval(secs => {binder.bind(item, 'float8')}))" for item in items(compiler, field, value)
    ]
    if operator is Operator.BETWEEN:
        return f"{read} BETWEEN {limits[1]} AND {limits[0]}"
    return f"{read} {COMPARISONS[FLIPPED[operator]]} {limits[0]}"
