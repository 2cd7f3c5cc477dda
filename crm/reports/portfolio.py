"""Reports over everybody's value: over few they are worked out when asked, over many told from what is kept.

What is kept of periods holds all of them, so that any time can be told of it; what it does not hold, such as a rule's
customers, is worked out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any, Generic, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from crm import organization
from crm.access import Actor, Scope, need
from crm.lifecycle.reports.frame import Grain, Period, midnight
from crm.reports import kept
from crm.reports.of_value import changed, lately, many, question, sold
from crm.reports.question import Question, Report, work
from crm.value.runs import changes, periods, simulate
from crm.value.runs import cohorts as cohort_values
from crm.value.runs import pairs as bought_together
from crm.value.runs import prospects as by_stage
from crm.value.runs.changes import Cause, Move, Mover, Side, Span
from crm.value.runs.cohorts import CohortPoint
from crm.value.runs.delivered import Delivered, Received
from crm.value.runs.pairs import Offer, Pair
from crm.value.runs.periods import MOST_MATRICES, PeriodCell, PeriodMove, PeriodProfit
from crm.value.runs.portfolio import MOST_PERIODS, CohortGrain, StageValue
from crm.value.runs.prospects import Prospect
from crm.value.runs.seeing import checked
from crm.value.runs.simulate import Scenario, Standing
from crm.value.whatif import Change
from crm.visibility import need_visible

T = TypeVar("T")
QUARTER = CohortGrain.QUARTER


@dataclass(frozen=True, slots=True)
class Told(Generic[T]):
    """Figures, and when they were worked out; None for those of this moment."""

    rows: list[T]
    worked_at: datetime | None = None


async def profit_periods(
    actor: Actor,
    *,
    grain: CohortGrain = QUARTER,
    since: date,
    until: date,
    now: datetime,
    customer_id: UUID | None = None,
    tree: bool = False,
) -> Told[PeriodProfit]:
    """As `periods.profit_periods`."""
    list(periods.starts(since, until, grain, MOST_PERIODS))
    live = partial(
        periods.profit_periods, actor, grain=grain, since=since, until=until, customer_id=customer_id, tree=tree
    )
    if customer_id is not None:
        return Told(await live())
    asked = await question(Report.PROFIT, grain)
    return await _part(actor, asked, now, lambda found: found.between(since, until), live)


async def matrix_periods(
    actor: Actor,
    *,
    grain: CohortGrain = QUARTER,
    since: date,
    until: date,
    now: datetime,
    where: dict[str, Any] | None = None,
) -> Told[PeriodCell]:
    """As `periods.matrix_periods`."""
    list(periods.starts(since, until, grain, MOST_MATRICES))
    live = partial(periods.matrix_periods, actor, grain=grain, since=since, until=until, where=where)
    if where is not None:
        return Told(await live())
    asked = await question(Report.MATRICES, grain)
    return await _part(actor, asked, now, lambda found: found.between(since, until), live)


async def matrix_moves(
    actor: Actor, *, grain: CohortGrain = QUARTER, period: date, now: datetime, where: dict[str, Any] | None = None
) -> Told[PeriodMove]:
    """As `periods.matrix_moves`."""
    live = partial(periods.matrix_moves, actor, grain=grain, period=period, where=where)
    if where is not None:
        return Told(await live())
    asked = await question(Report.MATRICES, grain)
    return await _part(actor, asked, now, lambda found: found.moves(period), live)


async def cohorts(
    actor: Actor, *, grain: CohortGrain = QUARTER, since: date, until: date, now: datetime
) -> Told[CohortPoint]:
    """As `cohorts.cohorts`."""
    cohort_values.check(since, until, grain)
    live = partial(cohort_values.cohorts, actor, grain=grain, since=since, until=until)
    asked = await question(Report.VALUE_COHORTS)
    return await _part(actor, asked, now, lambda found: found.between(grain, since, until), live)


async def equity(actor: Actor, between: Span, *, now: datetime) -> Told[Cause]:
    """As `changes.equity`."""
    live = partial(changes.equity, actor, between)
    return await _part(actor, await changed(between), now, lambda found: found.equity, live)


async def migration(actor: Actor, between: Span, side: Side, *, now: datetime) -> Told[Move]:
    """As `changes.migration`."""
    live = partial(changes.migration, actor, between, side)
    return await _part(actor, await changed(between), now, lambda found: found.migration(side), live)


async def movers(actor: Actor, between: Span, *, rising: bool, first: int = 20, now: datetime) -> Told[Mover]:
    """As `changes.movers`."""
    changes.check(first)
    live = partial(changes.movers, actor, between, rising=rising, first=first)
    told = await _part(actor, await changed(between), now, lambda found: found.movers(rising, first), live)
    return Told(await changes.named(actor, told.rows), told.worked_at) if told.worked_at else told


async def stages(actor: Actor, *, lifecycle: str | None = None, now: datetime) -> Told[StageValue]:
    """As `portfolio.stages`."""
    return await _whole(actor, await question(Report.STAGES, lifecycle=lifecycle or ""), now)


async def delivered(actor: Actor, *, by: Received = Received.SATISFACTION, now: datetime) -> Told[Delivered]:
    """As `delivered.delivered`."""
    return await _whole(actor, await question(Report.DELIVERED, about=by.value), now)


async def prospects(
    actor: Actor,
    *,
    period: Period,
    grain: Grain = Grain.MONTH,
    lifecycle: str | None = None,
    where: dict[str, Any] | None = None,
    now: datetime,
) -> Told[Prospect]:
    """As `prospects.prospects`; what is kept is of whole days."""
    days = await _days(period)
    if where is not None or days is None:
        found = await by_stage.prospects(actor, period=period, grain=grain, lifecycle=lifecycle, where=where)
        return Told(found)
    basis_only = await question(Report.PROSPECTS, lifecycle=lifecycle or "")
    return await _whole(actor, replace(basis_only, since=days[0], until=days[1], grain=grain), now)


async def _days(period: Period) -> tuple[date, date] | None:
    """The first day of a period and the one after its last, where it begins and ends with days."""
    zone = (await organization.current()).time_zone
    since, until = (at.astimezone(ZoneInfo(zone)).date() for at in (period.since, period.until))
    whole = (midnight(since, zone), midnight(until, zone)) == (period.since, period.until)
    return (since, until) if whole else None


async def pairs(
    actor: Actor,
    *,
    since: date | None = None,
    until: date | None = None,
    now: datetime,
    least: int = 20,
    first: int = 50,
    where: dict[str, Any] | None = None,
) -> Told[Pair]:
    """As `pairs.pairs`; without days, of the time that is usual (`of_value.lately`)."""
    since, until = await _time(since, until, now)
    bought_together.check(since, until, least, first)
    if where is not None:
        found = await bought_together.pairs(actor, since=since, until=until, least=least, first=first, where=where)
        return Told(found)
    told: Told[Pair] = await _whole(actor, await sold(since, until), now)
    return Told(bought_together.strongest(told.rows, least)[:first], told.worked_at)


async def offers(
    actor: Actor,
    customer_id: UUID,
    *,
    since: date | None = None,
    until: date | None = None,
    now: datetime,
    least: int = 20,
) -> Told[Offer]:
    """As `pairs.offers`; without days, of the time that is usual (`of_value.lately`)."""
    since, until = await _time(since, until, now)
    bought_together.check(since, until, least, 1)
    need(actor, Scope.VALUE_READ, Scope.ORDER_READ)
    await need_visible(actor, customer_id)  # before everybody is looked at
    told: Told[Pair] = await _whole(actor, await sold(since, until), now)
    found = await bought_together.offers(actor, customer_id, since=since, until=until, least=least, found=told.rows)
    return Told(found, told.worked_at)


async def simulated(actor: Actor, change: Change, *, where: dict[str, Any] | None = None, now: datetime) -> Scenario:
    """As `simulate.simulate`."""
    return simulate.under(await standing(actor, where=where, now=now), change)


async def standing(actor: Actor, *, where: dict[str, Any] | None = None, now: datetime) -> Standing:
    """As `simulate.standing`; what is kept is of segments, by their keys, and of all whom the actor sees.

    Other rules are worked out each time: they may hold what must not be kept, such as an address.
    """
    segment = _segment(where)
    everybody = where is None and actor.row_filter is None  # whose outlook the run has kept
    if everybody or segment is None or not await many():
        return await simulate.standing(actor, where=where)
    if where is not None:
        await checked(actor, where)  # of what is kept nobody asks any more who may read it
    asked = await question(Report.OUTLOOK, about=segment)
    answer = await kept.wait(actor, asked, now=now)
    found = await simulate.kept(actor, answer.found, answer.worked_at)
    published_meanwhile = not asked.by.startswith(str(found.run.id))
    return await simulate.standing(actor, where=where) if published_meanwhile else found


def _segment(where: dict[str, Any] | None) -> str | None:
    """The key of the segment whose members a rule means, "" for everybody; None for any other rule."""
    if where is None:
        return ""
    body = where.get("segment")
    if len(where) > 1 or not isinstance(body, dict) or list(body) != ["key"]:
        return None
    key = body["key"]
    return key if isinstance(key, str) and key.split() == [key] else None


async def _time(since: date | None, until: date | None, now: datetime) -> tuple[date, date]:
    usual = await lately(now)
    return since or usual[0], until or usual[1]


async def _part(
    actor: Actor,
    asked: Question,
    now: datetime,
    part: Callable[[Any], list[T] | None],
    live: Callable[[], Awaitable[list[T]]],
) -> Told[T]:
    """A part of what is kept, or what is worked out now where nothing is kept or that part is not in it."""
    if await many():
        answer = await kept.ask(actor, asked, now=now)
        rows = part(answer.found[0]) if answer.found else None
        if rows is not None:
            return Told(rows, answer.worked_at)
    return Told(await live())


async def _whole(actor: Actor, asked: Question, now: datetime) -> Told[Any]:
    """All of what is kept; who asks first waits for it."""
    if not await many():
        return Told(await work(actor, asked, now))
    answer = await kept.wait(actor, asked, now=now)
    return Told(answer.found, answer.worked_at)
