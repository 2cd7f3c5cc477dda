"""Signing in: what lets in, what keeps out, where it leads."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette

from models import Product, StaffSession
from tests.admin.desk import ORIGIN, PASSWORD, Desk, browser, hire, sign_in


async def test_a_stranger_is_sent_to_sign_in_and_then_to_the_page_asked_for(panel: Starlette, db: str) -> None:
    address = await hire()
    async with browser(panel) as client:
        away = await client.get("/admin/product/list?q=tea")
        assert away.headers["location"].startswith(f"{ORIGIN}/admin/login?next=")
        back = await sign_in(client, address, next=f"{ORIGIN}/admin/product/list?q=tea")
        assert back.headers["location"] == f"{ORIGIN}/admin/product/list?q=tea"


@pytest.mark.parametrize("target", ["https://evil.test/", "//evil.test/", "javascript:alert(1)"])
async def test_signing_in_leads_to_no_other_site(panel: Starlette, db: str, target: str) -> None:
    address = await hire()
    async with browser(panel) as client:
        back = await sign_in(client, address, next=target)
    assert back.headers["location"].startswith(f"{ORIGIN}/admin/")


async def test_a_wrong_password_keeps_out_and_the_address_stays_in_the_form(panel: Starlette, db: str) -> None:
    address = await hire()
    async with browser(panel) as client:
        answer = await sign_in(client, address, "guessed wrongly")
        assert (answer.status_code, f'value="{address}"' in answer.text) == (400, True)
        assert (await client.get("/admin/")).status_code == 303
    assert await StaffSession.all().count() == 0


async def test_guessing_is_slowed_down_and_says_for_how_long(panel: Starlette, db: str) -> None:
    address = await hire()
    async with browser(panel) as client:
        for _ in range(6):
            await sign_in(client, address, "guess")
        answer = await sign_in(client, address, PASSWORD)
    assert "Too many attempts; try again in" in answer.text


async def test_signing_out_ends_the_session_on_the_server(sara: Desk) -> None:
    cookie = dict(sara.client.cookies)
    await sara.post("/logout")
    sara.client.cookies.update(cookie)
    assert (await sara.get("/")).status_code == 303


async def test_the_cookie_cannot_be_read_by_scripts_nor_sent_by_other_sites(panel: Starlette, db: str) -> None:
    address = await hire()
    async with browser(panel) as client:
        answer = await sign_in(client, address)
    session = next(line for line in answer.headers.get_list("set-cookie") if line.startswith("arzesh_session"))
    assert "HttpOnly" in session
    assert "SameSite=lax" in session


async def test_a_form_from_elsewhere_changes_nothing(sara: Desk) -> None:
    answer = await sara.client.post("/admin/product/create", data={"sku": "T", "name": "Tea"})
    assert answer.status_code == 403
    assert not await Product.exists()


async def test_pages_are_kept_out_of_caches_and_frames(sara: Desk) -> None:
    headers = (await sara.get("/customer/list")).headers
    assert headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
