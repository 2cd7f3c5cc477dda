"""What became of each row."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from crm.errors import CrmError


class Outcome(StrEnum):
    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class RowResult:
    """`key` is the record that the row is now; `problem` says why there is none."""

    outcome: Outcome
    key: UUID | None = None
    problem: CrmError | None = None


def refused(problem: CrmError) -> RowResult:
    return RowResult(Outcome.REFUSED, problem=problem)
