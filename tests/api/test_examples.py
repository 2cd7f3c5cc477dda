"""The examples work against a served API: a partner's script, and a front end whose types follow the schema."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

import schema
from crm.access import Scope
from examples.partner import READ, UPDATE, Arzesh, Refused, main
from models import Customer, Order
from tests.api.conftest import Serve, minted
from tests.documents import ROOT

FRONT_END = ROOT / "examples" / "front-end"
SHOP = ROOT / "examples" / "shop.json"
SCOPES = (Scope.CUSTOMER_READ, Scope.CUSTOMER_WRITE, Scope.ORDER_READ, Scope.ORDER_WRITE)
SARA = {"number": "S-1", "given": "Sara", "family": "Ahmadi", "email": "sara@shop.example.com"}


@asynccontextmanager
async def partner(serve: Serve, *scopes: Scope, kind: type[Arzesh] = Arzesh, **settings: Any) -> AsyncIterator[Arzesh]:
    """A partner of a served API, with a token of its own."""
    async with serve(schema.execute, **settings) as client:
        secret = (await minted(*(scopes or SCOPES))).secret
        with httpx.Client(base_url=client.base_url, headers={"Authorization": f"Bearer {secret}"}) as http:
            yield kind(http)


async def test_a_partner_may_bring_the_same_shop_twice(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve(schema.execute) as client:
        monkeypatch.setenv("ARZESH_URL", str(client.base_url))
        monkeypatch.setenv("ARZESH_TOKEN", (await minted(*SCOPES)).secret or "")
        for _ in range(2):
            await asyncio.to_thread(main, SHOP)
        assert (await Customer.all().count(), await Order.all().count()) == (2, 2)


async def test_a_throttled_partner_waits_as_long_as_it_is_told(serve: Serve) -> None:
    slept: list[float] = []
    async with partner(serve, cost_bucket=15, cost_refill=8, clock=lambda: sum(slept)) as arzesh:
        arzesh.sleep = slept.append
        for _ in range(5):
            await asyncio.to_thread(arzesh.customer, SARA)
        assert slept
        assert max(slept) <= 15 / 8


class Disturbed(Arzesh):
    """Somebody else changes the record right after this partner has read it, once."""

    def ask(self, document: str, variables: dict[str, Any], *, key: str | None = None) -> dict[str, Any]:
        found = super().ask(document, variables, key=key)
        if document == READ and found["customer"]["version"] == 1:
            super().ask(UPDATE, {"input": {"id": variables["id"], "expectedVersion": 1, "city": "Qom"}})
        return found


async def test_a_partner_whose_version_moved_on_looks_again(serve: Serve) -> None:
    async with partner(serve, kind=Disturbed) as arzesh:
        customer = await asyncio.to_thread(arzesh.customer, SARA)
        await asyncio.to_thread(arzesh.move_house, customer, "Yazd")
        assert [(each.city, each.version) for each in await Customer.all()] == [("Yazd", 3)]


async def test_what_is_refused_for_good_is_not_repeated(serve: Serve) -> None:
    async with partner(serve, Scope.CUSTOMER_READ) as arzesh:
        with pytest.raises(Refused, match="customer:write"):
            await asyncio.to_thread(arzesh.customer, SARA)
        assert not await Customer.exists()


def installed() -> bool:
    """Whether the front end's packages are there, fetched once; where CI=true they have to be."""
    if shutil.which("npm") and not (FRONT_END / "node_modules" / "typescript").is_dir():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=FRONT_END, capture_output=True, check=False)
    return (FRONT_END / "node_modules" / "typescript").is_dir() or os.environ.get("CI") == "true"


@pytest.mark.slow
def test_the_front_end_fits_the_schema() -> None:
    if not installed():
        pytest.skip("run once: npm ci --prefix examples/front-end")
    done = subprocess.run(
        ["npm", "run", "--silent", "check"], cwd=FRONT_END, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
