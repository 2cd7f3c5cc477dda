"""Compiles a checked rule to one SQL predicate; every value is a parameter, every name comes from the catalogue."""

from __future__ import annotations

from crm.rules.fields import CUSTOMER, Catalogue
from crm.rules.sql.compiler import Compiler
from crm.rules.sql.compiling import Row
from crm.rules.sql.customers import LIFECYCLE, SEGMENTS, STAGE_MOVES
from crm.rules.sql.rows import Chain
from crm.rules.sql.terms import Binder, Parameters, Shape, name
from crm.rules.tree import Node, conjuncts
from crm.rules.values import Context

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
    leading = frozenset(id(node) for node in conjuncts(tree)) if shape is Shape.LIST else frozenset()
    compiler = Compiler(catalogue, binder, context, shape, row_filter, leading)
    return compiler.node(tree, Row(catalogue.noun(root), alias), False)
