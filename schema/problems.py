"""Expected failures as values: CrmError → Problem."""

from enum import Enum
from typing import Any

import strawberry

from crm.errors import CrmError, Problems


@strawberry.enum(description="What kind of failure a problem is; codes are stable, messages are not.")
class ProblemCode(Enum):
    VALIDATION_FAILED = "VALIDATION_FAILED"
    NOT_FOUND = "NOT_FOUND"
    WRONG_KIND = "WRONG_KIND"
    VERSION_CONFLICT = "VERSION_CONFLICT"
    DUPLICATE = "DUPLICATE"
    FORBIDDEN = "FORBIDDEN"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"
    BLOCKED = "BLOCKED"
    BUSY = "BUSY"
    TOO_COMPLEX = "TOO_COMPLEX"
    FAILED = "FAILED"


@strawberry.type(description="One reason why a change did not happen.")
class Problem:
    code: ProblemCode
    message: str = strawberry.field(description="What is wrong and what to do, for people.")
    path: list[str] = strawberry.field(description="Where in the input: names and list positions.")
    current_version: int | None = strawberry.field(
        default=None, description="With VERSION_CONFLICT: the version that the record has now."
    )
    current_stage: str | None = strawberry.field(
        default=None,
        description="When a move is refused, with VERSION_CONFLICT or BLOCKED: the key of the stage in which the "
        "customer stands now.",
    )
    missing_scope: str | None = strawberry.field(default=None, description="With FORBIDDEN: the scope to ask for.")
    existing_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="With DUPLICATE: who holds the value; with NOT_FOUND: the customer that it became part of.",
    )


def problems_of(error: CrmError) -> list[Problem]:
    """Each thing that is wrong, as a problem."""
    if isinstance(error, Problems):
        return [problem for part in error.problems for problem in problems_of(part)]
    details: dict[str, Any] = error.details
    return [
        Problem(
            code=ProblemCode(error.code) if error.code in ProblemCode.__members__ else ProblemCode.FAILED,
            message=error.message,
            path=[camel(part) for part in error.path],
            current_version=None if "current_stage" in details else details.get("current_version"),
            current_stage=details.get("current_stage"),
            missing_scope=details.get("missing_scope"),
            existing_id=details.get("holder"),
        )
    ]


def camel(name: str) -> str:
    """The name as clients write it."""
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)
