"""What the pages of value have in common: who may see them, their tabs, the run they speak of, what is not known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import CustomView
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import pages, run_words
from admin.problems import said
from admin.request import actor_of, may
from admin.value.kept import Kept, NotYet
from crm.access import Actor, Scope
from crm.database import fetch, fetch_row
from crm.errors import CrmError
from crm.reports.kept import StillWorking
from crm.reports.portfolio import Told

T = TypeVar("T")

_RUN = """
SELECT id, as_of, currency, model, customers, horizon_days, clv_horizon_days, discount_rate, margin_basis, portfolio,
       warnings, diagnostics -> 'notices' AS notices, published_at
FROM value_run WHERE is_current
"""
_RUNS = """
SELECT id, as_of, model, is_current FROM value_run
WHERE status IN ('PUBLISHED', 'RETIRED') ORDER BY as_of DESC, id DESC LIMIT 50
"""
TABS = (
    ("value", lazy("Portfolio")),
    ("value-rfm", lazy("RFM")),
    ("value-matrix", lazy("Profitability matrix")),
    ("value-changes", lazy("What changed")),
    ("value-cohorts", lazy("Cohorts")),
    ("value-quality", lazy("Model quality")),
)


@dataclass(frozen=True, slots=True)
class Run:
    """The published run, with what it stored of everybody; `figures` is {} while there are no customers."""

    id: UUID
    as_of: datetime
    currency: str
    model: str | None
    customers: int
    horizon_days: int
    clv_horizon_days: int
    discount_rate: Any
    margin_basis: str
    figures: dict[str, Any]
    warnings: list[str]
    published_at: datetime | None


async def current() -> Run | None:
    """The run in force; one row, whatever the number of customers."""
    row = await fetch_row(_RUN)
    if row is None:
        return None
    plain = dict(row)
    figures = orjson.loads(plain.pop("portfolio"))
    warnings = run_words.warnings(plain.pop("notices"), plain.pop("warnings"))
    return Run(**plain, figures=figures, warnings=warnings)


async def published() -> list[Any]:
    """The runs that can be compared, the latest first."""
    return await fetch(_RUNS)


class ValuePage(CustomView):
    """A page of the portfolio; `under` are paths of pages that stand under the same entry of the menu."""

    under: tuple[str, ...] = ()
    add_to_menu = False

    def __init__(self, kept: Kept) -> None:
        super().__init__()
        self.kept = kept

    def is_accessible(self, request: Request) -> bool:
        return may(request, Scope.VALUE_READ)

    def is_active(self, request: Request) -> bool:
        path = request.scope["path"].removeprefix(request.scope["root_path"])
        return (
            path == self.path
            or path.startswith(tuple(f"{one}/" for one in (self.path, *self.under) if one))
            or (path in self.under)
        )

    async def once(self, request: Request, key: Hashable, work: Callable[[Actor], Awaitable[T]]) -> T:
        """A report for the reader, worked out once for all who see the same customers. Raises NotYet, and as `work`."""
        actor = actor_of(request)
        reader = None if actor.row_filter is None else actor.id
        request.state.figures = await self.kept.soon((reader, key), lambda: work(actor))
        found: T = request.state.figures.found
        return found

    async def told(self, request: Request, key: Hashable, work: Callable[[Actor], Awaitable[Told[T]]]) -> list[T]:
        """The rows of a report that may be kept in the database too; their age is that of the figures. As `once`."""
        found = await self.once(request, key, work)
        self.of(request, found.worked_at)
        return found.rows

    def of(self, request: Request, worked_at: datetime | None) -> None:
        """Tell the age of figures that were not worked out for this page, if they are of another moment."""
        if worked_at is not None:
            request.state.figures = replace(request.state.figures, worked_at=worked_at)

    def show(self, request: Request, template: str, context: dict[str, Any], status: int = 200) -> Response:
        return pages.render(self, request, f"value/{template}", {"tabs": TABS, "wide": False, **context}, status)

    def fragment(self, request: Request, template: str, context: dict[str, Any], status: int = 200) -> Response:
        """A part of a page that is fetched after it, with the age of the report that it shows."""
        assert self.templates is not None
        shown = {"part": f"value/parts/{template}", "figures": getattr(request.state, "figures", None), **context}
        return self.templates.TemplateResponse(request, "parts/aged.html", shown, status)

    def unknown(self, request: Request, reason: CrmError | str, remedy: str = "") -> Response:
        """In the place of a part: why it cannot be known, and what to do; or that it is being worked out."""
        if isinstance(reason, NotYet | StillWorking):
            return self.fragment(request, "working.html", {})
        told = reason if isinstance(reason, str) else said(reason)
        return self.fragment(request, "unknown.html", {"reason": told, "remedy": remedy})


def no_run() -> dict[str, str]:
    """What stands on a page before the first run."""
    return {
        "reason": _("There are no figures before the first value run."),
        "remedy": _("Start a value run; it takes seconds for thousands of customers."),
    }
