"""The profitability matrix: price realised against cost to serve, and who moved between its cells."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import route
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import period_names, words
from admin.request import may, now
from admin.value.moves import grid
from admin.value.page import ValuePage, current, no_run
from crm.access import Actor, Scope
from crm.errors import CrmError
from crm.reports import portfolio
from crm.reports.portfolio import Told
from crm.value.runs import periods
from crm.value.runs.portfolio import CohortGrain

# As the matrix is drawn: high price above low, dear to serve before cheap.
DRAWN = (("CARRIAGE_TRADE", "PASSIVE"), ("AGGRESSIVE", "BARGAIN_BASEMENT"))
CELLS = ("CARRIAGE_TRADE", "PASSIVE", "AGGRESSIVE", "BARGAIN_BASEMENT")
OFFERED = 8
GRAINS = {
    CohortGrain.MONTH: lazy("Month"),
    CohortGrain.QUARTER: lazy("Quarter"),
    CohortGrain.YEAR: lazy("Year"),
}
MEANINGS = {
    "CARRIAGE_TRADE": lazy("Pay well and cost much: keep the service worth its price."),
    "PASSIVE": lazy("Pay well and cost little: look after them before somebody else does."),
    "AGGRESSIVE": lazy("Pay little and cost much: charge for service, or serve them more cheaply."),
    "BARGAIN_BASEMENT": lazy("Pay little and cost little: keep serving them cheaply."),
}


class MatrixPage(ValuePage):
    """Four cells as the run found them, and migration from one period to the next."""

    path = "/value/matrix"
    menu_label = lazy("Profitability matrix")

    @route("", name="value-matrix")
    async def index(self, request: Request) -> Response:
        run = await current()
        if run is None or not run.figures:
            return self.show(request, "empty.html", {"here": "value-matrix", **no_run()})
        found = run.figures.get("matrix")
        if found is None:
            reason = _(
                "Customers do not differ both in net price and in cost to serve: nothing divides them into cells."
            )
            remedy = _(
                "Record orders with their list amounts, and costs or interactions, and say what a contact costs under "
                "“What the next run assumes”; then start a value run."
            )
            return self.show(request, "empty.html", {"here": "value-matrix", "reason": reason, "remedy": remedy})
        chosen = grain_of(request)
        starts = offered(run.as_of.date(), chosen)
        context = {
            "here": "value-matrix",
            "run": run,
            "matrix": found,
            "drawn": _drawn(found["cells"]),
            "meanings": MEANINGS,
            "grain": chosen,
            "grains": GRAINS,
            "periods": [(start.isoformat(), period_names.of(start, chosen)) for start in starts],
            "period": request.query_params.get("period") or starts[0].isoformat(),
            "may_segment": may(request, Scope.SEGMENT_WRITE),
        }
        return self.show(request, "matrix.html", context)

    @route("/moves", name="value-matrix-moves")
    async def moves(self, request: Request) -> Response:
        run, chosen, start = await current(), grain_of(request), _day(request.query_params.get("period", ""))
        if run is None or start is None:
            return self.unknown(request, **no_run())

        async def work(actor: Actor) -> Told[periods.PeriodMove]:
            return await portfolio.matrix_moves(actor, grain=chosen, period=start, now=now())

        try:
            found = await self.told(request, ("moves", run.id, chosen, start), work)
        except CrmError as problem:
            return self.unknown(request, problem)
        following = after(periods.first_day(start, chosen), chosen)
        names: dict[str | None, str] = {None: _("Bought nothing"), **{cell: words.value(cell) for cell in CELLS}}
        context = {
            "grid": grid(found, (*CELLS, None), names, currency=run.currency),
            "before": period_names.of(periods.first_day(start, chosen), chosen),
            "after": period_names.of(following, chosen),
        }
        return self.fragment(request, "moves.html", context)


def _drawn(cells: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    by_name = {cell["cell"]: cell for cell in cells}
    everybody = sum(cell["customers"] for cell in cells) or 1
    return [[{**by_name[name], "share": by_name[name]["customers"] / everybody} for name in row] for row in DRAWN]


def grain_of(request: Request) -> CohortGrain:
    """The grain that the address names, a quarter otherwise."""
    wanted = request.query_params.get("grain", "")
    return CohortGrain(wanted) if wanted in CohortGrain.__members__ else CohortGrain.QUARTER


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def offered(until: date, grain: CohortGrain) -> list[date]:
    """The first days of periods whose following period has begun, the latest first."""
    starts = [periods.first_day(until, grain)]
    for _number in range(OFFERED):
        starts.append(periods.first_day(starts[-1] - timedelta(days=1), grain))
    return starts[1:]


def after(start: date, grain: CohortGrain) -> date:
    """The first day of the next period."""
    return periods.first_day(start + timedelta(days={"MONTH": 32, "QUARTER": 100, "YEAR": 370}[grain.value]), grain)
