"""What a condition looked at: the SQL of the value that it compares, as text, for saying expected and actual."""

from __future__ import annotations

from crm.rules.check import figure
from crm.rules.fields import CUSTOMER, Catalogue, find_field, find_rows
from crm.rules.sql import Binder, Compiler, Row, Shape
from crm.rules.tree import Aggregate, Compare, FieldRef, Function, Node
from crm.rules.values import Context


def figure_of(
    node: Node, catalogue: Catalogue, *, alias: str, binder: Binder, context: Context, root: str = CUSTOMER
) -> str | None:
    """An SQL expression of type text over the row that `alias` names; None where the condition compares no value.

    A field that stands in several rows is told as its values, comma separated.
    """
    compiler = Compiler(catalogue, binder, context, Shape.EACH, aliases=1_000)
    row = Row(catalogue.noun(root), alias)
    match node:
        case Compare(subject=FieldRef() as subject):
            return _field(compiler, subject, row)
        case Compare(subject=Aggregate() as subject):
            return _figure(compiler, subject, node, row)
        case _:
            return None


def _field(compiler: Compiler, subject: FieldRef, row: Row) -> str:
    found = find_field(compiler.catalogue, row.noun, subject.path)
    if not found.rows:
        return f"({compiler.expression(found.field, row.alias)})::text"
    chain = compiler.chain(found.rows, row.alias, subject.argument)
    value = compiler.expression(found.field, chain.alias)
    where = " AND ".join(chain.conditions)
    return f"(SELECT string_agg(({value})::text, ', ') FROM {chain.tables} WHERE {where})"


def _figure(compiler: Compiler, subject: Aggregate, node: Compare, row: Row) -> str:
    from_rows = find_rows(compiler.catalogue, row.noun, subject.relation)
    target = compiler.catalogue.noun(from_rows[-1].target)
    chain = compiler.chain(from_rows, row.alias)
    field = figure(subject, target)
    tests = [*chain.conditions, *compiler.rows(subject, field, node.value, Row(target, chain.alias))]
    ordered = subject.function in (Function.FIRST, Function.LAST)
    tail = f" ORDER BY {compiler.order(subject.function, target, chain.alias)} LIMIT 1" if ordered else ""
    value = compiler.figure(subject, field, chain.alias, target)
    return f"(SELECT ({value})::text FROM {chain.tables} WHERE {' AND '.join(tests)}{tail})"
