"""Figures that take long are worked out once, kept, and told with their age; nobody waits for them."""

from __future__ import annotations

import asyncio

import pytest

from admin.value import kept
from admin.value.kept import Kept, NotYet


class Work:
    """Something that takes until it is let go."""

    def __init__(self) -> None:
        self.gate, self.times = asyncio.Event(), 0

    async def __call__(self) -> int:
        self.times += 1
        await self.gate.wait()
        return self.times


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch, patient: None) -> None:
    monkeypatch.setattr(kept, "PATIENCE", 0.01)


async def test_who_asks_too_early_is_told_so_and_finds_it_later() -> None:
    work, figures = Work(), Kept()
    with pytest.raises(NotYet):
        await figures.soon("a", work)
    work.gate.set()
    await figures.held["a"].task
    assert (await figures.soon("a", work)).found == 1


async def test_all_who_ask_at_once_wait_for_one() -> None:
    work, figures = Work(), Kept()
    work.gate.set()
    found = await asyncio.gather(*(figures.soon("a", work) for _reader in range(5)))
    assert ([one.found for one in found], work.times) == ([1] * 5, 1)


async def test_old_figures_are_shown_while_newer_ones_are_worked_out() -> None:
    work, figures = Work(), Kept(life=-1)
    work.gate.set()
    first = await figures.soon("a", work)
    work.gate.clear()
    again = await figures.soon("a", work)
    assert (again.found, again.worked_at, again.renewing) == (1, first.worked_at, True)
    work.gate.set()
    await figures.held["a"].task
    assert work.times == 2


async def test_a_failure_is_told_and_not_kept() -> None:
    async def fail() -> int:
        raise ValueError("once")

    figures = Kept()
    with pytest.raises(ValueError, match="once"):
        await figures.soon("a", fail)
    work = Work()
    work.gate.set()
    assert (await figures.soon("a", work)).found == 1


async def test_the_least_used_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 2)
    work, figures = Work(), Kept()
    work.gate.set()
    for key in ("a", "b", "a", "c"):
        await figures.soon(key, work)
    assert list(figures.held) == ["a", "c"]
