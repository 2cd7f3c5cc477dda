"""Reports over everybody's days: over few they are worked out when asked, over many told from what is kept.

What is kept holds all periods, so that any time can be told of it; what it does not hold, such as a rule's customers,
is worked out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from crm.access import Actor
from crm.reports import kept
from crm.reports.of_value import assumed, changed, many, question
from crm.reports.question import Question, Report
from crm.value.runs import changes, periods
from crm.value.runs import cohorts as cohort_values
from crm.value.runs import pairs as bought_together
from crm.value.runs.changes import Cause, Move, Mover, Side, Span
from crm.value.runs.cohorts import CohortPoint
from crm.value.runs.pairs import Offer, Pair
from crm.value.runs.periods import MOST_MATRICES, PeriodCell, PeriodMove, PeriodProfit
from crm.value.runs.portfolio import MOST_PERIODS, CohortGrain

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

    async def live() -> list[PeriodProfit]:
        return await periods.profit_periods(
            actor, grain=grain, since=since, until=until, customer_id=customer_id, tree=tree
        )

    if customer_id is not None:
        return Told(await live())
    return await _told(
        actor, await question(Report.PROFIT, grain), now, lambda found: found.between(since, until), live
    )


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

    async def live() -> list[PeriodCell]:
        return await periods.matrix_periods(actor, grain=grain, since=since, until=until, where=where)

    if where is not None:
        return Told(await live())
    return await _told(
        actor, await question(Report.MATRICES, grain), now, lambda found: found.between(since, until), live
    )


async def matrix_moves(
    actor: Actor,
    *,
    grain: CohortGrain = QUARTER,
    period: date,
    now: datetime,
    where: dict[str, Any] | None = None,
) -> Told[PeriodMove]:
    """As `periods.matrix_moves`."""

    async def live() -> list[PeriodMove]:
        return await periods.matrix_moves(actor, grain=grain, period=period, where=where)

    if where is not None:
        return Told(await live())
    asked = await question(Report.MATRICES, grain)
    return await _told(actor, asked, now, lambda found: found.moves(period), live)


async def cohorts(
    actor: Actor, *, grain: CohortGrain = QUARTER, since: date, until: date, now: datetime
) -> Told[CohortPoint]:
    """As `cohorts.cohorts`."""
    cohort_values.check(since, until, grain)

    async def live() -> list[CohortPoint]:
        return await cohort_values.cohorts(actor, grain=grain, since=since, until=until)

    return await _told(
        actor, await question(Report.VALUE_COHORTS), now, lambda found: found.between(grain, since, until), live
    )


async def pairs(
    actor: Actor,
    *,
    since: date,
    until: date,
    now: datetime,
    least: int = 20,
    first: int = 50,
    where: dict[str, Any] | None = None,
) -> Told[Pair]:
    """As `pairs.pairs`."""
    bought_together.check(since, until, least, first)

    async def live() -> list[Pair]:
        return await bought_together.all_pairs(actor, since=since, until=until, where=where)

    told = Told(await live()) if where else await _kept_pairs(actor, since, until, now, live)
    return Told(bought_together.strongest(told.rows, least)[:first], told.worked_at)


async def offers(
    actor: Actor, customer_id: UUID, *, since: date, until: date, now: datetime, least: int = 20
) -> list[Offer]:
    """As `pairs.offers`."""
    bought_together.check(since, until, least, 1)

    async def live() -> list[Pair]:
        return await bought_together.all_pairs(actor, since=since, until=until)

    found = (await _kept_pairs(actor, since, until, now, live)).rows
    return await bought_together.offers(actor, customer_id, since=since, until=until, least=least, found=found)


async def equity(actor: Actor, between: Span, *, now: datetime) -> Told[Cause]:
    """As `changes.equity`."""

    async def live() -> list[Cause]:
        return await changes.equity(actor, between)

    return await _told(actor, await changed(between), now, lambda found: found.equity, live)


async def migration(actor: Actor, between: Span, side: Side, *, now: datetime) -> Told[Move]:
    """As `changes.migration`."""

    async def live() -> list[Move]:
        return await changes.migration(actor, between, side)

    return await _told(actor, await changed(between), now, lambda found: found.migration(side), live)


async def movers(actor: Actor, between: Span, *, rising: bool, first: int = 20, now: datetime) -> Told[Mover]:
    """As `changes.movers`."""
    changes.check(first)

    async def live() -> list[Mover]:
        return await changes.movers(actor, between, rising=rising, first=first)

    told = await _told(actor, await changed(between), now, lambda found: found.movers(rising, first), live)
    return Told(await changes.named(actor, told.rows), told.worked_at) if told.worked_at else told


async def _kept_pairs(
    actor: Actor, since: date, until: date, now: datetime, live: Callable[[], Awaitable[list[Pair]]]
) -> Told[Pair]:
    asked = Question(Report.PAIRS, since=since, until=until, by=await assumed())
    if not await many():
        return Told(await live())
    answer = await kept.ask(actor, asked, now=now)
    return Told(await live()) if answer.found is None else Told(answer.found, answer.worked_at)


async def _told(
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
