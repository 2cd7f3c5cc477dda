"""Arguments of compiled fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.unset import UNSET


@dataclass(frozen=True)
class Input:
    """An argument of a compiled field; its type is stated, or made from the type of the nodes of a connection.

    A maker that gives None leaves the argument out.
    """

    name: str
    annotation: Any = None
    description: str | None = None
    default: Any = UNSET
    made: Callable[[Any], Any] | None = None

    def declared(self, node: Any) -> StrawberryArgument | None:
        annotation = self.made(node) if self.made else self.annotation
        if annotation is None:
            return None
        return StrawberryArgument(
            python_name=self.name,
            graphql_name=None,
            type_annotation=StrawberryAnnotation(annotation),
            description=self.description,
            default=self.default,
        )
