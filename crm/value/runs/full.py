"""A full run: everybody's figures at a moment, computed beside the published ones and put in their place at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any
from uuid import UUID

from threadpoolctl import threadpool_limits

from crm import audit, organization
from crm.access import Actor, Scope, need
from crm.changes import load
from crm.database import connection, execute, fetch, fetch_value, in_transaction, transaction
from crm.errors import Blocked, CrmError, ValidationFailed
from crm.value.arrays import Ints
from crm.value.assumptions import Assumptions
from crm.value.book import Book
from crm.value.figures import figures
from crm.value.findings import Findings
from crm.value.fitted import Fitted
from crm.value.fitting import fit
from crm.value.notices import Notice, failure, notice
from crm.value.outlook import Outlook, alike, outlook
from crm.value.runs import network, outlooks, partition, settings, snapshots
from crm.value.runs.gathering import gather
from crm.value.runs.inputs import Moment, holdout_start
from crm.value.runs.memory import give_back
from crm.value.runs.publish import publish
from crm.value.summary import equity_interval, summarise
from crm.value.worth import Worth, find, slices
from models import RunStatus, ValueRun

LOCK = 7_262_317
"""Number of the advisory lock that the running run holds; PostgreSQL lets go of it when its process dies."""
AT_ONCE = 16_384
"""Customers whose columns are made at once; those of as many before are on their way meanwhile."""
STEPS = {"READ": 10, "FIT": 40, "WRITE": 60, "PUBLISH": 90}


SUPERSEDED = Notice("SUPERSEDED", "A newer run took its place.")


class Cancelled(CrmError):
    """The run was called off."""

    code = "CANCELLED"


async def recompute(actor: Actor, *, as_of: datetime | None = None, now: datetime) -> ValueRun:
    """Value every customer as of a moment (now, unless given) and publish the figures; returns the finished run.

    A run that was interrupted is taken up again. When it fails or is called off, the figures published before stay.
    Raises Forbidden; ValidationFailed for a moment in the future or without a zone; Blocked while another run works.
    """
    async with alone():
        run = await begin(actor, as_of=as_of, now=now)
        return await _finish(actor, run.id, now)


async def begin(actor: Actor, *, as_of: datetime | None = None, now: datetime) -> ValueRun:
    """Note down a run for later; `carry_out` does the work. Raises as `recompute`."""
    need(actor, Scope.VALUE_RECOMPUTE)
    at = now if as_of is None else as_of
    if at.tzinfo is None or at > now:
        raise ValidationFailed(f"asOf {at.isoformat()} must be a past time with its zone.", path=("asOf",))
    async with transaction():
        assumed, house = await settings.current(), await organization.current()
        run = await ValueRun.create(
            as_of=at,
            currency=house.base_currency,
            horizon_days=assumed.horizon_days,
            clv_horizon_days=assumed.clv_horizon_days,
            discount_rate=assumed.discount_rate,
            margin_basis=assumed.margin_basis,
            assumptions=assumed.to_json(),
            created_at=now,
        )
        await audit.record(actor, "value.started", "value_run", run.id, changes={"as_of": [None, at]})
    return run


async def cancel(actor: Actor, run_id: UUID) -> ValueRun:
    """Ask a run to stop at its next step. Raises NotFound, Blocked when it has ended already, Forbidden."""
    need(actor, Scope.VALUE_RECOMPUTE)
    async with transaction():
        run = await load(ValueRun, run_id, expected_version=None)
        if run.status is not RunStatus.RUNNING:
            raise Blocked(f"The run has ended already: it is {run.status.value}.", path=("id",))
        run.cancel_requested = True
        run.version += 1
        await run.save(update_fields=["cancel_requested", "version", "updated_at"])
        await audit.record(actor, "value.cancelled", "value_run", run.id)
    return run


async def carry_out(actor: Actor, run_id: UUID, *, now: datetime) -> ValueRun:
    """Do the work of a run that was noted down, or interrupted. Raises Blocked while another run works."""
    need(actor, Scope.VALUE_RECOMPUTE)
    async with alone():
        return await _finish(actor, run_id, now)


async def resume(actor: Actor, *, now: datetime) -> ValueRun | None:
    """Take up the newest run that nobody works on, and call off older ones; None when there is none.

    Raises Blocked while a run works, Forbidden.
    """
    need(actor, Scope.VALUE_RECOMPUTE)
    async with alone():
        waiting = await ValueRun.filter(status=RunStatus.RUNNING).order_by("-created_at", "-id")
        for late in waiting[1:]:
            await _end(late.id, RunStatus.CANCELLED, SUPERSEDED, now)
        return await _finish(actor, waiting[0].id, now) if waiting else None


async def _finish(actor: Actor, run_id: UUID, now: datetime) -> ValueRun:
    try:
        await _Work(actor, await ValueRun.get(id=run_id), now).do()
    except Cancelled:
        await _end(run_id, RunStatus.CANCELLED, None, now)
    except Exception as problem:
        await _end(run_id, RunStatus.FAILED, failure(problem), now)
        raise
    return await ValueRun.get(id=run_id)


async def _end(run_id: UUID, status: RunStatus, why: Notice | None, now: datetime) -> None:
    async with transaction():
        await partition.drop(run_id)
        run = await ValueRun.get(id=run_id)
        run.update_from_dict(
            {"status": status, "error": why.message if why else None, "finished_at": now, "step": None}
        )
        if why:
            run.diagnostics = {**run.diagnostics, "failure": why.to_json()}
        await run.save(update_fields=["status", "error", "finished_at", "step", "diagnostics", "updated_at"])


@asynccontextmanager
async def alone() -> AsyncIterator[None]:
    """Only one run works at a time, whichever process it is in. Raises Blocked."""
    if in_transaction():
        await _take(await fetch_value("SELECT pg_try_advisory_xact_lock($1)", LOCK))
        yield
        return
    async with connection() as driver:
        await _take(await driver.fetchval("SELECT pg_try_advisory_lock($1)", LOCK))
        try:
            yield
        finally:
            await driver.execute("SELECT pg_advisory_unlock($1)", LOCK)


async def _take(got: bool) -> None:
    if not got:
        raise Blocked("Another value run is working; wait until it ends, or cancel it.")


@dataclass
class _Work:
    actor: Actor
    run: ValueRun
    now: datetime
    seconds: dict[str, float] = field(default_factory=dict)

    async def do(self) -> None:
        assumed = Assumptions.from_json(self.run.assumptions)
        house = await organization.current()
        moment = Moment(self.run.as_of, house.time_zone, house.base_currency)
        await self.step("READ")
        book, referrer, seen = await self.read(moment, assumed)
        await self.step("FIT", customers=len(book), seen=seen)
        found, findings, worth, portfolio, ahead = await asyncio.to_thread(_computed, book, assumed)
        await self.step("WRITE", portfolio=portfolio, **self.told(found, findings, book, assumed))
        await self.write(_parts(worth, assumed, findings, referrer), ahead)
        await self.step("PUBLISH")
        await publish(self.actor, self.run, now=self.now)

    async def read(self, moment: Moment, assumed: Assumptions) -> tuple[Book, Any, str]:
        """Everything the run looks at, of one moment of the database."""
        prior = await fetch(_PRIOR, self.run.as_of, self.run.id)
        async with transaction(isolation="repeatable_read", read_only=True):
            await execute("SET LOCAL statement_timeout = 0")
            seen = await fetch_value("SELECT pg_current_snapshot()::text")
            early_end = await holdout_start(moment, assumed)
            prior_run = prior[0]["id"] if prior else None
            return *await gather(moment, assumed, early_end=early_end, prior_run=prior_run), seen

    async def write(self, parts: Iterator[snapshots.Part], ahead: Outlook | None) -> None:
        async with transaction():
            await execute("SET LOCAL statement_timeout = 0")
            await execute("SET LOCAL maintenance_work_mem = '256MB'")
            table = await partition.create(self.run.id)
            await snapshots.write(self.run.id, parts, as_of=self.run.as_of, now=self.now, table=table)
            await partition.seal(self.run.id)
            if ahead is not None:
                await outlooks.write(self.run.id, ahead)

    async def step(self, name: str, **values: Any) -> None:
        """Show how far the run is, and stop if somebody asked for it."""
        self.seconds[name] = perf_counter()
        self.run.update_from_dict({"step": name, "progress": STEPS[name], **values})
        await self.run.save(update_fields=["step", "progress", "updated_at", *values])
        if await fetch_value("SELECT cancel_requested FROM value_run WHERE id = $1", self.run.id):
            raise Cancelled("The run was called off.")

    def told(self, found: Fitted, findings: Findings, book: Book, assumed: Assumptions) -> dict[str, Any]:
        """What the run says of itself."""
        notices = list(found.warnings)
        basis, uncosted = _margin(book, assumed)
        if uncosted:
            notices.append(notice("COSTS_UNKNOWN", share=uncosted, margin_rate=float(assumed.margin_rate)))
        return {
            "model": found.model,
            "margin_basis": basis,
            "parameters": findings.to_json(),
            "diagnostics": {**found.diagnostics, "notices": [each.to_json() for each in notices]},
            "warnings": [each.message for each in notices],
        }


_PRIOR = """
SELECT id FROM value_run
WHERE status IN ('PUBLISHED', 'RETIRED') AND as_of <= $1 AND id <> $2 ORDER BY as_of DESC, id DESC LIMIT 1
"""


def _margin(book: Book, assumed: Assumptions) -> tuple[str, float]:
    """Where margins come from, and the share of revenue whose cost had to be assumed."""
    revenue, uncosted = float(book.rows["revenue"].sum()), float(book.rows["uncosted"].sum())
    if assumed.margin_basis == "RATE" or revenue <= 0 or uncosted <= 0:
        return assumed.margin_basis, 0.0
    return ("RATE" if uncosted >= revenue else "MIXED"), uncosted / revenue


def _computed(book: Book, assumed: Assumptions) -> tuple[Fitted, Findings, Worth, dict[str, Any], Outlook | None]:
    # Threads of the algebra library wait for one another more than they work where the processors are shared.
    with threadpool_limits(1, user_api="blas"):
        found = fit(book, assumed)
        book.forget()
        give_back()
        findings, worth = find(book, assumed, found)
        summary = summarise(worth, findings)
        if found.fit is not None:
            summary["equityLow"], summary["equityHigh"] = equity_interval(worth, assumed, findings, found.fit)
        ahead = None if worth.forecast is None else outlook(alike(worth, findings), assumed, findings)
        give_back()
        return found, findings, worth, summary, ahead


def _parts(worth: Worth, assumed: Assumptions, findings: Findings, referrer: Ints) -> Iterator[snapshots.Part]:
    network_value = network.credit(referrer, worth.total, assumed)
    for here, some in slices(worth, AT_ONCE):
        yield some.book, figures(some, assumed, findings, network_value[here])
