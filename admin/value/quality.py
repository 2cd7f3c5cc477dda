"""How far the models can be trusted: what each foretold of a period kept aside, and what came of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import route
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import charts, formats, run_words
from admin.charts import Chart, Line
from admin.problems import said
from admin.request import actor_of
from admin.value.page import ValuePage, no_run, published
from crm.errors import CrmError
from crm.value.runs import quality
from crm.value.runs.quality import Quality

MUCH_CORRELATED = 0.3
"""Above it the spend model's assumption is doubtful."""
PARTS = {"PURCHASES": lazy("Purchases"), "SPEND": lazy("Spend")}


class QualityPage(ValuePage):
    """Holdout, candidates, calibration, coverage, parameters and warnings of a run."""

    path = "/value/quality"
    menu_label = lazy("Model quality")

    @route("", name="value-quality")
    async def index(self, request: Request) -> Response:
        runs = await published()
        if not runs:
            return self.show(request, "empty.html", {"here": "value-quality", **no_run()})
        try:
            found = await quality.quality(actor_of(request), run_id=_chosen(request))
        except CrmError as problem:
            context: dict[str, Any] = {"here": "value-quality", "reason": said(problem), "remedy": ""}
            return self.show(request, "empty.html", context, problem.status)
        context = {
            "here": "value-quality",
            "runs": [(str(run["id"]), formats.as_of(run["as_of"])) for run in runs],
            "found": found,
            "warnings": run_words.warnings(found.notices, found.warnings),
            "chosen": next((one for one in found.candidates if one.chosen), None),
            "calibration": calibration(found) if found.calibration else None,
            "coverage": coverage(found) if found.coverage else None,
            "parts": PARTS,
            "much": MUCH_CORRELATED,
        }
        return self.show(request, "quality.html", context)


def _chosen(request: Request) -> UUID | None:
    try:
        return UUID(request.query_params.get("run", ""))
    except ValueError:
        return None


def calibration(found: Quality) -> Chart:
    """What was expected of customers with so many purchases before, and what they did."""
    labels = [formats.number(row.frequency) + ("+" if row.more else "") for row in found.calibration]
    actual: dict[str, Any] = {"tone": "gold", "dots": True}
    series = [
        Line(_("Expected"), [row.expected for row in found.calibration], tone="primary", dashed=True, dots=True),
        Line(_("Actual"), [row.actual for row in found.calibration], **actual),
    ]
    return charts.lines(
        series,
        labels=labels,
        summary=_("Purchases in the holdout period per customer, expected and actual, by repeat purchases before"),
        form=charts.exact(2),
        x_name=_("Repeat purchases before the holdout period"),
        y_name=_("Purchases in it"),
    )


def coverage(found: Quality) -> Chart:
    """How many customers lay within the intervals, against how many should."""
    ideal = [(0.0, 0.0), (1.0, 1.0)]
    levels = found.coverage
    named = {
        "purchases": (_("Purchases, as predicted"), "gold"),
        "money": (_("Money, as predicted"), "bad"),
        "published": (_("Money, as published"), "primary"),
    }
    series = [Line(_("Ideal"), ideal, tone="muted", type="line", dashed=True)]
    for name, (label, tone) in named.items():
        series.append(Line(label, [(row.level, getattr(row, name)) for row in levels], tone=tone, dots=True))
    return charts.points(
        series,
        summary=_("Share of customers within intervals of each level, in the holdout period"),
        form=charts.percent(),
        x_form=charts.percent(),
        x_name=_("Level of the interval"),
        y_name=_("Customers within it"),
        x_ends=(0, 1),
    )
