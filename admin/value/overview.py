"""The portfolio at a glance: who earns the money, how value is spread, and where in the lifecycle it stands."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import route
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import charts, formats
from admin.charts import Chart, Line, Mark
from admin.request import may, now
from admin.value.page import Run, ValuePage, current, no_run
from crm.access import Scope
from crm.errors import CrmError
from crm.reports import portfolio

BEST = 0.2


class OverviewPage(ValuePage):
    """Whale curve, Pareto share, tiers, spread of lifetime value, value by stage."""

    path = "/value"
    under = ("/value/rfm", "/value/matrix", "/value/changes", "/value/cohorts")
    icon = "fa-solid fa-gem"
    menu_label = lazy("Portfolio")
    add_to_menu = True

    def is_active(self, request: Request) -> bool:
        here = request.scope["path"].removeprefix(request.scope["root_path"]).rstrip("/")
        return here == self.path or here in self.under

    @route("", name="value")
    async def index(self, request: Request) -> Response:
        run = await current()
        if run is None or not run.figures:
            return self.show(request, "empty.html", {"here": "value", **no_run()})
        context = {
            "here": "value",
            "run": run,
            "figures": run.figures,
            "whale": whale(run),
            "tiers": tier_bars(run),
            "spread": spread(run),
            "sees_stages": may(request, Scope.LIFECYCLE_READ),
        }
        return self.show(request, "overview.html", context)

    @route("/parts/stages", name="value-stages")
    async def stages(self, request: Request) -> Response:
        """Value by stage of the default lifecycle; a scan, so it comes after the page and is kept."""
        run = await current()
        if run is None:
            return self.unknown(request, **no_run())
        try:
            found = await self.told(request, ("stages", run.id), lambda actor: portfolio.stages(actor, now=now()))
        except CrmError as problem:
            return self.unknown(request, problem)
        rows = [stage for stage in found if stage.customers]
        if not rows:
            return self.unknown(request, _("No customer stands in a stage yet."))
        drawn = charts.bars(
            [_(stage.name) for stage in rows],
            [Line(_("Profit so far"), [stage.profit or 0 for stage in rows], tone="gold"),
             Line(_("Still to come"), [stage.residual or 0 for stage in rows], tone="primary")],
            summary=_("Profit so far and value still to come, by stage"),
            form=charts.money(run.currency),
            x_name=_("Stage"),
        )  # fmt: skip
        return self.fragment(request, "stages.html", {"drawn": drawn, "rows": rows, "run": run})


def whale(run: Run) -> Chart:
    """Cumulative profit from the best customer to the worst: it rises like a whale's back, and may fall at its tail."""
    found = run.figures["whale"]
    marks = [Mark("x", BEST, _("best %(share)s") % {"share": formats.percent(BEST)})]
    if 0 < found["peakAt"] < 1:
        marks.append(Mark("x", found["peakAt"], _("peak")))
    summary = _("Cumulative profit, from the most to the least profitable customer: %(total)s in all") % {
        "total": formats.short_money(found["total"], run.currency)
    }
    return charts.lines(
        [Line("", found["points"], area=True, tone="primary")],
        summary=summary,
        form=charts.money(run.currency),
        x_form=charts.percent(),
        x_name=_("Customers, most profitable first"),
        y_name=_("Cumulative profit"),
        x_ends=(0, 1),
        every=10,
        marks=marks,
        height=320,
    )


def tier_bars(run: Run) -> Chart:
    """What share of customers, of profit so far and of value to come each tier has."""
    tiers: list[dict[str, Any]] = run.figures["tiers"]
    sums = {name: sum(max(tier[name], 0) for tier in tiers) or 1 for name in ("customers", "profit", "residual")}
    names = {"customers": _("Customers"), "profit": _("Profit so far"), "residual": _("Still to come")}
    tones = {"customers": "muted", "profit": "gold", "residual": "primary"}
    series = [
        Line(label, [max(tier[name], 0) / sums[name] for tier in tiers], tone=tones[name])
        for name, label in names.items()
    ]
    labels = [_("Tier %(number)s") % {"number": formats.number(tier["tier"])} for tier in tiers]
    return charts.bars(
        labels, series, summary=_("Shares of the value tiers"), form=charts.percent(), x_name=_("Value tier")
    )


def spread(run: Run) -> Chart:
    """How many customers are worth how much."""
    found = run.figures["distribution"]
    ranges = [
        f"{formats.short_money(low, run.currency)} – {formats.short_money(high, run.currency)}"
        for low, high in pairwise(found["edges"])
    ]
    series = [Line(_("Customers"), found["customers"], tone="primary")]
    return charts.bars(
        ranges,
        series,
        ticks=[formats.short_money(low, run.currency) for low in found["edges"][:-1]],
        summary=_("How customer lifetime value is spread; the outer bars hold what lies beyond"),
        x_name=_("Lifetime value, from"),
        y_name=_("Customers"),
        dense=True,
        height=380,
    )
