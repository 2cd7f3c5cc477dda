"""What the parts that compile single conditions know of the rule as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from crm.rules.fields import Catalogue, Noun
from crm.rules.sql.terms import Binder, Shape
from crm.rules.tree import Node
from crm.rules.values import Context


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is being asked: its noun and the alias of its table."""

    noun: Noun
    alias: str


class Compiling(Protocol):
    """The compilation of one rule, as its parts see it; `Compiler` is the one there is."""

    row_filter: Node | None

    @property
    def catalogue(self) -> Catalogue: ...

    @property
    def binder(self) -> Binder: ...

    @property
    def context(self) -> Context: ...

    @property
    def shape(self) -> Shape: ...

    @property
    def leading(self) -> frozenset[int]: ...

    def alias(self) -> str:
        """A fresh alias for a table."""

    def node(self, node: Node, row: Row, negate: bool) -> str:
        """A rule within the rule, such as a quantifier's, over a row of its own."""
