"""The heat map of recency and frequency: each cell leads to a segment of its customers."""

from __future__ import annotations

from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import route
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import charts, formats, words
from admin.charts import Line
from admin.request import may
from admin.value.page import Run, ValuePage, current, no_run
from crm.access import Scope
from crm.value.rfm import group

MEASURES = {
    "customers": lazy("Customers"),
    "profit": lazy("Profit so far"),
    "residual": lazy("Still to come"),
    "revenue": lazy("Revenue"),
}


class RfmPage(ValuePage):
    """Five by five cells, coloured by how many customers or how much money they hold."""

    path = "/value/rfm"
    menu_label = lazy("RFM")

    @route("", name="value-rfm")
    async def index(self, request: Request) -> Response:
        run = await current()
        if run is None or not run.figures.get("rfm"):
            return self.show(request, "empty.html", {"here": "value-rfm", **no_run()})
        measure = request.query_params.get("by", "")
        measure = measure if measure in MEASURES else "customers"
        cells = graded(run.figures["rfm"], measure)
        groups = grouped(cells)
        context = {
            "here": "value-rfm",
            "run": run,
            "measure": measure,
            "measures": MEASURES,
            "rows": [[cell for cell in cells if cell["recency"] == score] for score in range(5, 0, -1)],
            "groups": groups,
            "chart_of_groups": _bars(run, groups),
            "may_segment": may(request, Scope.SEGMENT_WRITE),
        }
        return self.show(request, "rfm.html", context)


def graded(cells: list[dict[str, Any]], measure: str) -> list[dict[str, Any]]:
    """Each cell with its group and how deep its colour is, 0 to 1."""
    most = max((cell[measure] for cell in cells), default=0) or 1
    recency, frequency = (np.array([cell[name] for cell in cells]) for name in ("recency", "frequency"))
    names = group(recency, frequency)
    return [
        {**cell, "group": str(name), "depth": round(max(cell[measure], 0) / most, 3)}
        for cell, name in zip(cells, names, strict=True)
    ]


def grouped(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The named groups in sum, the one with most value to come first."""
    found: dict[str, dict[str, Any]] = {}
    for cell in cells:
        row = found.setdefault(cell["group"], {"group": cell["group"], **dict.fromkeys(MEASURES, 0)})
        for name in MEASURES:
            row[name] += cell[name]
    return sorted((row for row in found.values() if row["customers"]), key=lambda row: -row["residual"])


def _bars(run: Run, groups: list[dict[str, Any]]) -> charts.Chart:
    series = [
        Line(
            _("Still to come"),
            [row["residual"] for row in groups],
            labels=[formats.short_money(row["residual"], run.currency) for row in groups],
        )
    ]
    return charts.bars(
        [words.value(row["group"]) for row in groups],
        series,
        summary=_("Value still to come, by RFM group"),
        form=charts.money(run.currency),
        x_name=_("RFM group"),
        horizontal=True,
        height=60 + 32 * len(groups),
    )
