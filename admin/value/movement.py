"""What changed between two runs: customer equity and its causes, who rose and fell, who changed places."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import route
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import charts, formats, words
from admin.charts import Chart, Line
from admin.request import now
from admin.value.moves import grid
from admin.value.page import ValuePage, no_run, published
from crm.access import Actor
from crm.errors import CrmError
from crm.reports import portfolio
from crm.reports.portfolio import Told
from crm.value.rfm import GROUPS
from crm.value.runs import changes

SHOWN = 10
CAUSES = {
    "ACQUIRED": (lazy("Newly won"), lazy("ordered for the first time since")),
    "DEVELOPED": (lazy("Developed"), lazy("bought again since")),
    "LOST": (lazy("Lost"), lazy("are probably gone now")),
    "REVALUED": (lazy("Revalued"), lazy("did nothing; time or the model changed their value")),
    "REMOVED": (lazy("Removed"), lazy("are no longer in the data")),
}


class MovementPage(ValuePage):
    """Two runs side by side; what takes a scan comes after the page."""

    path = "/value/changes"
    menu_label = lazy("What changed")

    @route("", name="value-changes")
    async def index(self, request: Request) -> Response:
        runs = await published()
        if len(runs) < 2:
            reason = _("There is only one value run, so nothing to compare it with.") if runs else no_run()["reason"]
            remedy = _("Start another one, as of now or of an earlier day.")
            return self.show(request, "empty.html", {"here": "value-changes", "reason": reason, "remedy": remedy})
        since, until = _pair(request, runs)
        context = {
            "here": "value-changes",
            "runs": [(str(run["id"]), formats.as_of(run["as_of"])) for run in runs],
            "since": str(since["id"]),
            "until": str(until["id"]),
        }
        return self.show(request, "changes.html", context)

    @route("/report", name="value-changes-report")
    async def report(self, request: Request) -> Response:
        runs = await published()
        if len(runs) < 2:
            return self.unknown(request, **no_run())
        since, until = _pair(request, runs)
        if since["as_of"] >= until["as_of"]:
            return self.unknown(request, _("The first run must be of an earlier time than the second."))

        async def work(actor: Actor) -> Told[dict[str, Any]]:
            return await _worked_out(actor, since["as_of"], until["as_of"])

        try:
            [found] = await self.told(request, ("changes", since["id"], until["id"]), work)
        except CrmError as problem:
            return self.unknown(request, problem)
        return self.fragment(request, "changes.html", _told(found))


async def _worked_out(actor: Actor, since: datetime, until: datetime) -> Told[dict[str, Any]]:
    """What changed, in one row, as old as the oldest part of it."""
    between, at = await changes.span(since, until), now()
    parts: dict[str, Told[Any]] = {
        "equity": await portfolio.equity(actor, between, now=at),
        "tiers": await portfolio.migration(actor, between, changes.Side.TIER, now=at),
        "groups": await portfolio.migration(actor, between, changes.Side.RFM, now=at),
        "risers": await portfolio.movers(actor, between, rising=True, first=SHOWN, now=at),
        "fallers": await portfolio.movers(actor, between, rising=False, first=SHOWN, now=at),
    }
    ages = [part.worked_at for part in parts.values() if part.worked_at]
    rows = {name: part.rows for name, part in parts.items()}
    return Told([{"span": between, **rows}], min(ages, default=None))


def _told(found: dict[str, Any]) -> dict[str, Any]:
    span, causes = found["span"], found["equity"]
    tiers: dict[str | None, str] = {str(number): _tier(number) for number in range(1, 10)}
    groups: dict[str | None, str] = {name: words.value(name) for name in GROUPS}
    unknown: dict[str | None, str] = {None: _("not known")}
    return {
        **found,
        "currency": span.currency,
        "causes": [(*CAUSES[cause.cause], cause) for cause in causes],
        "before": sum(cause.before for cause in causes),
        "after": sum(cause.after for cause in causes),
        "bridge": bridge(span, causes),
        "tier_grid": grid(found["tiers"], (*tiers, None), {**tiers, **unknown}, currency=span.currency),
        "group_grid": grid(found["groups"], (*GROUPS, None), {**groups, **unknown}, currency=span.currency),
    }


def _tier(number: int) -> str:
    return _("Tier %(number)s") % {"number": formats.number(number)}


def bridge(span: changes.Span, causes: list[changes.Cause]) -> Chart:
    """From the equity of one day to that of another by way of its causes: each bar begins where the last one ended."""
    labels, lifts, sizes, tones, told = [], [], [], [], []
    standing = sum(float(cause.before) for cause in causes)

    def bar(label: str, low: float, high: float, tone: str, said: float) -> None:
        labels.append(label)
        lifts.append(min(low, high))
        sizes.append(abs(high - low))
        tones.append(tone)
        told.append(formats.money(said, span.currency))

    bar(formats.day(span.since.date()), 0, standing, "muted", standing)
    for cause in causes:
        change = float(cause.change)
        bar(str(CAUSES[cause.cause][0]), standing, standing + change, "good" if change >= 0 else "bad", change)
        standing += change
    bar(formats.day(span.until.date()), 0, standing, "primary", standing)
    series = [Line("", lifts, tone="none"), Line(_("Customer equity"), sizes, tones=tones, told=told)]
    return charts.bars(
        labels,
        series,
        summary=_("How customer equity changed, by cause"),
        form=charts.money(span.currency),
        stacked=True,
        x_name=_("Cause"),
        height=320,
    )


def _pair(request: Request, runs: list[Any]) -> tuple[Any, Any]:
    """The two runs that the address names; the last two otherwise."""
    chosen = {"since": runs[1], "until": runs[0]}
    for name in chosen:
        wanted = _key(request.query_params.get(name, ""))
        chosen[name] = next((run for run in runs if run["id"] == wanted), chosen[name])
    return chosen["since"], chosen["until"]


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
