"""Rows that a rule walks to: joined, limited by conditions, by a window and by what the asker may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crm.rules.fields import CUSTOMER, Chosen, Column, Condition, FieldType, Noun, Relation
from crm.rules.sql.compiling import Compiling, Row
from crm.rules.sql.terms import Binder, name
from crm.rules.tree import Node
from crm.rules.windows import Window, bounds, day_bounds


@dataclass(frozen=True, slots=True)
class Chain:
    """Joined rows: FROM, the conditions that tie them to the outer row and limit them, and the last alias."""

    tables: str
    conditions: list[str]
    alias: str


def chain(compiler: Compiling, relations: Sequence[Relation], outer: str, argument: str | None = None) -> Chain:
    """The rows at the end of a way from the row with the alias `outer`."""
    first = compiler.alias()
    tables = [f"{name(relations[0].table)} {first}"]
    conditions = [f"{first}.{name(relations[0].remote)} = {outer}.{name(relations[0].local)}"]
    conditions += limits(compiler, relations[0], first, argument)
    here = first
    for relation in relations[1:]:
        there = compiler.alias()
        tie = f"{there}.{name(relation.remote)} = {here}.{name(relation.local)}"
        tables.append(f"JOIN {name(relation.table)} {there} ON {tie}")
        conditions += limits(compiler, relation, there, argument)
        here = there
    return Chain(" ".join(tables), conditions, here)


def limits(compiler: Compiling, relation: Relation, alias: str, argument: str | None) -> list[str]:
    """What a row has to satisfy to count among a relation's rows."""
    found = [condition(compiler.binder, one, alias, argument) for one in relation.conditions]
    return found + visible(compiler, relation, alias)


def visible(compiler: Compiling, relation: Relation, alias: str) -> list[str]:
    """What keeps customers that the asker may not see from being walked to, and rows that tell of one from counting."""
    rule = compiler.row_filter
    if rule is None:
        return []
    compiler.row_filter = None  # the filter itself may walk anywhere
    try:
        customer = compiler.catalogue.noun(CUSTOMER)
        if relation.target == CUSTOMER:
            return [compiler.node(rule, Row(customer, alias), False)]
        return [seen(compiler, rule, customer, way, alias) for way in customers_of(compiler, relation)]
    finally:
        compiler.row_filter = rule


def customers_of(compiler: Compiling, relation: Relation) -> list[Relation]:
    """The customers that a relation's rows tell of, beside the one that was come from and so is seen anyway."""
    ways = compiler.catalogue.noun(relation.target).relations.values()
    return [way for way in ways if way.target == CUSTOMER and not way.many and way.local != relation.remote]


def seen(compiler: Compiling, rule: Node, customer: Noun, way: Relation, alias: str) -> str:
    """The condition that the asker may see the customer whom a row names, if it names one."""
    there, named = compiler.alias(), f"{alias}.{name(way.local)}"
    holds = compiler.node(rule, Row(customer, there), False)
    found = f"SELECT 1 FROM {name(way.table)} {there} WHERE {there}.{name(way.remote)} = {named} AND {holds}"
    return f"({named} IS NULL OR EXISTS ({found}))"


def condition(binder: Binder, wanted: Condition, alias: str, argument: str | None) -> str:
    column = f"{alias}.{name(wanted.column)}"
    if isinstance(wanted, Chosen):
        if wanted.key and argument is not None:
            chosen = f"{name(wanted.key)} = {binder.bind(argument, 'text')}"
        else:
            chosen = name(wanted.flag)
        return f"{column} = (SELECT id FROM {name(wanted.table)} WHERE {chosen})"
    if wanted.constant is None:
        return f"{column} IS NULL"
    sql_type = "boolean" if isinstance(wanted.constant, bool) else "text"
    return f"{column} = {binder.bind(wanted.constant, sql_type)}"


def inside(compiler: Compiling, window: Window | None, noun: Noun, alias: str) -> list[str]:
    """The conditions for a row whose date lies in the window."""
    if window is None or noun.time is None:
        return []
    field = noun.fields[noun.time]
    assert isinstance(field.source, Column)
    column, context = f"{alias}.{name(field.source.name)}", compiler.context
    if field.type is FieldType.TIME:
        return between_times(compiler.binder, column, *bounds(window, context.now, context.zone))
    return between_days(compiler.binder, column, *day_bounds(window, context.now, context.zone))


def between_times(binder: Binder, column: str, low: Any, high: Any) -> list[str]:
    """From `low`, which is part of it, to `high`, which is not; None is open."""
    parts = [f"{column} >= {binder.bind(low, 'timestamptz')}"] if low else []
    return parts + ([f"{column} < {binder.bind(high, 'timestamptz')}"] if high else [])


def between_days(binder: Binder, column: str, first: Any, last: Any) -> list[str]:
    """From `first` to `last`, both part of it; None is open."""
    parts = [f"{column} >= {binder.bind(first, 'date')}"] if first else []
    return parts + ([f"{column} <= {binder.bind(last, 'date')}"] if last else [])


def exists(found: Chain, tests: list[str], negate: bool) -> str:
    where = " AND ".join([*found.conditions, *tests])
    return f"{'NOT ' if negate else ''}EXISTS (SELECT 1 FROM {found.tables} WHERE {where})"
