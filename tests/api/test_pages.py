"""The pages that people open: they work, and nothing in them comes from another host."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from graphql import build_schema, parse, validate
from playwright.async_api import Page, async_playwright

import schema
from api.app import create_app
from api.pages import HERE, ready_queries
from crm.settings import Settings
from tests import factories
from tests.api.conftest import Serve, hired, reaching, signed_in

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


async def test_who_opens_the_api_in_a_browser_comes_to_the_playground(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/graphql", headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (303, "/graphiql")


@pytest.mark.parametrize("path", ["/", "/graphiql"])
async def test_pages_load_nothing_from_elsewhere(anonymous: httpx.AsyncClient, path: str) -> None:
    answer = await anonymous.get(path, headers=BROWSER)
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "//" not in answer.text.replace("//www.w3.org", "")


async def test_the_playground_can_be_left_out(db: str) -> None:
    async with reaching(create_app(Settings(secret_key="x" * 32, graphiql=False))) as client:
        assert (await client.get("/graphiql")).status_code == 404
        assert (await client.get("/", headers=BROWSER)).headers["location"] == "/admin"
        assert (await client.get("/graphql", headers=BROWSER)).status_code == 401


async def test_the_playground_knows_who_is_signed_in_to_the_panel(anonymous: httpx.AsyncClient) -> None:
    await hired()
    cookie = {"Cookie": f"arzesh_session={(await signed_in()).secret}"}
    assert 'data-session="no"' in (await anonymous.get("/graphiql")).text
    assert 'data-session="yes"' in (await anonymous.get("/graphiql", headers=cookie)).text


async def test_the_schema_can_be_had_as_a_file_and_revalidated(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/schema.graphql")
    assert "type Customer " in answer.text
    build_schema(answer.text)
    again = await anonymous.get("/schema.graphql", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "ready", ready_queries(), ids=lambda each: re.findall(r"^(?:query|subscription) (\w+)", each["query"], re.M)[0]
)
def test_ready_queries_are_valid(ready: dict[str, str]) -> None:
    assert validate(schema.schema._schema, parse(ready["query"])) == []
    json.loads(ready.get("variables", "{}"))


def test_what_ships_is_small_and_has_its_licences() -> None:
    shipped = [file for file in (HERE / "static").iterdir() if file.is_file()]
    assert sum(file.stat().st_size for file in shipped) < 5_000_000
    assert {"== graphiql 3", "== react 18", "== graphql 16"} <= {
        line[:11] if line.startswith("== react ") else line[:13]
        for line in (HERE / "static" / "LICENSES.txt").read_text().splitlines()
    }


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """A page of Debian's Chromium."""
    found = shutil.which("chromium")
    if not found:
        remedy = "Chromium is missing; on Debian run once as root: apt-get install chromium"
        pytest.fail(remedy) if os.environ.get("CI") == "true" else pytest.skip(remedy)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield await browser.new_page()
        await browser.close()


@pytest.mark.browser
async def test_the_playground_runs_its_first_query_without_any_other_host(serve: Serve, page: Page) -> None:
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    async with serve() as client:
        here, token = str(client.base_url), client.headers["Authorization"].removeprefix("Bearer ")
        await page.goto(f"{here}/graphiql#token={token}")
        await page.get_by_role("tab", name="BestCustomers").wait_for()
        await page.locator(".graphiql-execute-button").click()
        await page.locator(".result-window", has_text='"nodes": []').wait_for(timeout=10_000)
    assert said == []
    assert [url for url in asked if not url.startswith((here, "data:"))] == []
    assert token not in page.url


@pytest.mark.browser
async def test_the_playground_listens_to_a_subscription_until_stopped(serve: Serve, page: Page) -> None:
    document = quote("subscription { customerChanged { displayName } }")
    async with serve() as client:
        token = client.headers["Authorization"].removeprefix("Bearer ")
        await page.goto(f"{client.base_url}/graphiql?query={document}#token={token}")
        await page.locator(".graphiql-query-editor", has_text="customerChanged").wait_for()
        await page.locator(".graphiql-execute-button").click()
        await client.listened_to(1)
        await factories.customer("Alice")
        await page.locator(".result-window", has_text='"displayName": "Alice"').wait_for()
        await factories.customer("Bob")
        await page.locator(".result-window", has_text='"displayName": "Bob"').wait_for()
        await page.locator(".graphiql-execute-button").click()
        await client.listened_to(0)


def test_the_playground_is_built_from_pinned_packages() -> None:
    package = json.loads((HERE / "source" / "package.json").read_text())
    assert all(version[0].isdigit() for version in {**package["dependencies"], **package["devDependencies"]}.values())
    assert "resolved" not in Path(HERE / "source" / "package-lock.json").read_text()
