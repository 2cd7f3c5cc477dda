"""The combination of a rule's parts: AND, OR, NOT, and who compiles which condition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crm.rules.fields import Catalogue
from crm.rules.sql import customers, fields, figures
from crm.rules.sql.compiling import Row
from crm.rules.sql.terms import Binder, Shape
from crm.rules.tree import And, Compare, EverInStage, FieldRef, InSegment, Leaf, Node, Not, Or, Quantified
from crm.rules.values import Context


@dataclass(slots=True)
class Compiler:
    """What all parts of one rule share. `negate` asks for the opposite, so that NOT reaches the conditions and EXISTS
    stays plannable. `leading` holds the ids of the conditions of a list that must hold by themselves."""

    catalogue: Catalogue
    binder: Binder
    context: Context
    shape: Shape
    row_filter: Node | None = None
    leading: frozenset[int] = frozenset()
    aliases: int = 0

    def alias(self) -> str:
        self.aliases += 1
        return f"r{self.aliases}"

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

    def group(self, items: Sequence[Node], row: Row, negate: bool, word: str) -> str:
        return "(" + f" {word} ".join(self.node(item, row, negate) for item in items) + ")"

    def leaf(self, node: Leaf, row: Row, negate: bool) -> str:
        match node:
            case Compare(subject=FieldRef() as subject):
                return fields.compare(self, node, subject, row, negate)
            case Compare():
                return figures.compare(self, node, row, negate)
            case Quantified():
                return figures.quantified(self, node, row, negate)
            case InSegment():
                return customers.in_segment(self, node, row, negate)
            case EverInStage():
                return customers.ever_in_stage(self, node, row, negate)
