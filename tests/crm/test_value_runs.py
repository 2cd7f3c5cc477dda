"""A run takes the place of the one before in one step, and a bad one never takes the last good one away."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from crm.access import Scope
from crm.database import execute
from crm.errors import Blocked, Forbidden, ValidationFailed
from crm.value import runs
from crm.value.runs import full, settings
from models import (
    Event,
    RunStatus,
    ValueRun,
    ValueSnapshot,
)
from tests import factories
from tests.crm.value_world import bought, newcomers, rhythm, snapshot
from tests.factories import NOW, OWNER


async def test_a_run_that_fails_leaves_the_last_good_one_published(fresh_db: str, monkeypatch: Any) -> None:
    [key] = await newcomers(1)
    good = await runs.recompute(OWNER, now=NOW)

    def burst(*_: Any) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(full, "_parts", burst)
    with pytest.raises(MemoryError):
        await runs.recompute(OWNER, now=NOW)
    failed = await ValueRun.filter(status=RunStatus.FAILED).get()
    assert "no room" in str(failed.error)
    assert (await snapshot(key)).run_id == good.id
    assert await ValueSnapshot.filter(run_id=failed.id).count() == 0


async def test_readers_see_the_old_run_or_the_new_and_old_ones_are_pruned(db: str) -> None:
    [key] = await newcomers(1)
    await settings.change(OWNER, keep_runs=2)
    made = [await runs.recompute(OWNER, now=NOW + timedelta(days=day)) for day in range(4)]
    kept = await ValueRun.all().order_by("as_of")
    assert [(run.id, run.status.value) for run in kept] == [(made[2].id, "RETIRED"), (made[3].id, "PUBLISHED")]
    assert [row.run_id for row in await ValueSnapshot.filter(customer_id=key).order_by("as_of")] == [r.id for r in kept]
    assert await Event.filter(type="value.published").count() == 4


async def test_a_run_of_the_past_does_not_see_what_came_later_nor_become_current(db: str) -> None:
    alice = await factories.customer()
    await factories.order(alice, "10", days_ago=400)
    await factories.order(alice, "90", days_ago=3)
    now = await runs.recompute(OWNER, now=NOW)
    past = await runs.recompute(OWNER, as_of=NOW - timedelta(days=100), now=NOW)
    assert (past.status, past.is_current, (await ValueRun.get(id=now.id)).is_current) == (
        RunStatus.PUBLISHED,
        False,
        True,
    )
    found = await ValueSnapshot.get(run_id=past.id, customer_id=alice.id)
    assert (found.revenue, found.recency_days) == (10, 300)


async def test_a_group_that_changes_remembers_the_one_before(db: str) -> None:
    keys = await newcomers(60)
    await bought(rhythm(keys))
    await runs.recompute(OWNER, as_of=NOW - timedelta(days=300), now=NOW)
    run = await runs.recompute(OWNER, now=NOW)
    moved = await ValueSnapshot.filter(run_id=run.id, rfm_changed_at__isnull=False)
    assert moved
    for found in moved:
        assert found.previous_rfm_group != found.rfm_group
        assert found.rfm_changed_at == NOW


async def test_value_needs_its_scope_and_a_past_moment(db: str) -> None:
    with pytest.raises(Forbidden):
        await runs.recompute(factories.everything_but(Scope.VALUE_RECOMPUTE), now=NOW)
    for wrong in (NOW + timedelta(days=1), datetime(2026, 1, 1)):  # noqa: DTZ001
        with pytest.raises(ValidationFailed) as refused:
            await runs.recompute(OWNER, as_of=wrong, now=NOW)
        assert refused.value.path == ("asOf",)
    assert await ValueRun.all().count() == 0


async def test_one_run_works_at_a_time_and_an_interrupted_one_is_taken_up(fresh_db: str) -> None:
    waiting = await runs.begin(OWNER, now=NOW)
    async with full.alone():
        with pytest.raises(Blocked):
            await runs.carry_out(OWNER, waiting.id, now=NOW)
    await execute(f"CREATE TABLE value_snapshot_{waiting.id.hex} (half int)")
    done = await runs.resume(OWNER, now=NOW)
    assert done is not None
    assert (done.id, done.status, done.is_current) == (waiting.id, RunStatus.PUBLISHED, True)
    assert await runs.resume(OWNER, now=NOW) is None


async def test_a_run_is_called_off_at_its_next_step(db: str) -> None:
    run = await runs.begin(OWNER, now=NOW)
    await runs.cancel(OWNER, run.id)
    done = await runs.carry_out(OWNER, run.id, now=NOW)
    assert done.status is RunStatus.CANCELLED
    with pytest.raises(Blocked):
        await runs.cancel(OWNER, run.id)
