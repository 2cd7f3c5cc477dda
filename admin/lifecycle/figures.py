"""The figures of each report on a lifecycle, as charts and rows for its page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from babel import Locale
from starlette_admin.i18n import get_locale
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import gettext as translated
from starlette_admin.i18n import lazy_gettext as lazy

from admin import charts, formats, period_names, words
from admin.lifecycle.periods import Asked
from crm.access import Actor
from crm.database import fetch
from crm.ids import decode
from crm.lifecycle.reports.churn import Churn
from crm.lifecycle.reports.cohorts import Cohort
from crm.lifecycle.reports.forecast import forecast_of
from crm.lifecycle.reports.frame import Grain, Group
from crm.lifecycle.reports.funnel import FunnelStep
from crm.lifecycle.reports.matrix import Matrix
from crm.lifecycle.reports.standing import Waiting, stuck

Found = dict[str, Any]
DAY = 86_400
FEW = 30
"""Observations below which a stage's row is hardly a forecast."""
STUCK = 12
GROUPS_SHOWN = 8
PARTS_SHOWN = 24
STEPS_SHOWN = 60
"""Steps that are told of a cohort: five years of months."""
SINCE = {
    Grain.DAY: lazy("Days since they came"),
    Grain.WEEK: lazy("Weeks since they came"),
    Grain.MONTH: lazy("Months since they came"),
    Grain.QUARTER: lazy("Quarters since they came"),
    Grain.YEAR: lazy("Years since they came"),
}

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
    return {**found, None: _("not known")}


# -- funnel ----------------------------------------------------------------------------------------------------------


Part = tuple[date | None, str | None]
"""A cohort, by its first day, and a group; None where they are not told apart."""


async def of_funnel(actor: Actor, asked: Asked, steps: list[FunnelStep], now: datetime) -> Found:
    names = await stage_names(asked.lifecycle)
    called = await group_names(asked.group, list(dict.fromkeys(step.group for step in steps)))
    sizes: dict[Part, int] = {(step.cohort, step.group): step.size for step in steps}
    most = GROUPS_SHOWN if asked.cohort is None else PARTS_SHOWN
    shown = sorted(sorted(sizes, key=lambda part: -sizes[part])[:most], key=lambda part: _rank(part, sizes))
    grouped = asked.group is not Group.NONE
    parts = {part: _part_name(part, called if grouped else {}, asked.cohort) for part in shown}
    return {
        "chart": _funnel_chart(steps, parts, names) if steps else None,
        "steps": sorted(
            (step for step in steps if (step.cohort, step.group) in parts),
            key=lambda step: shown.index((step.cohort, step.group)),
        ),
        "names": names,
        "called": called,
        "grouped": grouped,
        "left_out": len(sizes) - len(shown),
    }


def _rank(part: Part, sizes: dict[Part, int]) -> tuple[date, int]:
    """Cohorts in their order, in each the largest group first."""
    return part[0] or date.min, -sizes[part]


def _part_name(part: Part, called: dict[str | None, str], cohort: Grain | None) -> str:
    said = ([] if cohort is None else [period_names.of(part[0], cohort)]) + ([called[part[1]]] if called else [])
    return " · ".join(said) or _("All together")


def _funnel_chart(steps: list[FunnelStep], parts: dict[Part, str], names: dict[str, str]) -> charts.Chart:
    """Of one part the customers; of a few their shares side by side; of many their shares as a table of colours."""
    stages = list(dict.fromkeys(step.stage for step in steps))
    labels = [names.get(stage, stage) for stage in stages]
    if len(parts) == 1:
        entered = {step.stage: step for step in steps}
        one = charts.Line(
            _("Ever stood in it"),
            [entered[stage].entered for stage in stages],
            labels=[formats.percent(entered[stage].share) for stage in stages],
        )
        return charts.bars(
            labels,
            [one],
            summary=_("How many ever came to each stage"),
            y_name=_("Customers"),
            horizontal=True,
            height=64 + 36 * len(stages),
        )
    shares = {(step.cohort, step.group, step.stage): step.share for step in steps}
    rows = [[shares.get((*part, stage)) for stage in stages] for part in parts]
    if any(cohort is not None for cohort, _group in parts):
        summary = _("The share of each cohort that ever came to each stage")
        height = max(240, 30 * len(parts) + 110)
        return charts.heat(labels, list(parts.values()), rows, summary=summary, form=charts.percent(), height=height)
    series = [charts.Line(name, row) for name, row in zip(parts.values(), rows, strict=True)]
    summary = _("The share of each group that ever came to each stage")
    return charts.bars(labels, series, summary=summary, form=charts.percent(), height=340)


# -- transitions and forecast ----------------------------------------------------------------------------------------


async def of_matrix(actor: Actor, asked: Asked, found: Matrix, now: datetime) -> Found:
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


async def of_forecast(actor: Actor, asked: Asked, moves: Matrix, now: datetime) -> Found:
    found = forecast_of(moves, None)
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


async def of_cohorts(actor: Actor, asked: Asked, found: list[Cohort], now: datetime) -> Found:
    lived = [replace(cohort, active=cohort.active[:STEPS_SHOWN]) for cohort in found if cohort.size]
    across = max((len(cohort.active) for cohort in lived), default=0)
    labels = [formats.number(step) for step in range(across)]
    rates = [[*cohort.rates, *([None] * (across - len(cohort.rates)))] for cohort in lived]
    down = [period_names.of(cohort.since, asked.grain) for cohort in lived]
    drawn = charts.heat(
        labels,
        down,
        rates,
        summary=_("The share of each cohort that is still active, by the steps since it came"),
        form=charts.percent(),
        name=_("Came in"),
        x_name=str(SINCE[asked.grain]),
        numbers=across <= 14,
        height=max(240, 30 * len(lived) + 90),
    )
    return {"chart": drawn if lived else None, "cohorts": lived}


# -- waiting ---------------------------------------------------------------------------------------------------------


async def of_waiting(actor: Actor, asked: Asked, found: list[Waiting], now: datetime) -> Found:
    names = await stage_names(asked.lifecycle)
    found = [each for each in found if each.stage in names]  # a kept report may speak of a stage that is gone
    labels = [names[each.stage] for each in found]
    late = charts.Line(_("Over the target"), [each.over_target or 0 for each in found], tone="bad")
    within = charts.Line(_("Within it"), [each.standing - (each.over_target or 0) for each in found])
    drawn = charts.bars(
        labels,
        [within, late],
        summary=_("Who stands in each stage now, and who too long"),
        y_name=_("Customers"),
        stacked=True,
        horizontal=True,
        height=90 + 36 * len(labels),
    )
    held = await stuck(actor, now=now, lifecycle=asked.lifecycle, first=STUCK)
    people = {row["id"]: row["display_name"] for row in await fetch(_NAMES, [each.customer_id for each in held])}
    return {"chart": drawn, "waiting": found, "names": names, "stuck": held, "people": people}


# -- churn -----------------------------------------------------------------------------------------------------------


async def of_churn(actor: Actor, asked: Asked, found: list[Churn], now: datetime) -> Found:
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


READERS: dict[str, Callable[[Actor, Asked, Any, datetime], Awaitable[Found]]] = {
    "funnel": of_funnel,
    "matrix": of_matrix,
    "forecast": of_forecast,
    "cohorts": of_cohorts,
    "waiting": of_waiting,
    "churn": of_churn,
}
