"""What goes into the reading of a GraphQL document, and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schema.select.explain import Depth

Charge = Callable[[int], Mapping[str, Any] | None]
"""Takes the cost of a request before it runs; raises Throttled, or returns what `extensions.cost` says beside it."""


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """One operation that somebody asks for.

    `now` is the moment that relative dates count from; `queries_only` refuses mutations (GET); `charge` is told the
    cost before anything runs; `explain` adds the statements to `extensions.plan`, for actors with the scope developer.
    """

    document: str
    now: datetime
    variables: Mapping[str, Any] = field(default_factory=dict)
    operation_name: str | None = None
    queries_only: bool = False
    charge: Charge | None = None
    explain: Depth | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class GraphQLResponse:
    """The answer as it goes to the socket.

    `status` is 200 when there is a `data` entry, and else what went wrong in HTTP's words (400, 403, 422, 429, 503);
    a client that asked for plain `application/json` may be answered 200 all the same.
    """

    body: bytes
    errors: bool
    status: int
    cost: int
    operation: str = "query"
