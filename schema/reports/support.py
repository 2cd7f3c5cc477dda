"""What all reports share: periods and rules as input, and use-case results as GraphQL types."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import strawberry

from crm import ids
from crm.access import Actor
from crm.lifecycle.reports import frame
from crm.reports.portfolio import Told
from schema.context import Context

Info = strawberry.Info[Context, None]
T = TypeVar("T")

Grain = strawberry.enum(frame.Grain, name="ReportGrain", description="How long one step of a report is.")
Group = strawberry.enum(frame.Group, name="ReportGroup", description="By what customers are told apart.")


@strawberry.input(description="A stretch of time; `until` is not part of it.")
class PeriodInput:
    since: datetime
    until: datetime

    def read(self) -> frame.Period:
        return frame.Period(self.since, self.until)


def report(description: str) -> Callable[[Callable[..., Any]], Any]:
    """A root field that one use case answers."""

    def declare(resolve: Callable[..., Any]) -> Any:
        return strawberry.field(description=description)(resolve)

    return declare


def actor(info: Info) -> Actor:
    return info.context.actor


def told(kind: type[T], source: Any, **other: Any) -> T:
    """A GraphQL type with the values of the same names that a use case returned."""
    names = [field.python_name for field in kind.__strawberry_definition__.fields]  # type: ignore[attr-defined]
    return kind(**{name: other[name] if name in other else getattr(source, name) for name in names})


def dated(kind: type[T], found: Told[Any]) -> list[T]:
    """The rows of a report that may be kept, each with the time at which it was worked out."""
    return [told(kind, row, worked_at=found.worked_at) for row in found.rows]


def spoken(name: str) -> str:
    """A name as clients write it."""
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def customer(key: UUID) -> strawberry.ID:
    return strawberry.ID(ids.encode("cus", key))


def staff(key: UUID) -> strawberry.ID:
    return strawberry.ID(ids.encode("stf", key))


def customer_key(text: str, *path: str) -> UUID:
    return ids.decode("cus", text, path=path or ("customerId",))
