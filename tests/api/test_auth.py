"""Who may come in: API tokens and session cookies, and nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.applications import Starlette

from crm import sessions, tokens
from models import ApiToken
from tests.api.conftest import OWNER, ask, code, hired, minted, reaching, signed_in
from tests.queries import counting

NOW = datetime.now(UTC)


async def test_a_token_opens_the_api(client: httpx.AsyncClient) -> None:
    answer = await ask(client, "{ me { kind label scopes } }")
    assert answer.status_code == 200
    assert answer.json()["data"]["me"] == {"kind": "TOKEN", "label": "Shop", "scopes": ["customer:read"]}


async def test_without_a_credential_the_answer_is_a_clear_401(anonymous: httpx.AsyncClient) -> None:
    answer = await ask(anonymous)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="Arzesh"'
    assert code(answer) == "UNAUTHENTICATED"
    assert "Authorization: Bearer" in answer.json()["errors"][0]["message"]
    assert "data" not in answer.json()


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("Bearer arz_tooshort", "not a complete one"),
        ("Bearer " + tokens.mint(), "not known"),
        ("Basic c2FyYTpwYXNz", "not understood"),
        ("Bearer", "not understood"),
        ("Bearer \xff\xfe", "not a complete one"),
    ],
)
async def test_a_wrong_credential_says_what_is_wrong(anonymous: httpx.AsyncClient, header: str, said: str) -> None:
    answer = await anonymous.post("/graphql", json={}, headers={"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401
    assert said in answer.json()["errors"][0]["message"]
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_an_ended_token_is_refused(anonymous: httpx.AsyncClient) -> None:
    made = await minted()
    await ApiToken.filter(id=made.token.id).update(expires_at=NOW - timedelta(minutes=1))
    answer = await ask(anonymous, Authorization=f"Bearer {made.secret}")
    assert (answer.status_code, "expired" in answer.text) == (401, True)


async def test_revocation_works_on_the_next_request(client: httpx.AsyncClient) -> None:
    assert (await ask(client)).status_code == 200
    token = await ApiToken.get(name="Shop")
    await tokens.revoke(OWNER, token.id, now=NOW)
    assert (await ask(client)).status_code == 401


async def test_a_token_in_use_costs_no_statement(client: httpx.AsyncClient) -> None:
    await ask(client)
    async with counting() as statements:
        await ask(client)
    assert [each for each in statements if "api_token" in each] == []


async def test_a_session_cookie_opens_the_api_for_our_own_pages(app: Starlette, db: str) -> None:
    await hired()
    cookie = f"other=1; arzesh_session={(await signed_in()).secret}"
    async with reaching(app, Cookie=cookie) as browser:
        for own in ({"Sec-Fetch-Site": "same-origin"}, {"X-Arzesh-Request": "1"}):
            answer = await browser.post("/graphql", json={"query": "{ me { kind label } }"}, headers=own)
            assert answer.json()["data"]["me"] == {"kind": "STAFF", "label": "Sara"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site", "X-Arzesh-Request": "1"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {},
    ],
)
async def test_a_session_cookie_sent_by_another_sites_page_is_refused(
    app: Starlette, db: str, headers: dict[str, str]
) -> None:
    await hired()
    async with reaching(app, Cookie=f"arzesh_session={(await signed_in()).secret}") as browser:
        for answer in (
            await browser.post("/graphql", json={"query": "{ me { label } }"}, headers=headers),
            await browser.get("/graphql", params={"query": "{ me { label } }"}, headers=headers),
        ):
            assert (answer.status_code, code(answer)) == (403, "FORBIDDEN")


async def test_a_form_of_another_site_cannot_post_with_the_cookie(app: Starlette, db: str) -> None:
    await hired()
    async with reaching(app, Cookie=f"arzesh_session={(await signed_in()).secret}") as browser:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            answer = await browser.post(
                "/graphql",
                content='{"query":"{ me { label } }"}',
                headers={"Content-Type": kind, "Sec-Fetch-Site": "same-origin"},
            )
            assert answer.status_code == 415


async def test_signing_out_works_on_the_next_request(app: Starlette, db: str) -> None:
    await hired()
    opened = await signed_in()
    async with reaching(app, Cookie=f"arzesh_session={opened.secret}", Sec_Fetch_Site="", X_Arzesh="1") as browser:
        browser.headers["Sec-Fetch-Site"] = "same-origin"
        assert (await ask(browser)).status_code == 200
        await sessions.sign_out(opened.secret, now=NOW)
        assert (await ask(browser)).status_code == 401


async def test_a_token_in_the_address_is_no_credential(anonymous: httpx.AsyncClient, token: str) -> None:
    answer = await anonymous.get("/graphql", params={"query": "{ me { label } }", "access_token": token})
    assert answer.status_code == 401


async def test_the_last_use_is_noted_with_the_address(client: httpx.AsyncClient) -> None:
    await ask(client)
    token = await ApiToken.get(name="Shop")
    assert token.last_used_address == "10.0.0.7"
    assert token.last_used_at is not None
