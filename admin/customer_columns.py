"""What the list of customers shows of each beside its own columns: the stage, and what the customer is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from starlette.requests import Request
from starlette_admin import RequestAction

from admin import formats, words
from admin.fields import Computed
from crm.database import fetch
from models import Customer

_BESIDE = """
SELECT c.id, s.name AS stage, v.clv, r.currency FROM unnest($1::uuid[]) AS c (id)
LEFT JOIN (
    stage_position p JOIN lifecycle l ON l.id = p.lifecycle_id AND l.is_default JOIN stage s ON s.id = p.stage_id
)
ON p.customer_id = c.id
LEFT JOIN (value_snapshot v JOIN value_run r ON r.id = v.run_id AND r.is_current) ON v.customer_id = c.id
"""


async def load(request: Request, found: Sequence[Customer]) -> None:
    """Ask once for a whole page of customers what its columns show."""
    rows = await fetch(_BESIDE, [customer.id for customer in found]) if found else []
    request.state.beside = {row["id"]: row for row in rows}


def _of(request: Request, customer: Customer) -> Any:
    return getattr(request.state, "beside", {}).get(customer.id)


@dataclass
class Stage(Computed):
    """The stage of the default lifecycle that the customer is in."""

    list_template: str = "fields/badge.html"

    async def parse_obj(self, request: Request, obj: Any) -> Any:
        found = _of(request, obj)
        return words.name(found["stage"]) if found and found["stage"] else None


@dataclass
class Worth(Computed):
    """The customer's lifetime value by the current run."""

    numeric: ClassVar[bool] = True

    async def parse_obj(self, request: Request, obj: Any) -> Any:
        found = _of(request, obj)
        if found is None or found["clv"] is None:
            return None
        if request.state.action == RequestAction.EXPORT:
            return format(found["clv"], "f")
        return formats.money(found["clv"], found["currency"])
