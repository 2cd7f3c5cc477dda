"""What customers are worth, for reading: runs and their snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette_admin import RequestAction
from starlette_admin.filters import FilterGroup
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from admin import counting, formats, run_words, searching
from admin.base import RecordView
from admin.fields import Amount, Moment, Ratio, Told, Worded
from crm.access import Scope
from crm.database import fetch_row
from models import ValueRun, ValueSnapshot


@dataclass
class Warnings(Told):
    """What a run says of itself."""

    async def parse_obj(self, request: Request, obj: Any) -> list[str]:
        return run_words.warnings((obj.diagnostics or {}).get("notices"), obj.warnings)


@dataclass
class _Money(Amount):
    """An amount in the currency of the run that stands in the list, or of the snapshot's own."""

    async def parse_obj(self, request: Request, obj: Any) -> Any:
        value = getattr(obj, self.name)
        if value is None or request.state.action == RequestAction.EXPORT:
            return value
        run = obj.run if isinstance(obj.run, ValueRun) else None
        return formats.money(value, run.currency if run else getattr(request.state, "value_currency", None))


@dataclass
class AsOf(Moment):
    """The point in time that figures speak of: the end of a day is that day, whatever the reader's clock."""

    async def serialize_value(self, request: Request, value: datetime) -> str:
        read = request.state.action in (RequestAction.LIST, RequestAction.DETAIL)
        return formats.as_of(value) if read else await super().serialize_value(request, value)


class RunView(RecordView):
    """Computations of everybody's value."""

    record = ValueRun
    unlisted = True
    """The page of runs lists them; this one shows a single run in full."""
    reads = Scope.VALUE_READ
    icon = "fa-solid fa-gauge-high"
    menu_label = lazy("Value runs")
    display_name = lazy("value run")
    empty_hint = lazy("The first run appears here: `arzesh value recompute` starts one.")
    parts = (
        AsOf("as_of"),
        "status",
        "is_current",
        Worded("model"),
        "customers",
        "currency",
        "horizon_days",
        Ratio("discount_rate"),
        Worded("margin_basis"),
        "parameters",
        "diagnostics",
        Warnings("warnings"),
        "error",
        "published_at",
        "finished_at",
    )
    exclude_fields_from_list = [
        "parameters",
        "diagnostics",
        "warnings",
        "error",
        "horizon_days",
        "discount_rate",
        "margin_basis",
    ]
    sortable_fields = ("as_of",)
    fields_default_sort = (("as_of", True),)

    def name_of(self, obj: Any) -> str:
        return _("Run of %(day)s") % {"day": formats.as_of(obj.as_of)}


class SnapshotView(RecordView):
    """One customer's figures in the run that is in force."""

    record = ValueSnapshot
    reads = Scope.VALUE_READ
    icon = "fa-solid fa-gem"
    menu_label = lazy("Customer value")
    display_name = lazy("customer value")
    empty_hint = lazy("There are no figures before the first value run.")
    parts = (
        "customer",
        _Money("clv"),
        _Money("net_profit"),
        _Money("revenue"),
        Worded("rfm_group"),
        "orders",
        "recency_days",
        "churn_risk",
        "p_alive",
        "next_order_on",
        "value_tier",
        Worded("matrix_cell"),
        _Money("clv_low"),
        _Money("clv_high"),
        _Money("clv_historical"),
        _Money("clv_residual"),
        _Money("gross_margin"),
        _Money("cost_to_serve"),
        _Money("acquisition_cost"),
        _Money("expected_spend"),
        _Money("value_at_risk"),
        AsOf("as_of"),
        "run",
        "insufficient",
    )
    exclude_fields_from_list = [
        "p_alive",
        "next_order_on",
        "value_tier",
        "matrix_cell",
        "clv_low",
        "clv_high",
        "clv_historical",
        "clv_residual",
        "gross_margin",
        "cost_to_serve",
        "acquisition_cost",
        "expected_spend",
        "value_at_risk",
        "as_of",
        "run",
        "insufficient",
        "recency_days",
    ]
    sortable_fields = ("clv", "net_profit")
    fields_default_sort = (("clv", True),)

    def name_of(self, obj: Any) -> str:
        return str(obj.customer.display_name)

    async def get_pk_value(self, request: Request, obj: Any) -> Any:
        """By run and customer, the key that has an index: one over ids would cost every run a million entries."""
        return f"{obj.run_id}.{obj.customer_id}"

    async def get_serialized_pk_value(self, request: Request, obj: Any) -> Any:
        return await self.get_pk_value(request, obj)

    async def find_by_pk(self, request: Request, pk: Any) -> Any:
        found = await self.find_by_pks(request, [pk])
        return found[0] if found else await super().find_by_pk(request, pk)

    async def find_by_pks(self, request: Request, pks: list[Any]) -> Sequence[Any]:
        asked = [pair for pair in map(_pair, pks) if pair]
        runs: Any = {run for run, _customer in asked}
        customers: Any = [customer for _run, customer in asked]
        found = ValueSnapshot.filter(run_id__in=runs, customer_id__in=customers)
        rows = await found.prefetch_related(*self._prefetch_names(request)) if asked else []
        return [row for row in rows if (row.run_id, row.customer_id) in asked]

    async def find_all(
        self,
        request: Request,
        skip: int = 0,
        limit: int = 100,
        q: str | None = None,
        sorts: Sequence[tuple[str, str]] | None = None,
        filters: FilterGroup | None = None,
    ) -> Sequence[Any]:
        """Who has the figure before who has none, whichever way it is sorted; the index has the latter on top."""
        await _look_up_run(request)
        name, way = sorts[0] if sorts else ("", "asc")
        if way != "desc" or name not in self.sortable_fields:
            return await super().find_all(request, skip, limit, q, sorts, filters)
        known, unknown = {f"{name}__isnull": False}, {f"{name}__isnull": True}
        rows = await self._part(request, known, skip, limit, q, sorts, filters)
        if 0 < limit <= len(rows):
            return rows
        before = await self._count_part(request, known, q, filters) if skip and not rows else skip
        rest = limit - len(rows) if limit > 0 else limit
        return rows + await self._part(request, unknown, max(skip - before, 0), rest, q, sorts, filters)

    async def _part(self, request: Request, part: dict[str, bool], *asked: Any) -> list[Any]:
        request.state.value_part = part
        try:
            return [*await super().find_all(request, *asked)]
        finally:
            request.state.value_part = {}

    async def _count_part(
        self, request: Request, part: dict[str, bool], q: str | None, filters: FilterGroup | None
    ) -> int:
        found = await self._apply_search_and_filters(request, self.get_list_query(request).filter(**part), q, filters)
        return await counting.counted(found)

    async def count(self, request: Request, *args: Any, **options: Any) -> int:
        await _look_up_run(request)
        return await super().count(request, *args, **options)

    def get_list_query(self, request: Request) -> QuerySet[ValueSnapshot]:
        """Of the current run only, by its key: the index of its partition has them in order. A single one, of any."""
        everything = ValueSnapshot.all()
        if "pk" in request.query_params:
            return everything
        part = getattr(request.state, "value_part", {})
        return everything.filter(run_id=getattr(request.state, "value_run", None), **part)

    def get_count_query(self, request: Request) -> QuerySet[ValueSnapshot]:
        return self.get_list_query(request)

    async def build_full_text_search_query(self, request: Request, term: str) -> Q:
        return await searching.of_customers(request, term)


def _pair(pk: Any) -> tuple[UUID, UUID] | None:
    """The run and the customer that a snapshot's key names."""
    run, _dot, customer = str(pk).partition(".")
    try:
        return UUID(run), UUID(customer)
    except ValueError:
        return None


async def _look_up_run(request: Request) -> None:
    run = await fetch_row("SELECT id, currency FROM value_run WHERE is_current")
    request.state.value_run, request.state.value_currency = (run["id"], run["currency"]) if run else (None, None)
