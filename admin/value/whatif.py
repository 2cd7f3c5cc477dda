"""The what-if simulator: its inputs live in the address, its answer comes from the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import route
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import charts, formats
from admin.charts import Chart, Line
from admin.request import may, now
from admin.value.page import Run, ValuePage, current, no_run
from crm.access import Actor, Scope
from crm.database import fetch
from crm.errors import CrmError
from crm.reports import portfolio
from crm.rules.printer import quote
from crm.segments.ruling import accept
from crm.value.runs import simulate
from crm.value.runs.simulate import Scenario, Standing
from crm.value.whatif import Change

_SEGMENTS = "SELECT key, name FROM segment WHERE archived_at IS NULL ORDER BY name LIMIT 200"


@dataclass(frozen=True, slots=True)
class Lever:
    """One thing to change, in percent or in points as people say it."""

    name: str
    label: Any
    hint: Any
    least: float
    most: float
    unit: str = "%"


LEVERS = (
    Lever("retention", lazy("Leaving"), lazy("−10: a tenth fewer customers leave in any month"), -90, 100),
    Lever("frequency", lazy("Purchases"), lazy("+10: customers who stay buy a tenth more often"), -90, 200),
    Lever("margin", lazy("Margin"), lazy("+2: two more of every 100 sold are left as margin"), -50, 50, "pt"),
    Lever("cost", lazy("Cost to serve"), lazy("−10: serving customers costs a tenth less"), -100, 200),
)
PRESETS = (
    (lazy("A tenth fewer leave"), {"retention": -10.0}),
    (lazy("Prices up: 3 points of margin, a twentieth fewer purchases"), {"margin": 3.0, "frequency": -5.0}),
    (lazy("Service at four fifths of its cost, a tenth more leave"), {"cost": -20.0, "retention": 10.0}),
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the reader asks: levers in percent, the discount rate in percent a year, and whom."""

    levers: dict[str, float]
    discount: float | None
    segment: str

    def change(self) -> Change:
        levers = self.levers
        return Change(
            churn=1 + levers["retention"] / 100,
            frequency=1 + levers["frequency"] / 100,
            margin=levers["margin"] / 100,
            cost_to_serve=1 + levers["cost"] / 100,
            discount_rate=None if self.discount is None else self.discount / 100,
        )


def wish(query: QueryParams) -> tuple[Wish, dict[str, str]]:
    """What the address says, and what is wrong with it by field."""
    errors: dict[str, str] = {}
    levers = {lever.name: _number(query, lever.name, lever.least, lever.most, errors) for lever in LEVERS}
    given = query.get("discount", "").strip()
    discount = _number(query, "discount", 0, 1000, errors) if given else None
    return Wish(levers, discount, query.get("segment", "")), errors


def _number(query: QueryParams, name: str, least: float, most: float, errors: dict[str, str]) -> float:
    text = query.get(name, "").strip()
    try:
        value = float(text.translate(formats._LATIN).replace("−", "-")) if text else 0.0
    except ValueError:
        errors[name] = _("“%(text)s” is not a number.") % {"text": text[:40]}
        return 0.0
    if not least <= value <= most:
        bounds = {"least": formats.number(least), "most": formats.number(most)}
        errors[name] = _("Choose a number from %(least)s to %(most)s.") % bounds
        return 0.0
    return value


class WhatIfPage(ValuePage):
    """The form; the answer is a part of its own, so that a lever moves without a new page."""

    path = "/value/what-if"
    icon = "fa-solid fa-sliders"
    menu_label = lazy("What if")
    add_to_menu = True

    @route("", name="value-what-if")
    async def index(self, request: Request) -> Response:
        run = await current()
        if run is None or not run.model:
            reason = _("No purchase model was fitted yet, so there is nothing to change anything in.")
            remedy = _("Models need repeat buyers and some months of orders; then start a value run.")
            return self.show(request, "empty.html", {"here": "value-what-if", "reason": reason, "remedy": remedy})
        asked, errors = wish(request.query_params)
        context = {
            "here": "value-what-if",
            "run": run,
            "levers": LEVERS,
            "asked": asked,
            "errors": errors,
            "typed": request.query_params,
            "presets": PRESETS,
            "segments": await fetch(_SEGMENTS) if may(request, Scope.SEGMENT_READ) else [],
        }
        return self.show(request, "whatif.html", context, 422 if errors else 200)

    @route("/answer", name="value-what-if-answer")
    async def answer(self, request: Request) -> Response:
        run = await current()
        asked, errors = wish(request.query_params)
        if run is None or errors:
            return self.unknown(request, " ".join(errors.values()) or no_run()["reason"])

        async def work(actor: Actor) -> Standing:
            return await portfolio.standing(actor, where=await _of_segment(actor, asked.segment), now=now())

        try:
            customers = await self.once(request, ("what-if", run.id, asked.segment), work)
            self.of(request, customers.worked_at if asked.segment else run.published_at)
            found = simulate.under(customers, asked.change())
        except CrmError as problem:
            return self.unknown(request, problem)
        return self.fragment(request, "whatif.html", {"found": found, "run": run, "drawn": compared(found, run)})


async def _of_segment(actor: Actor, key: str) -> dict[str, Any] | None:
    return (await accept(actor, f"in segment {quote(key)}", key=None, now=now())).stored if key else None


def compared(found: Scenario, run: Run) -> Chart:
    """Equity as it is and as it would be."""
    better = found.net_gain >= 0
    values = [found.baseline, found.scenario]
    series = [
        Line(
            _("Customer equity"),
            values,
            tones=["muted", "good" if better else "bad"],
            labels=[formats.short_money(value, run.currency) for value in values],
        )
    ]
    return charts.bars(
        [_("As it is"), _("As it would be")],
        series,
        summary=_("Customer equity as it is, and as it would be"),
        form=charts.money(run.currency),
        horizontal=True,
        height=150,
    )
