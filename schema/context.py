"""What resolvers can ask of the request they answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from strawberry.types import Info

from crm.access import Actor

if TYPE_CHECKING:
    from schema.select.execution import Execution


@dataclass(slots=True)
class Context:
    """One request under the executor.

    `answers` are the compiled root fields, which were read in one statement before the executor began.
    """

    actor: Actor
    now: datetime
    execution: Execution
    idempotency_key: str | None = None
    answers: Mapping[str, orjson.Fragment] = field(default_factory=dict)

    def answer(self, source: Any, info: Info[Any, Any]) -> orjson.Fragment | None:
        """What the statement found for a compiled root field."""
        return self.answers[str(info.path.key)]
