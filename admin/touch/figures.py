"""The figures of each report on touchpoints, as charts and rows for its page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import charts, formats, period_names, words
from admin.lifecycle.figures import group_names
from admin.touch.asked import Asked
from crm.database import fetch
from crm.depth import Exposure
from crm.feedback import Complaints, Explained, Score
from crm.ids import decode
from crm.lifecycle.reports.frame import Grain, Group
from crm.quality import QualityReport
from models import RatingKind

Found = dict[str, Any]
SHOWN = 20
FEW = 30
"""Answers below which a score says little."""
MEASURED = {
    RatingKind.NPS: lazy("Net promoter score (−100 to 100)"),
    RatingKind.CSAT: lazy("Satisfied customers (CSAT)"),
    RatingKind.CES: lazy("Ease of dealing with us (CES, 1 to 7)"),
}
"""What is made of answers of each kind."""
NOT_KNOWN = {
    "SOURCE": lazy("Source not known"),
    "OWNER": lazy("Nobody's customers"),
    "STAFF": lazy("No staff member"),
    "CREATOR": lazy("Not known who"),
    "IMPORT": lazy("Not imported"),
    "SEGMENT": lazy("In no segment"),
    "STAGE": lazy("In no stage"),
    "COUNTRY": lazy("Country not known"),
    "CHANNEL": lazy("Channel not known"),
}
"""What those are called who belong to no group."""

_STAGES = "SELECT key, name FROM stage WHERE key = ANY ($1::text[])"
_IMPORTS = "SELECT id, file_name FROM import_run WHERE id = ANY ($1::uuid[])"


async def names(by: str, groups: Iterable[str | None]) -> dict[str | None, str]:
    """What the groups of a report are called."""
    given = list(dict.fromkeys(groups))
    keys = [group for group in given if group]
    if by in ("STAFF", "OWNER"):
        return {**await group_names(Group.OWNER, keys), None: str(NOT_KNOWN[by])}
    if by in ("SEGMENT", "COUNTRY"):
        return {**await group_names(Group(by), keys), None: str(NOT_KNOWN[by])}
    found: dict[str | None, str] = {group: group for group in keys}
    if by == "CHANNEL":
        found = {group: words.value(group) for group in keys}
    elif by == "STAGE":
        found |= {row["key"]: words.name(row["name"]) for row in await fetch(_STAGES, keys)}
    elif by == "IMPORT":
        ids = {decode("imp", key): key for key in keys}
        found |= {ids[row["id"]]: row["file_name"] for row in await fetch(_IMPORTS, list(ids))}
    return {**found, None: str(NOT_KNOWN.get(by, lazy("All together")))}


def score(kind: RatingKind, value: float | None) -> str:
    """A score as its inventors write it: NPS in points, CSAT as a share, CES as a mean."""
    if kind is RatingKind.CSAT:
        return formats.percent(value, decimals=1)
    return formats.number(value, decimals=1 if kind is RatingKind.NPS else 2)


async def of_scores(asked: Asked, found: list[Score]) -> Found:
    called = await names(asked.by, (each.group for each in found))
    drawn = [_scores(kind, [each for each in found if each.kind is kind], called, asked.grain) for kind in RatingKind]
    return {"charts": [one for one in drawn if one], "rows": found, "called": called, "score": score, "few": FEW}


def _scores(kind: RatingKind, found: list[Score], called: dict[str | None, str], grain: Grain) -> charts.Chart | None:
    """Over time as a line, by group as bars."""
    if not found:
        return None
    form = charts.percent() if kind is RatingKind.CSAT else charts.number(1)
    measured = str(MEASURED[kind])
    summary = measured if found[0].step else _("%(score)s, group by group") % {"score": measured}
    labels = [period_names.of(each.step, grain) if each.step else called[each.group] for each in found[-SHOWN:]]
    values = [each.value for each in found[-SHOWN:]]
    if found[0].step and len(found) > 1:
        return charts.lines(
            [charts.Line(measured, values, dots=True)], labels=labels, summary=summary, form=form, height=260
        )
    return charts.bars(labels, [charts.Line(measured, values)], summary=summary, form=form, height=240)


async def of_drivers(asked: Asked, found: list[Explained]) -> Found:
    (explained,) = found
    drivers = explained.drivers[:SHOWN]
    line = charts.Line(_("Importance"), [each.importance for each in drivers])
    drawn = charts.bars(
        [each.attribute for each in drivers],
        [line],
        summary=_("What the score hangs on: the share of it that ratings of single things explain"),
        form=charts.percent(),
        horizontal=True,
        height=80 + 34 * len(drivers),
    )
    lacking = _("Too few answers rate single things to say what the score hangs on: %(number)s.")
    return {
        "charts": [drawn] if drivers else [],
        "explained": explained,
        "rows": drivers,
        "lacking": lacking % {"number": formats.number(explained.answers)},
    }


async def of_complaints(asked: Asked, found: list[Complaints]) -> Found:
    called = await names(asked.by, (each.group for each in found))
    shown = found[-SHOWN:]
    labels = [period_names.of(each.step, asked.grain) if each.step else called[each.group] for each in shown]
    series = [
        charts.Line(_("answered in time"), [each.on_time for each in shown], tone="good"),
        charts.Line(_("answered late"), [each.late for each in shown], tone="gold"),
        charts.Line(_("overdue"), [each.overdue for each in shown], tone="bad"),
        charts.Line(_("still open"), [each.open for each in shown], tone="muted"),
    ]
    drawn = charts.bars(
        labels, series, summary=_("Complaints, and how they were answered"), y_name=_("Complaints"), stacked=True
    )
    return {"charts": [drawn] if found else [], "rows": found, "called": called}


async def of_exposure(asked: Asked, found: list[Exposure]) -> Found:
    shown = [each for each in found if each.value][:SHOWN]
    money = charts.money(shown[0].currency) if shown and shown[0].currency else charts.number(0)
    drawn = charts.bars(
        [each.name for each in shown],
        [charts.Line(_("Value"), [each.value for each in shown], tone="gold")],
        summary=_("The value of customers who lean on one person alone"),
        form=money,
        horizontal=True,
        height=80 + 34 * len(shown),
    )
    return {"charts": [drawn] if shown else [], "rows": found}


async def of_quality(asked: Asked, found: list[QualityReport]) -> Found:
    called = await names(asked.by, (each.group for each in found))
    shown = found[:SHOWN]
    parts = {
        "completeness": _("Completeness"),
        "reachability": _("Reachability"),
        "freshness": _("Freshness"),
    }
    series = [charts.Line(label, [getattr(each, part) for each in shown]) for part, label in parts.items()]
    drawn = charts.bars(
        [called[each.group] for each in shown],
        series,
        summary=_("How good the data are, group by group"),
        form=charts.percent(),
        height=320,
    )
    return {"charts": [drawn] if found else [], "rows": found, "called": called}


READERS: dict[str, Callable[[Asked, Any], Awaitable[Found]]] = {
    "scores": of_scores,
    "drivers": of_drivers,
    "complaints": of_complaints,
    "exposure": of_exposure,
    "quality": of_quality,
}
