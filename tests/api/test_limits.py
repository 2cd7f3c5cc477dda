"""What one client may take: bytes, time, cost; and that nothing makes the server fall over."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.app import create_app
from api.limits import Buckets
from crm.credentials import generation
from crm.database import Options, connected, fetch_value
from crm.errors import Throttled
from crm.settings import Settings
from models import Customer
from tests.api.conftest import Serve, ask, code, odd, reaching

MB = 1_000_000
SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(30)' AND state = 'active'"


async def sleeping(expected: int) -> bool:
    """Whether soon so many statements sleep in the database."""
    for _ in range(1_000):
        if await fetch_value(SLEEPING) == expected:
            return True
        await asyncio.sleep(0.02)
    return False


def stopped() -> float:
    """A clock that stands still: no bucket refills while a test runs, however slow the machine is."""
    return 0.0


async def test_a_body_above_the_limit_is_refused_before_it_is_parsed(client: httpx.AsyncClient) -> None:
    answer = await ask(client, "{ me { label } }" + " " * MB)
    assert (answer.status_code, code(answer)) == (413, "PAYLOAD_TOO_LARGE")
    assert "1,000,000 bytes" in answer.json()["errors"][0]["message"]


async def test_a_body_of_thirty_megabytes_is_refused_at_once_on_a_real_socket(serve: Serve) -> None:
    async with serve() as client:
        answer = await client.post("/graphql", content=b'{"query":"' + b"x" * 30 * MB + b'"}', headers=JSON)
        assert (answer.status_code, code(answer)) == (413, "PAYLOAD_TOO_LARGE")
        assert (await ask(client)).status_code == 200


async def test_a_body_of_unknown_length_is_refused_when_it_has_grown_too_long(serve: Serve) -> None:
    async def without_end():  # type: ignore[no-untyped-def]
        for _ in range(100):
            yield b" " * 100_000

    async with serve() as client:
        answer = await client.post("/graphql", content=without_end(), headers=JSON)
        assert answer.status_code == 413


async def test_without_a_credential_the_body_is_not_even_read(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.post("/graphql", content=b"x" * 2 * MB, headers=JSON)
    assert answer.status_code == 401


async def test_a_request_ends_at_its_deadline_and_its_statement_with_it(serve: Serve) -> None:
    async with serve(request_deadline=0.3) as client:
        answer = await ask(client, "{ sleep }")
        assert (answer.status_code, code(answer)) == (504, "TIMEOUT")
        assert "0.3 s" in answer.json()["errors"][0]["message"]
        assert await sleeping(0)


async def test_a_client_that_goes_away_cancels_its_statement(serve: Serve) -> None:
    async with serve() as client:
        asking = asyncio.create_task(ask(client, "{ sleep }"))
        assert await sleeping(1)
        asking.cancel()
        assert await sleeping(0)
        assert (await ask(client)).status_code == 200


async def test_cost_is_told_and_taken_from_the_bucket(base_settings: Settings, token: str) -> None:
    query = "{ customers(first: 50) { nodes { id } } }"
    async with reaching(create_app(base_settings, clock=stopped), token) as client:
        first, second = [(await ask(client, query)).json()["extensions"]["cost"] for _ in range(2)]
    assert first["requested"] == second["requested"] > 0
    assert first["size"] == 100_000
    assert second["available"] == first["available"] - second["requested"]


async def test_an_empty_bucket_says_how_long_to_wait(base_settings: Settings, token: str) -> None:
    settings = Settings(secret_key="x" * 32, cost_bucket=100, cost_refill=10)
    async with reaching(create_app(settings, execute=odd, clock=stopped), token) as client:
        assert (await ask(client, "{ spend 90 }")).status_code == 200
        answer = await ask(client, "{ spend 60 }")
    assert (answer.status_code, code(answer)) == (429, "THROTTLED")
    told = answer.json()["errors"][0]["extensions"]
    assert told["waitMs"] == 5_000
    assert answer.headers["retry-after"] == "5"
    assert told["cost"]["requested"] == 60


async def test_the_compilers_answer_to_an_empty_bucket_is_a_429_too(base_settings: Settings, token: str) -> None:
    settings = Settings(secret_key="x" * 32, cost_bucket=1, cost_refill=1)
    async with reaching(create_app(settings, clock=stopped), token) as client:
        query = "{ customers(first: 50) { nodes { id } } }"
        answers = [await ask(client, query) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert int(answers[1].headers["retry-after"]) >= 1


@given(st.lists(st.tuples(st.integers(0, 150), st.floats(0, 30)), max_size=40))
def test_nobody_gets_more_than_the_bucket_and_its_refill(asked: list[tuple[int, float]]) -> None:
    now = 0.0
    buckets = Buckets(size=100, refill=10, clock=lambda: now)
    spent = 0
    for cost, pause in asked:
        now += pause
        try:
            buckets.take("someone", cost)
            spent += min(cost, 100)
        except Throttled as refused:
            now += refused.details["waitMs"] / 1000
            buckets.take("someone", cost)
            spent += min(cost, 100)
        assert spent <= 100 + now * 10 + 1e-6


def test_buckets_are_kept_apart_and_full_ones_forgotten() -> None:
    now = 0.0
    buckets = Buckets(size=10, refill=1, clock=lambda: now, most=3)
    for number in range(3):
        buckets.take(f"client {number}", 10)
    now = 100.0
    buckets.take("another", 5)
    assert list(buckets.levels) == ["another"]


async def test_what_nobody_expected_is_masked_and_the_server_lives_on(serve: Serve) -> None:
    async with serve() as client:
        answer = await ask(client, "{ crash }")
        assert (answer.status_code, code(answer)) == (500, "INTERNAL")
        assert "secret inside" not in answer.text
        assert "Traceback" not in answer.text
        assert answer.json()["errors"][0]["extensions"]["requestId"] == answer.headers["x-request-id"]
        assert (await ask(client)).status_code == 200


async def test_a_database_that_is_away_is_a_503_with_retry_after(base_settings: Settings, token: str) -> None:
    away = connected("postgresql://nobody:x@127.0.0.1:9/none", Options(acquire_timeout=0.2), eager=False)
    async with away, reaching(create_app(base_settings), token) as client:
        for answer in (await ask(client), await client.get("/readyz")):
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert "127.0.0.1:9/none" not in answer.text


async def test_a_database_that_was_restarted_is_not_noticed_by_readers(serve: Serve) -> None:
    others = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    async with serve() as client:
        for _ in range(2):
            assert (await ask(client)).status_code == 200
            await fetch_value(others)
            generation.grow()  # so that the token is asked for again


@pytest.mark.parametrize("size", [1_000, 100_000])
async def test_long_names_and_odd_characters_change_nothing(client: httpx.AsyncClient, size: int) -> None:
    for text in ("x" * size, "\x00" * 10, "\u202e" * 10, "'; DROP TABLE customer; --", "${jndi:ldap://x}"):
        answer = await ask(
            client, "query Q($s: String) { customers(search: $s) { nodes { id } } }", variables={"s": text}
        )
        assert answer.status_code == 200
    assert await Customer.all().count() == 0


JSON = {"Content-Type": "application/json"}
