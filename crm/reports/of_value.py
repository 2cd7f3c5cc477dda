"""What is kept of everybody's value: which questions are asked, and what tells their answers from outdated ones.

Each question names what its answer rests on: a digest of the choices that the report reads, or the run whose figures it
adds up. An answer that rests on anything else than what is in force is never told again, nor worked out again.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from zoneinfo import ZoneInfo

import orjson

from crm import organization
from crm.database import fetch_value
from crm.errors import Blocked
from crm.lifecycle.reports.frame import Grain
from crm.reports.question import Question, Report
from crm.value.runs import changes, periods, refresh, settings
from crm.value.runs.changes import Span
from crm.value.runs.portfolio import CohortGrain

DAYS = 1_000_000
"""Days of buying beyond which reports on them are kept: up to here they take about a second."""
_SIZE = "SELECT reltuples::bigint FROM pg_class WHERE oid = 'customer_day'::regclass"

_COSTS = ("margin_rate", "margin_basis", "unit_costs", "hourly_cost")
# The choices that reports read. The others here read the figures of the run in force.
_READS: dict[Report, tuple[str, ...]] = {
    Report.PROFIT: _COSTS,
    Report.MATRICES: _COSTS,
    Report.VALUE_COHORTS: ("margin_rate", "margin_basis"),
    Report.PAIRS: ("margin_rate",),
    Report.CHANGES: ("lost_below",),
    Report.PROSPECTS: ("margin_rate", "margin_basis", "discount_rate"),
}
_OF_RUN = (Report.STAGES, Report.DELIVERED, Report.OUTLOOK)


async def many() -> bool:
    """Whether there are so many days that reports on them are kept; by the planner's estimate."""
    return int(await fetch_value(_SIZE)) > DAYS


async def usual(now: datetime) -> list[Question]:
    """What is worked out before anybody asks, that which is looked at first coming first."""
    if not await many():
        return []
    between = await changes.latest()
    run = await refresh.current()
    moved = [await changed(between)] if between else []
    stages = [await question(Report.STAGES)] if run else []
    grains = (CohortGrain.QUARTER, CohortGrain.MONTH, CohortGrain.YEAR)
    profit = [await question(Report.PROFIT, grain) for grain in grains]
    matrices = [await question(Report.MATRICES, grain) for grain in grains] if await _cuts() else []
    cohorts, pairs = await question(Report.VALUE_COHORTS), await sold(*await lately(now))
    return [*stages, *moved, *matrices[:1], profit[0], cohorts, *matrices[1:], *profit[1:], pairs]


async def question(
    report: Report, grain: CohortGrain | None = None, *, lifecycle: str = "", about: str = ""
) -> Question:
    """The whole of a report, as it is worked out under the choices in force, or of the run in force."""
    by = f"{await basis(report)} {about}".strip()
    return Question(report, lifecycle, grain=None if grain is None else Grain(grain.value), by=by)


async def changed(between: Span) -> Question:
    """All that is told of two runs."""
    return await question(Report.CHANGES, about=f"{between.before} {between.after}")


async def sold(since: date, until: date) -> Question:
    """What was bought together in a time."""
    return Question(Report.PAIRS, since=since, until=until, by=await basis(Report.PAIRS))


async def lately(now: datetime) -> tuple[date, date]:
    """The twelve whole months before the day of the run in force, or before today: the usual time of what is sold."""
    run, house = await refresh.current(), await organization.current()
    day = (run.as_of if run else now).astimezone(ZoneInfo(house.time_zone)).date()
    until = day.replace(day=1)
    return until.replace(year=until.year - 1), until


async def outdated(asked: Question) -> bool:
    """Whether a question on value rests on something else than what is in force."""
    of_value = asked.report in _READS or asked.report in _OF_RUN
    return of_value and asked.by.partition(" ")[0] != await basis(asked.report)


async def basis(report: Report) -> str:
    """What the answers of a report on value rest on; "none" before the first run."""
    if report in _OF_RUN:
        run = await refresh.current()
        return str(run.id) if run else "none"
    house, assumed = await organization.current(), (await settings.current()).to_json()
    read = {name: assumed[name] for name in _READS[report]}
    cuts = await _cuts() if report is Report.MATRICES else []
    told = orjson.dumps([read, cuts, house.time_zone, house.base_currency], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(told).hexdigest()[:16]


async def _cuts() -> list[str]:
    """Where matrices are cut; nothing where nothing tells customers apart."""
    try:
        return [str(cut) for cut in await periods.cuts()]
    except Blocked:
        return []
