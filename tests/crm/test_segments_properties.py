"""After any history, the members that followed the events are those that a full pass finds, at any time."""

from __future__ import annotations

import asyncio
import contextvars
import os
import time
from collections.abc import Coroutine
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from crm.database import execute, fetch
from crm.segments import refresh
from models import Segment, SegmentKind
from tests.crm.segments_story import STEPS, Story, agree, begin, replays
from tests.crm.segments_world import Following
from tests.factories import OWNER

DEEP = settings.default.max_examples > 100
EXAMPLES, STEPS_EACH = (12, 50) if DEEP else (4, 25)
MINUTES = float(os.environ.get("FUZZ_MINUTES", "15")) if DEEP else 0.0
"""How long `make fuzz` goes on with new histories; a few of them, and the making small of one that fails, on top."""

TABLES = """
SELECT string_agg(quote_ident(tablename), ', ') AS named FROM pg_tables
WHERE schemaname = current_schema() AND tablename <> 'tortoise_migrations'
"""


class Segments(RuleBasedStateMachine):
    """Whatever happens in whatever order: when the follower has read on, members, size and history are right."""

    loop: asyncio.AbstractEventLoop
    context: contextvars.Context
    histories = 0
    steps = 0

    def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do it on the test's loop, connected as the test is: hypothesis runs its examples in contexts of its own."""

        async def connected() -> Any:
            return await asyncio.get_running_loop().create_task(work, context=self.context.copy())

        return asyncio.run_coroutine_threadsafe(connected(), self.loop).result(600)

    @initialize()
    def start(self) -> None:
        self.story, self.following, self.seen = Story(0), Following(), dict[datetime, dict[str, set[Any]]]()
        self.wait(self.emptied())

    async def emptied(self) -> None:
        named = (await fetch(TABLES))[0]["named"]
        await execute(f"TRUNCATE {named}")
        await self.following.catch_up()
        await begin(self.story)

    @rule(step=st.sampled_from(STEPS), dice=st.randoms(use_true_random=False))
    def happen(self, step: Any, dice: Random) -> None:
        Segments.steps += 1
        self.story.dice = dice
        self.wait(self.story.happen(step))

    @rule()
    def look(self) -> None:
        self.wait(self.looked())

    async def looked(self) -> None:
        self.story.now += timedelta(seconds=1)
        for _ in range(3):
            await self.following.catch_up(self.story.now)
        self.seen[self.story.now] = await agree(self.story)

    def teardown(self) -> None:
        if hasattr(self, "story"):
            self.look()
            self.wait(replays(self.seen))
            self.wait(self.proved())
            Segments.histories += 1

    async def proved(self) -> None:
        """The nightly pass finds nothing to repair."""
        for each in await Segment.filter(kind=SegmentKind.DYNAMIC):
            moved = await refresh.ask(OWNER, each.id, now=self.story.now)
            assert moved is not None
            assert (moved.entered, moved.exited) == (0, 0), (each.key, self.story.said)


@pytest.mark.hypothesis
@pytest.mark.timeout(7_200 if DEEP else 300)
async def test_members_are_right_after_any_history(fresh_db: str, capsys: pytest.CaptureFixture[str]) -> None:
    Segments.loop, Segments.context = asyncio.get_running_loop(), contextvars.copy_context()
    chosen = settings(max_examples=EXAMPLES, stateful_step_count=STEPS_EACH, deadline=None)
    begun, around = time.monotonic(), 0
    while not around or time.monotonic() - begun < MINUTES * 60:
        await asyncio.to_thread(run_state_machine_as_test, Segments, settings=chosen)
        around += 1
    assert Segments.histories >= around
    if DEEP:
        took = (time.monotonic() - begun) / 60
        with capsys.disabled():
            print(f"\n{Segments.histories} histories of {Segments.steps:,} steps, {took:.1f} minutes: all right")


@pytest.mark.parametrize("seed", range(2))
async def test_members_that_followed_are_those_of_a_full_pass_and_of_a_plain_evaluation(
    fresh_db: str, seed: int
) -> None:
    story, following = Story(seed), Following()
    await following.catch_up()
    await begin(story)
    seen: dict[datetime, dict[str, set[Any]]] = {}
    for _ in range(12):
        for _ in range(story.dice.randrange(1, 5)):
            await story.happen()
        story.now += timedelta(seconds=1)
        for _ in range(3):
            await following.catch_up(story.now)
        seen[story.now] = await agree(story)
    await replays(seen)


async def test_a_full_pass_after_following_finds_nothing_to_do(fresh_db: str) -> None:
    story, following = Story(99), Following()
    await following.catch_up()
    await begin(story)
    for _ in range(40):
        await story.happen()
        await following.catch_up(story.now)
    for _ in range(3):
        await following.catch_up(story.now)
    for each in await Segment.filter(kind=SegmentKind.DYNAMIC):
        moved = await refresh.ask(OWNER, each.id, now=story.now)
        assert moved is not None
        assert (moved.entered, moved.exited) == (0, 0), each.key
