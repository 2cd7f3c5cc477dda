"""What a condition looked at: the SQL of the value that it compares, as text, for saying expected and actual."""

from __future__ import annotations

from crm.rules.check import figure
from crm.rules.fields import CUSTOMER, Catalogue, find_field, find_rows
from crm.rules.sql import Binder, Compiler, Row, Shape
from crm.rules.sql.fields import expression
from crm.rules.sql.figures import limiting, selected
from crm.rules.sql.rows import chain
from crm.rules.tree import Aggregate, Compare, FieldRef, Node
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
        return f"({expression(compiler, found.field, row.alias, subject.argument)})::text"
    rows = chain(compiler, found.rows, row.alias, subject.argument)
    value = expression(compiler, found.field, rows.alias, subject.argument)
    where = " AND ".join(rows.conditions)
    return f"(SELECT string_agg(({value})::text, ', ') FROM {rows.tables} WHERE {where})"


def _figure(compiler: Compiler, subject: Aggregate, node: Compare, row: Row) -> str:
    from_rows = find_rows(compiler.catalogue, row.noun, subject.relation)
    target = compiler.catalogue.noun(from_rows[-1].target)
    rows = chain(compiler, from_rows, row.alias)
    field = figure(subject, target)
    limits = limiting(compiler, subject, field, node.value, Row(target, rows.alias))
    return f"(SELECT {selected(compiler, subject, field, target, rows, limits, shown='({})::text')})"
