"""Value follows a merge: the survivor is worth what both were, and nobody is counted twice."""

from __future__ import annotations

from datetime import timedelta

from crm.merging import Absorbed, merge
from crm.value import runs
from crm.value.runs import refresh
from models import ValueSnapshot
from tests.crm.value_world import bought, newcomers, rhythm
from tests.factories import NOW, OWNER

LATER = NOW + timedelta(hours=1)


async def test_the_survivor_is_worth_what_both_were(db: str) -> None:
    keys = await newcomers(200)
    await bought(rhythm(keys))
    await runs.recompute(OWNER, now=NOW)
    survivor, twin = keys[3], keys[4]
    before = {one.customer_id: one.revenue for one in await ValueSnapshot.filter(customer_id__in=[survivor, twin])}
    await merge(OWNER, survivor, [Absorbed(twin)], now=LATER)
    await refresh.refresh(OWNER, {survivor, twin}, now=LATER)
    after = {one.customer_id: one.revenue for one in await ValueSnapshot.filter(customer_id__in=[survivor, twin])}
    assert after == {survivor: sum(before.values())}


async def test_a_later_run_leaves_the_merged_out(db: str) -> None:
    keys = await newcomers(200)
    await bought(rhythm(keys))
    await merge(OWNER, keys[3], [Absorbed(keys[4])], now=NOW)
    run = await runs.recompute(OWNER, now=LATER)
    assert run.customers == 199
