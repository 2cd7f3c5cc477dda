"""What a segment's page draws: its size over time, who came and went, what its members are worth, whom it shares."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from starlette_admin.i18n import gettext as _

from admin import charts, formats
from crm.access import Actor, Scope
from crm.segments import history
from crm.segments import report as reports
from crm.segments.history import Overlap, Point
from models import Segment

PERIODS = (30, 90, 365)
POINTS = 30


async def of_segment(actor: Actor, segment: Segment, days: int, now: datetime) -> dict[str, Any]:
    """The targeting report as far as the reader may see it. Raises Forbidden, Timeout."""
    whole = all(actor.may(scope) for scope in (Scope.VALUE_READ, Scope.LIFECYCLE_READ))
    if not whole:
        since = now - timedelta(days=days)
        points = await history.sizes(actor, segment.id, since=since, until=now, points=POINTS)
        return {"sizes": size_chart(points), "moves": moves_chart(points), "report": None, "stages": None}
    found = await reports.report(actor, segment.key, now=now, days=days)
    return {
        "sizes": size_chart(found.sizes),
        "moves": moves_chart(found.sizes),
        "report": found,
        "stages": _stages(found.stages) if found.stages else None,
    }


def size_chart(points: Sequence[Point]) -> charts.Chart:
    labels = [formats.day(point.at.date()) for point in points]
    size = charts.Line(_("Members"), [point.size for point in points], area=True)
    return charts.lines(
        [size],
        labels=labels,
        summary=_("How many customers were in the segment over time"),
        x_name=_("Day"),
        y_name=_("Members"),
        height=260,
    )


def moves_chart(points: Sequence[Point]) -> charts.Chart:
    labels = [formats.day(point.at.date()) for point in points]
    came = charts.Line(_("Entries"), [point.entered for point in points], tone="good")
    left = charts.Line(
        _("Exits"),
        [-point.exited for point in points],
        tone="bad",
        told=[formats.number(point.exited) for point in points],
    )
    summary = _("How many customers came into the segment and left it")
    return charts.bars(
        labels, [came, left], summary=summary, x_name=_("Day"), y_name=_("Customers"), stacked=True, height=220
    )


def _stages(stages: Sequence[reports.StageShare]) -> charts.Chart:
    one = charts.Line(_("Customers"), [each.customers for each in stages])
    return charts.bars(
        [_(each.name) for each in stages],
        [one],
        summary=_("In which stages the members stand"),
        x_name=_("Stage"),
        y_name=_("Customers"),
        horizontal=True,
        height=max(150, 40 + 34 * len(stages)),
    )


def overlap(found: Sequence[Overlap], keys: Sequence[str], names: dict[str, str]) -> dict[str, Any]:
    """How much of each segment is also in each other."""
    cells = {(each.first, each.second): each for each in found}
    labels = [names.get(key, key) for key in keys]
    shares = [[cells[first, second].of_first for second in keys] for first in keys]
    drawn = charts.heat(
        labels,
        labels,
        shares,
        summary=_("The share of each row's segment that is also in the column's"),
        form=charts.percent(),
        name=_("Segment"),
        height=max(220, 46 * len(keys) + 90),
    )
    return {"chart": drawn, "cells": cells, "keys": keys, "names": names}
