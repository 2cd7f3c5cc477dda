"""Value runs: what is going on, what went wrong, what each assumed; starting one, calling one off."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin import route
from starlette_admin.flash import flash
from starlette_admin.i18n import get_timezone
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import formats, run_words
from admin.fields import Unreadable
from admin.problems import errors_of, said
from admin.request import actor_of, may, now
from admin.value.page import ValuePage
from crm.access import Scope
from crm.database import fetch
from crm.errors import CrmError
from crm.value import runs
from crm.value.assumptions import Assumptions
from crm.value.models import MODELS
from crm.value.runs import settings
from models import InteractionKind

SHOWN = 30
DAY = timedelta(days=1)
_ROWS = """
SELECT id, as_of, status, is_current, model, currency, customers, progress, step, cancel_requested, error, warnings,
       diagnostics -> 'notices' AS notices, diagnostics -> 'failure' AS failure,
       horizon_days, clv_horizon_days, discount_rate, margin_basis, published_at, assumptions
FROM value_run ORDER BY created_at DESC, id DESC LIMIT $1
"""
STEPS = {
    "READ": lazy("reading orders and costs"),
    "FIT": lazy("fitting models"),
    "WRITE": lazy("writing figures"),
    "PUBLISH": lazy("publishing"),
}
SHOWN_SETTINGS = {
    "horizon_days": lazy("Days ahead, for purchases and churn"),
    "clv_horizon_days": lazy("Days ahead, for lifetime value"),
    "discount_rate": lazy("Discount rate, a year"),
    "margin_basis": lazy("Margins from"),
    "margin_rate": lazy("Margin where no cost is known"),
    "hourly_cost": lazy("An hour spent with a customer costs"),
    "model": lazy("Purchase model"),
    "retention_success": lazy("Share of retention efforts that succeed"),
    "lost_below": lazy("Lost, when the chance to be a customer falls below"),
    "strategic_share": lazy("Strategic by value: the fewest who hold this share of it"),
    "strategic_referrals": lazy("Strategic as benchmark: customers brought"),
    "strategic_cost_share": lazy("Strategic as cost magnet: share of all cost to serve covered"),
    "keep_runs": lazy("Runs to keep"),
}
RATES = ("discount_rate", "margin_rate", "retention_success", "lost_below", "strategic_share", "strategic_cost_share")
CONTACTS = {f"unit_costs.{kind.value.lower()}": kind.value for kind in InteractionKind}
"""Where the form keeps what one contact of each kind costs."""
OPTIONS = {"margin_basis": ("COSTS", "RATE"), "model": ("AUTO", *MODELS)}


class RunsPage(ValuePage):
    """The runs, the newest first, and the settings of the next one."""

    path = "/value/runs"
    under = ("/value/quality",)
    icon = "fa-solid fa-gauge-high"
    menu_label = lazy("Value runs")
    add_to_menu = True

    @route("", name="value-runs")
    async def index(self, request: Request) -> Response:
        return await self._page(request, {}, {})

    async def _page(
        self, request: Request, typed: dict[str, str], errors: dict[str | int, Any], status: int = 200
    ) -> Response:
        chosen = await settings.current()
        context = {
            "here": "value-runs",
            "typed": {**_typed(chosen), **typed},
            "errors": errors,
            "names": SHOWN_SETTINGS,
            "rates": RATES,
            "options": OPTIONS,
            "contacts": CONTACTS,
            "may_start": may(request, Scope.VALUE_RECOMPUTE),
            "may_set": may(request, Scope.SETTINGS_WRITE),
            **await _runs(request),
        }
        return self.show(request, "runs.html", context, status)

    @route("/list", name="value-runs-list")
    async def listed(self, request: Request) -> Response:
        """The table alone, asked for again while a run is going on."""
        return self.fragment(request, "runs.html", await _runs(request))

    @route("/start", methods=["POST"], name="value-runs-start")
    async def start(self, request: Request) -> Response:
        form = await request.form()
        given = str(form.get("as_of") or "").strip()
        moment = _moment(given)
        if isinstance(moment, Unreadable):
            return await self._page(request, {"as_of": given}, {"as_of": moment.reason}, 422)
        try:
            await runs.begin(actor_of(request), as_of=moment, now=now())
        except CrmError as problem:
            return await self._page(request, {"as_of": given}, errors_of(problem, ("as_of",)), problem.status)
        flash(request, _("The run begins in a moment; the published figures stay until it is done."), "success")
        return RedirectResponse(request.url_for("admin:value-runs"), 303)

    @route("/{key}/cancel", methods=["POST"], name="value-runs-cancel")
    async def cancel(self, request: Request) -> Response:
        try:
            await runs.cancel(actor_of(request), UUID(request.path_params["key"]))
            flash(request, _("The run stops at its next step."), "success")
        except CrmError as problem:
            flash(request, said(problem), "error")
        except ValueError:
            raise HTTPException(404) from None
        return RedirectResponse(request.url_for("admin:value-runs"), 303)

    @route("/settings", methods=["POST"], name="value-settings")
    async def change(self, request: Request) -> Response:
        form = await request.form()
        typed = {name: str(form.get(name) or "").strip() for name in (*SHOWN_SETTINGS, *CONTACTS)}
        chosen = {name: _stored(name, typed[name]) for name in SHOWN_SETTINGS}
        costs = _contact_costs(typed, (await settings.current()).unit_costs)
        try:
            await settings.change(actor_of(request), **chosen, unit_costs=costs)
        except CrmError as problem:
            return await self._page(request, typed, errors_of(problem, tuple(typed)), problem.status)
        flash(request, _("The settings were saved; they take effect with the next run."), "success")
        return RedirectResponse(request.url_for("admin:value-runs"), 303)


async def _runs(request: Request) -> dict[str, Any]:
    rows = [
        {
            **row,
            "warnings": run_words.warnings(row["notices"], row["warnings"]),
            "error": row["error"] and run_words.failure(row["failure"], row["error"]),
            "assumptions": orjson.loads(row["assumptions"]),
        }
        for row in await fetch(_ROWS, SHOWN)
    ]
    return {
        "rows": rows,
        "working": any(row["status"] == "RUNNING" for row in rows),
        "steps": STEPS,
        "setting_names": SHOWN_SETTINGS,
        "may_start": may(request, Scope.VALUE_RECOMPUTE),
    }


def _moment(text: str) -> datetime | None | Unreadable:
    """The end of a day in the reader's zone; nothing for now, which today means too."""
    if not text:
        return None
    try:
        end = datetime.combine(date.fromisoformat(text), time.max, ZoneInfo(get_timezone()))
    except ValueError:
        return Unreadable(text, _("This is not a date."))
    return None if end > now() > end - DAY else end


def _typed(chosen: Assumptions) -> dict[str, str]:
    """The settings as people type them: rates in percent."""
    costs = {name: str(chosen.unit_costs.get(kind, "")) for name, kind in CONTACTS.items()}
    return {name: _spoken(name, getattr(chosen, name)) for name in SHOWN_SETTINGS} | costs


def _contact_costs(typed: dict[str, str], before: dict[str, Any]) -> dict[str, Any]:
    """What a contact costs by kind, as typed; what was chosen by channel, over the API, stays."""
    kinds = {kind: typed[name].translate(formats._LATIN) for name, kind in CONTACTS.items() if typed[name]}
    return {key: cost for key, cost in before.items() if key not in CONTACTS.values()} | kinds


def _spoken(name: str, value: Any) -> str:
    return f"{float(value) * 100:g}" if name in RATES else str(value)


def _stored(name: str, text: str) -> Any:
    """What the use case takes; what is no number goes there as it is, and is refused there."""
    plain = text.translate(formats._LATIN)
    if not plain:
        return None
    try:
        return str(float(plain) / 100) if name in RATES else plain
    except ValueError:
        return plain
