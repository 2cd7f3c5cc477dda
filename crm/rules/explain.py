"""What a condition looked at: the SQL of the value that it compares, as text, for saying expected and actual."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from crm.rules.check import figure
from crm.rules.fields import CUSTOMER, Catalogue, find_field, find_rows
from crm.rules.printer import to_text
from crm.rules.sql import Binder, Compiler, Row, Shape
from crm.rules.sql.fields import expression
from crm.rules.sql.figures import limiting, selected
from crm.rules.sql.rows import chain
from crm.rules.tree import (
    Aggregate,
    And,
    Compare,
    EverInStage,
    FieldRef,
    Function,
    InSegment,
    Node,
    Not,
    Operator,
    Or,
    Quantified,
    Quantifier,
)
from crm.rules.values import Context

MAX_TOLD = 10
"""Conditions of which is told what they looked at, where several stand together."""


def figure_of(
    node: Node, catalogue: Catalogue, *, alias: str, binder: Binder, context: Context, root: str = CUSTOMER
) -> str | None:
    """An SQL expression of type text over the row that `alias` names; None where the condition looks at no value.

    A field that stands in several rows is told as its values, comma separated; of related rows that are asked for, how
    many there are (of `every`, how many do not satisfy it). Where one of several conditions would do, each is told.
    """
    compiler = Compiler(catalogue, binder, context, Shape.EACH, aliases=1_000)
    return _looked_at(compiler, node, Row(catalogue.noun(root), alias))


def _looked_at(compiler: Compiler, node: Node, row: Row) -> str | None:
    match node:
        case Compare(subject=FieldRef() as subject):
            return _field(compiler, subject, row)
        case Compare(subject=Aggregate() as subject):
            return _figure(compiler, subject, node, row)
        case Quantified():
            return _figure(compiler, _number(node), Compare(_number(node), Operator.GTE, Decimal(1)), row)
        case Not():
            return _looked_at(compiler, node.item, row)
        case And() | Or():
            return _each(compiler, node, row)
        case _:
            return None


def _number(node: Quantified) -> Aggregate:
    """How many of the rows are there, or stand against `every`."""
    inner = Not(node.inner) if node.inner and node.quantifier is Quantifier.EVERY else node.inner
    return Aggregate(node.relation, Function.COUNT, None, node.window, inner)


def _each(compiler: Compiler, node: And | Or, row: Row) -> str:
    """Every condition with what it looked at, in reading order."""
    leaves = [leaf for leaf in _leaves(node) if not isinstance(leaf, InSegment | EverInStage)][:MAX_TOLD]
    told = [
        f"{compiler.binder.bind(f'{to_text(leaf)}: ', 'text')} || coalesce({_looked_at(compiler, leaf, row)}, '–')"
        for leaf in leaves
    ]
    return f"concat_ws('; ', {', '.join(told)})" if told else "NULL::text"


def _leaves(node: Node) -> Iterator[Node]:
    items = node.items if isinstance(node, And | Or) else (node.item,) if isinstance(node, Not) else ()
    for item in items:
        yield from _leaves(item)
    if not items:
        yield node


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
