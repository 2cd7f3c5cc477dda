"""Trying rules while they are typed takes no more connections than other pages can spare."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from admin.rules import pages
from crm.errors import ValidationFailed
from tests.admin.desk import Desk


class Tried:
    """Stands where rules are tried: counts how many are on their way, until they may end."""

    def __init__(self) -> None:
        self.going = self.most = self.begun = 0
        self.gate = asyncio.Event()

    async def __call__(self, *_asked: Any, **_options: Any) -> Any:
        self.begun += 1
        self.going += 1
        self.most = max(self.most, self.going)
        try:
            await self.gate.wait()
        finally:
            self.going -= 1
        raise ValidationFailed("Enough.")

    async def until(self, going: int) -> None:
        async with asyncio.timeout(60):
            while self.going != going:  # noqa: ASYNC110 - what is waited for is a number, not an event
                await asyncio.sleep(0.01)


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> Tried:
    found = Tried()
    monkeypatch.setattr(pages, "preview", found)
    return found


def asked(sara: Desk) -> asyncio.Task[httpx.Response]:
    headers = {"X-CSRFToken": sara.client.cookies.get("starlette_admin_csrftoken", "")}
    return asyncio.create_task(sara.client.post("/admin/rules/preview", json={"text": "x"}, headers=headers))


async def test_so_many_rules_are_tried_at_once_and_the_others_wait(sara: Desk, tried: Tried) -> None:
    answers = [asked(sara) for _one in range(pages.AT_ONCE + 3)]
    await tried.until(pages.AT_ONCE)
    tried.gate.set()
    assert {answer.status_code for answer in await asyncio.gather(*answers)} == {422}
    assert (tried.most, tried.begun) == (pages.AT_ONCE, pages.AT_ONCE + 3)


async def test_what_nobody_waits_for_ends_and_makes_room(sara: Desk, tried: Tried) -> None:
    left = [asked(sara) for _one in range(pages.AT_ONCE)]
    await tried.until(pages.AT_ONCE)
    for answer in left:
        answer.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await tried.until(0)
    last = asked(sara)
    await tried.until(1)
    tried.gate.set()
    assert (await last).status_code == 422
