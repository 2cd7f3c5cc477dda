"""API tokens at the panel: shown once, ended at once."""

from __future__ import annotations

import re

import pytest

from models import ApiToken
from tests.admin.desk import PASSWORD, Desk

SECRET = re.compile(r"arz_\w{36}")


async def make(sara: Desk) -> str:
    given = {"name": "Shop", "days": "30", "scopes": ["customer:read"], "confirmation": PASSWORD}
    page = await sara.post("/tokens/new", given)
    assert page.status_code == 200, page.text
    return SECRET.findall(page.text)[0]


async def test_a_secret_is_shown_by_the_page_that_made_it_and_by_no_other(sara: Desk) -> None:
    secret = await make(sara)
    token = await ApiToken.get()
    for path in ("/api_token/list", f"/api_token/detail?pk={token.id}", "/audit_entry/list", "/event/list"):
        assert secret not in (await sara.client.get(f"/admin{path}")).text
    assert "Shop" in (await sara.get("/api_token/list")).text


async def test_a_token_without_scopes_is_refused_and_the_name_stays(sara: Desk) -> None:
    page = await sara.post("/tokens/new", {"name": "Shop", "confirmation": PASSWORD})
    assert (page.status_code, 'value="Shop"' in page.text) == (422, True)
    assert not await ApiToken.exists()


async def test_a_revoked_token_stays_in_the_list_as_such(sara: Desk) -> None:
    await make(sara)
    token = await ApiToken.get()
    await sara.post("/_api/api_token/row-action", pk=str(token.id), name="revoke")
    assert (await ApiToken.get(id=token.id)).revoked_at is not None


async def test_a_replaced_token_shows_its_new_secret_once(sara: Desk) -> None:
    old = await make(sara)
    token = await ApiToken.get()
    page = await sara.post(f"/tokens/{token.id}/rotate", {"confirmation": PASSWORD})
    assert SECRET.findall(page.text)[0] != old


@pytest.mark.parametrize("said", ["", "wrong"])
async def test_without_the_password_no_secret_is_made(sara: Desk, said: str) -> None:
    page = await sara.post("/tokens/new", {"name": "Shop", "scopes": ["customer:read"], "confirmation": said})
    assert (page.status_code, "The password is wrong." in page.text, SECRET.search(page.text)) == (422, True, None)
    assert not await ApiToken.exists()


async def test_a_secret_is_replaced_only_with_the_password(sara: Desk) -> None:
    await make(sara)
    token = await ApiToken.get()
    page = await sara.post(f"/tokens/{token.id}/rotate", {"confirmation": "wrong"})
    assert (page.status_code, SECRET.search(page.text)) == (422, None)
    assert (await ApiToken.get()).token_hash == token.token_hash
