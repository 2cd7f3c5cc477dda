"""What is kept of everybody's days: which questions are asked, and what tells their answers from outdated ones."""

from __future__ import annotations

import hashlib

import orjson

from crm import organization
from crm.database import fetch_value
from crm.errors import Blocked
from crm.lifecycle.reports.frame import Grain
from crm.reports.question import Question, Report
from crm.value.runs import changes, periods, settings
from crm.value.runs.changes import Span
from crm.value.runs.portfolio import CohortGrain

DAYS = 1_000_000
"""Days of buying beyond which reports on them are kept: up to here they take about a second."""
_SIZE = "SELECT reltuples::bigint FROM pg_class WHERE oid = 'customer_day'::regclass"


async def many() -> bool:
    """Whether there are so many days that reports on them are kept; by the planner's estimate."""
    return int(await fetch_value(_SIZE)) > DAYS


async def usual() -> list[Question]:
    """What is worked out before anybody asks: what changed since the last run, and all grains of
    everybody's days, the quarters first."""
    if not await many():
        return []
    between = await changes.latest()
    moved = [await changed(between)] if between else []
    grains = (CohortGrain.QUARTER, CohortGrain.MONTH, CohortGrain.YEAR)
    profit = [await question(Report.PROFIT, grain) for grain in grains]
    try:
        await periods.cuts()
    except Blocked:
        return [*moved, *profit, await question(Report.VALUE_COHORTS)]
    matrices = [await question(Report.MATRICES, grain) for grain in grains]
    first = [matrices[0], profit[0], await question(Report.VALUE_COHORTS)]
    return [*moved, *first, *matrices[1:], *profit[1:]]


async def question(report: Report, grain: CohortGrain | None = None) -> Question:
    """The whole of a report, as it is worked out under the choices in force."""
    return Question(report, grain=None if grain is None else Grain(grain.value), by=await assumed())


async def changed(between: Span) -> Question:
    """All that is told of two runs."""
    return Question(Report.CHANGES, by=f"{between.before} {between.after} {await assumed()}")


async def assumed() -> str:
    """By what figures are told from those that other choices or another run's cuts would give."""
    house, assumed = await organization.current(), await settings.current()
    try:
        cuts = [str(cut) for cut in await periods.cuts()]
    except Blocked:
        cuts = []
    told = orjson.dumps([assumed.to_json(), cuts, house.time_zone, house.base_currency], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(told).hexdigest()[:16]
