"""Around every request: an id, strict headers, one log line without secrets, figures."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import httpx
import orjson
import pytest
import structlog
from starlette.applications import Starlette

from api.app import create_app
from crm import logs, tokens
from crm.settings import Settings
from tests.api.conftest import ask, minted, odd, reaching

PATHS = ("/graphql", "/livez", "/readyz", "/startupz", "/schema.graphql", "/graphiql", "/", "/metrics", "/nowhere")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What is logged, as JSON."""
    stream, root = io.StringIO(), logging.getLogger()
    before = (root.handlers[:], root.level)
    logs.configure("debug", "json", stream=stream)
    yield stream
    structlog.reset_defaults()
    root.handlers, root.level = before[0], before[1]


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    logs.drain()
    return [json.loads(line) for line in stream.getvalue().splitlines()]


async def test_a_decent_request_id_is_kept_and_told(client: httpx.AsyncClient) -> None:
    answer = await ask(client, X_Request_Id="checkout-0042")
    assert answer.headers["x-request-id"] == "checkout-0042"


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "a b c d e f g", "<script>alert</script>", "ä" * 10])
async def test_any_other_request_id_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/livez", headers={"X-Request-Id": given.encode()})
    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 36


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_has_the_security_headers(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "unsafe-eval" not in answer.headers["content-security-policy"]
    assert "server" not in answer.headers


async def test_https_is_insisted_on_where_it_is_served(db: str) -> None:
    settings = Settings(secret_key="x" * 32, public_url="https://crm.example.com")
    async with reaching(create_app(settings)) as client:
        assert "max-age" in (await client.get("/livez")).headers["strict-transport-security"]


@pytest.mark.parametrize("path", ["/nowhere", "/graphql/more", "/%00", "/graphiql/static/../../app.py"])
async def test_an_unknown_address_is_a_problem_like_the_others(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_a_request_leaves_one_line_that_says_who_asked_what(
    client: httpx.AsyncClient, written: io.StringIO
) -> None:
    await ask(client, "query Me { me { label } }", operationName="Me", X_Request_Id="checkout-0042")
    (line,) = (each for each in lines(written) if each["event"] == "request")
    assert (line["request_id"], line["operation"], line["status"]) == ("checkout-0042", "Me", 200)
    assert str(line["credential"]).startswith("token:")
    assert line["client"] == "10.0.0.7"
    assert isinstance(line["ms"], float)


async def test_neither_documents_nor_variables_nor_secrets_are_logged(
    app: Starlette, db: str, written: io.StringIO
) -> None:
    made = await minted()
    async with reaching(app, made.secret or "") as client:
        query = "query Q($s: String) { customers(search: $s) { nodes { id } } me { label } other: me { label } }"
        await ask(client, query, variables={"s": "Maryam Mirzakhani"})
        await client.get("/graphql", params={"query": '{ customers(search: "Maryam") { nodes { id } } }'})
        await ask(client, "{ me { label } }", Authorization=f"Bearer {tokens.mint()}")
    logs.drain()
    text = written.getvalue()
    assert "Maryam" not in text
    assert "arz_" not in text
    assert "nodes" not in text


async def test_a_failure_is_logged_with_its_request_id_and_without_secrets(
    base_settings: Settings, token: str, written: io.StringIO
) -> None:
    async with reaching(create_app(base_settings, execute=odd), token) as client:
        answer = await ask(client, "{ crash }")
    failures = [each for each in lines(written) if each["event"] == "unexpected failure"]
    assert [each["request_id"] for each in failures] == [answer.headers["x-request-id"]]
    assert "RuntimeError" in str(failures[0]["exception"])


def test_lines_of_libraries_have_the_same_shape_and_no_passwords(written: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").warning("cannot reach postgresql://crm:hunter2@db/crm with %s", tokens.mint())
    (line,) = lines(written)
    assert line["event"] == "cannot reach postgresql://crm:…@db/crm with arz_…"
    assert line["level"] == "warning"


def test_lines_for_people_are_text() -> None:
    stream = io.StringIO()
    logs.configure("info", "text", stream=stream)
    structlog.get_logger().info("hello", secret=tokens.mint())
    structlog.get_logger().debug("quiet")
    structlog.reset_defaults()
    logging.getLogger().handlers.clear()
    assert "hello" in stream.getvalue()
    assert "arz_…" in stream.getvalue()
    assert "quiet" not in stream.getvalue()


async def test_pages_of_other_sites_may_call_only_where_they_are_allowed(token: str) -> None:
    settings = Settings(secret_key="x" * 32, allowed_origins=("https://shop.example.com",))
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    async with reaching(create_app(settings)) as client:
        for origin, allowed in (("https://shop.example.com", True), ("https://evil.example", False)):
            answer = await client.options("/graphql", headers={"Origin": origin, **preflight})
            assert (answer.headers.get("access-control-allow-origin") == origin) is allowed
            assert "access-control-allow-credentials" not in answer.headers


async def test_by_default_no_other_site_is_let_in(client: httpx.AsyncClient) -> None:
    answer = await ask(client, Origin="https://shop.example.com")
    assert "access-control-allow-origin" not in answer.headers


async def test_json_is_json_however_it_is_asked_for(client: httpx.AsyncClient) -> None:
    answer = await ask(client, "{ me { scopes } }", Accept="application/json")
    assert orjson.loads(answer.content)["data"]["me"]["scopes"] == ["customer:read"]
