"""API tokens at the panel: shown once, ended at once."""

from __future__ import annotations

import re

from models import ApiToken
from tests.admin.desk import Desk

SECRET = re.compile(r"arz_\w{36}")


async def make(sara: Desk) -> str:
    page = await sara.post("/tokens/new", {"name": "Shop", "days": "30", "scopes": ["customer:read"]})
    assert page.status_code == 200, page.text
    return SECRET.findall(page.text)[0]


async def test_a_secret_is_shown_by_the_page_that_made_it_and_by_no_other(sara: Desk) -> None:
    secret = await make(sara)
    token = await ApiToken.get()
    for path in ("/api_token/list", f"/api_token/detail?pk={token.id}", "/audit_entry/list", "/event/list"):
        assert secret not in (await sara.client.get(f"/admin{path}")).text
    assert "Shop" in (await sara.get("/api_token/list")).text


async def test_a_token_without_scopes_is_refused_and_the_name_stays(sara: Desk) -> None:
    page = await sara.post("/tokens/new", {"name": "Shop"})
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
    page = await sara.post(f"/tokens/{token.id}/rotate")
    assert SECRET.findall(page.text)[0] != old
