"""The figures of each report on a lifecycle, as charts and rows for its page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from babel import Locale
from starlette_admin.i18n import get_locale
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import gettext as translated

from admin import charts, formats, words
from admin.lifecycle.periods import Asked
from crm.access import Actor
from crm.database import fetch
from crm.ids import decode
from crm.lifecycle.reports.churn import churn
from crm.lifecycle.reports.cohorts import triangle
from crm.lifecycle.reports.forecast import forecast
from crm.lifecycle.reports.frame import Group, Period
from crm.lifecycle.reports.funnel import FunnelStep, funnel
from crm.lifecycle.reports.matrix import Matrix, matrix
from crm.lifecycle.reports.standing import stuck, waiting

Found = dict[str, Any]
DAY = 86_400
FEW = 30
"""Observations below which a stage's row is hardly a forecast."""
STUCK = 12
GROUPS_SHOWN = 8

_STAGES = """
SELECT s.key, s.name, s.outcome FROM stage s JOIN lifecycle l ON l.id = s.lifecycle_id WHERE l.key = $1
ORDER BY s.position
"""
_NAMES = "SELECT id, display_name FROM customer WHERE id = ANY ($1::uuid[])"
_OWNERS = "SELECT id, name FROM staff_member WHERE id = ANY ($1::uuid[])"
_SEGMENTS = "SELECT key, name FROM segment WHERE key = ANY ($1::text[])"


async def stage_names(lifecycle: str) -> dict[str, str]:
    return {row["key"]: translated(row["name"]) for row in await fetch(_STAGES, lifecycle)}


async def group_names(group: Group, labels: Sequence[str | None]) -> dict[str | None, str]:
    """What the labels of a group are called."""
    given = [label for label in labels if label]
    found: dict[str | None, str] = {label: label for label in given}
    if group is Group.OWNER:
        keys = {decode("stf", label): label for label in given}
        found |= {keys[row["id"]]: row["name"] for row in await fetch(_OWNERS, list(keys))}
    elif group is Group.SEGMENT:
        found |= {row["key"]: row["name"] for row in await fetch(_SEGMENTS, given)}
    elif group is Group.KIND:
        found |= {label: words.value(label) for label in given}
    elif group is Group.COUNTRY:
        found |= {label: str(Locale.parse(get_locale()).territories.get(label, label)) for label in given}
    return {**found, None: _("none")}


# -- funnel ----------------------------------------------------------------------------------------------------------


async def of_funnel(actor: Actor, asked: Asked, period: Period, now: datetime) -> Found:
    steps = await funnel(actor, entered=period, lifecycle=asked.lifecycle, group=asked.group)
    names = await stage_names(asked.lifecycle)
    groups = list(dict.fromkeys(step.group for step in steps))
    called = await group_names(asked.group, groups)
    if asked.group is Group.NONE:
        called[None] = _("All together")
    sizes = {group: next(step.size for step in steps if step.group == group) for group in groups}
    shown = sorted(groups, key=lambda group: -sizes[group])[:GROUPS_SHOWN]
    return {
        "chart": _funnel_chart(steps, shown, called, names) if steps else None,
        "steps": [step for step in steps if step.group in shown],
        "names": names,
        "called": called,
        "grouped": asked.group is not Group.NONE,
    }


def _funnel_chart(
    steps: list[FunnelStep], groups: list[str | None], called: dict[str | None, str], names: dict[str, str]
) -> charts.Chart:
    stages = list(dict.fromkeys(step.stage for step in steps))
    labels = [names.get(stage, stage) for stage in stages]
    if len(groups) == 1:
        entered = {step.stage: step for step in steps}
        one = charts.Line(
            _("Ever stood in it"),
            [entered[stage].entered for stage in stages],
            labels=[formats.percent(entered[stage].share) for stage in stages],
        )
        return charts.bars(
            labels, [one], summary=_("How many ever came to each stage"), horizontal=True, height=44 + 36 * len(stages)
        )
    shares = {(step.group, step.stage): step.share for step in steps}
    series = [charts.Line(called[group], [shares.get((group, stage)) for stage in stages]) for group in groups]
    summary = _("The share of each group that ever came to each stage")
    return charts.bars(labels, series, summary=summary, form=charts.percent(), height=340)


# -- transitions and forecast ----------------------------------------------------------------------------------------


async def of_matrix(actor: Actor, asked: Asked, period: Period, now: datetime) -> Found:
    found = await matrix(actor, period=period, lifecycle=asked.lifecycle)
    names = [_(stage.name) for stage in found.stages]
    shares = [
        [float(found.probabilities[i, j]) if found.observed[i] else None for j in range(len(names))]
        for i in range(len(names))
    ]
    drawn = charts.heat(
        names,
        names,
        shares,
        summary=_("Of those who stood in the row's stage at the beginning, the share in the column's at the end"),
        form=charts.percent(),
        name=_("From"),
        height=max(280, 40 * len(names) + 90),
    )
    return {"chart": drawn if found.observed.any() else None, "matrix": _cells(found), "stages": names}


def _cells(found: Matrix) -> list[tuple[str, int, list[tuple[int, float | None, float | None]]]]:
    """By row: the stage, how many were observed, and each (count, probability, standard error)."""
    rows = []
    for i, stage in enumerate(found.stages):
        seen = int(found.observed[i])
        cells = [
            (
                int(found.counts[i, j]),
                float(found.probabilities[i, j]) if seen else None,
                float(found.standard_errors[i, j]) if seen else None,
            )
            for j in range(len(found.stages))
        ]
        rows.append((_(stage.name), seen, cells))
    return rows


async def of_forecast(actor: Actor, asked: Asked, period: Period, now: datetime) -> Found:
    found = await forecast(actor, period=period, grain=asked.grain, lifecycle=asked.lifecycle)
    names = {stage.key: _(stage.name) for stage in found.matrix.stages}
    finals = list(dict.fromkeys(key for end in found.ends for key in end.ends))
    labels = [names[end.start] for end in found.ends]
    series = [charts.Line(names[key], [end.ends[key] for end in found.ends]) for key in finals]
    series.append(charts.Line(_("never, as far as was seen"), [end.undecided for end in found.ends], tone="muted"))
    drawn = charts.bars(
        labels,
        series,
        summary=_("Where the paths from each stage end"),
        form=charts.percent(),
        stacked=True,
        horizontal=True,
        height=80 + 36 * len(labels),
    )
    ways = {(way.start, way.end): way for way in found.ways}
    return {
        "chart": drawn if finals and any(found.observed.values()) else None,
        "ends": found.ends,
        "ways": ways,
        "names": names,
        "observed": found.observed,
        "few": FEW,
    }


# -- cohorts ---------------------------------------------------------------------------------------------------------


async def of_cohorts(actor: Actor, asked: Asked, period: Period, now: datetime) -> Found:
    found = await triangle(actor, came=period, now=now, grain=asked.grain, basis=asked.basis, lifecycle=asked.lifecycle)
    lived = [cohort for cohort in found if cohort.size]
    across = max((len(cohort.active) for cohort in lived), default=0)
    labels = [formats.number(step) for step in range(across)]
    rates = [[*cohort.rates, *([None] * (across - len(cohort.rates)))] for cohort in lived]
    down = [formats.day(cohort.since) for cohort in lived]
    drawn = charts.heat(
        labels,
        down,
        rates,
        summary=_("The share of each cohort that is still active, by the steps since it came"),
        form=charts.percent(),
        name=_("Came"),
        x_name=_("Steps since"),
        numbers=across <= 14,
        height=max(240, 30 * len(lived) + 90),
    )
    return {"chart": drawn if lived else None, "cohorts": lived}


# -- waiting ---------------------------------------------------------------------------------------------------------


async def of_waiting(actor: Actor, asked: Asked, period: Period, now: datetime) -> Found:
    found = await waiting(actor, period=period, now=now, lifecycle=asked.lifecycle)
    names = await stage_names(asked.lifecycle)
    labels = [names[each.stage] for each in found]
    late = charts.Line(_("Over the target"), [each.over_target or 0 for each in found], tone="bad")
    within = charts.Line(_("Within it"), [each.standing - (each.over_target or 0) for each in found])
    drawn = charts.bars(
        labels,
        [within, late],
        summary=_("Who stands in each stage now, and who too long"),
        stacked=True,
        horizontal=True,
        height=70 + 36 * len(labels),
    )
    held = await stuck(actor, now=now, lifecycle=asked.lifecycle, first=STUCK)
    people = {row["id"]: row["display_name"] for row in await fetch(_NAMES, [each.customer_id for each in held])}
    return {"chart": drawn, "waiting": found, "names": names, "stuck": held, "people": people}


# -- churn -----------------------------------------------------------------------------------------------------------


async def of_churn(actor: Actor, asked: Asked, period: Period, now: datetime) -> Found:
    found = await churn(actor, period=period, lifecycle=asked.lifecycle, group=asked.group)
    labels = [each.group for each in found]
    called = await group_names(asked.group, labels)
    if asked.group is Group.STAGE:
        called.update(await stage_names(asked.lifecycle))
    shown = found[:20]
    one = charts.Line(
        _("Lost"),
        [each.rate for each in shown],
        tone="bad",
        labels=[f"{formats.percent(each.rate, decimals=1)}" for each in shown],
    )
    drawn = charts.bars(
        [called.get(each.group, str(each.group)) for each in shown],
        [one],
        summary=_("Of those who were not lost at the beginning, the share that was at the end"),
        form=charts.percent(),
        horizontal=True,
        height=60 + 34 * len(shown),
    )
    return {"chart": drawn if shown else None, "churn": found, "called": called}


READERS: dict[str, Callable[[Actor, Asked, Period, datetime], Awaitable[Found]]] = {
    "funnel": of_funnel,
    "matrix": of_matrix,
    "forecast": of_forecast,
    "cohorts": of_cohorts,
    "waiting": of_waiting,
    "churn": of_churn,
}
