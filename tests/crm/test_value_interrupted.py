"""A run whose process is killed is taken up by the next one, and meanwhile nothing that was published is lost."""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import timedelta
from uuid import UUID

import pytest

from crm.database import fetch_value
from crm.value import runs
from crm.value.runs import partition
from models import Customer, RunStatus, ValueRun, ValueSnapshot
from tests.crm.value_world import newcomers, snapshot
from tests.factories import NOW, OWNER

# A process that values everybody, and stops for good in the middle of writing.
CHILD = """
import asyncio, sys, time
from dataclasses import replace
from datetime import datetime
from crm.access import system
from crm.database import connected
from crm.settings import Settings
from crm.value import runs
from crm.value.runs import full

def parts(*given):
    print("writing", flush=True)
    time.sleep(600)
    yield

full._parts = parts

async def main():
    async with connected(sys.argv[1], Settings(secret_key="x" * 64)):
        await runs.recompute(system("test"), now=datetime.fromisoformat(sys.argv[2]))

asyncio.run(main())
"""

HELD = """
SELECT count(*) FROM pg_locks
WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


async def killed_while_writing(dsn: str) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, dsn, (NOW + timedelta(days=1)).isoformat(), stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    assert await asyncio.wait_for(child.stdout.readline(), 120) == b"writing\n"
    child.send_signal(signal.SIGKILL)
    await child.wait()


async def test_a_killed_run_is_taken_up_and_the_good_one_stays_until_then(fresh_db: str) -> None:
    [key] = await newcomers(1)
    good = await runs.recompute(OWNER, now=NOW)
    await killed_while_writing(fresh_db)
    broken = await ValueRun.get(status=RunStatus.RUNNING)
    assert (broken.step, (await snapshot(key)).run_id) == ("WRITE", good.id)
    async with asyncio.timeout(60):
        while await fetch_value(HELD):  # noqa: ASYNC110 - until the server has noticed the lost connection
            await asyncio.sleep(0.1)
    done = await runs.resume(OWNER, now=NOW + timedelta(days=2))
    assert done is not None
    assert (done.id, done.status, done.is_current) == (broken.id, RunStatus.PUBLISHED, True)
    assert await ValueSnapshot.filter(run_id=done.id).count() == 1


async def test_a_customer_deleted_while_a_run_works_is_left_out_of_it(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stays, goes = await newcomers(2)
    create = partition.create

    async def after_a_deletion(run_id: UUID) -> str:
        await Customer.filter(id=goes).delete()
        return await create(run_id)

    monkeypatch.setattr(partition, "create", after_a_deletion)
    run = await runs.recompute(OWNER, now=NOW)
    assert run.status is RunStatus.PUBLISHED
    assert await ValueSnapshot.filter(run_id=run.id).values_list("customer_id", flat=True) == [stays]
