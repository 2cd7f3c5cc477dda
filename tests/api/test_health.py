"""What operators ask: alive, started, ready, and how busy."""

from __future__ import annotations

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from api.app import create_app
from crm.database import execute
from crm.settings import Settings
from tests.api.conftest import ask, minted, reaching


@pytest.fixture
def started(app: Starlette) -> Starlette:
    app.state.readiness.started = True
    return app


async def test_probes_need_no_credential(started: Starlette, anonymous: httpx.AsyncClient) -> None:
    for path in ("/livez", "/readyz", "/startupz"):
        answer = await anonymous.get(path)
        assert (answer.status_code, answer.json()["status"]) == (200, "ok")


async def test_readiness_names_database_and_migrations(started: Starlette, anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/readyz")
    assert answer.json()["checks"] == {"server": "ok", "database": "ok", "migrations": "ok"}


async def test_a_missing_migration_makes_it_unready(started: Starlette, anonymous: httpx.AsyncClient) -> None:
    await execute("DELETE FROM tortoise_migrations WHERE name = '0001_initial'")
    answer = await anonymous.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["migrations"] == "1 to apply: run `arzesh migrate`"


async def test_before_the_start_and_during_the_end_it_is_not_ready(
    app: Starlette, anonymous: httpx.AsyncClient
) -> None:
    assert (await anonymous.get("/startupz")).status_code == 503
    assert (await anonymous.get("/readyz")).status_code == 503
    app.state.readiness.started = app.state.readiness.draining = True
    assert (await anonymous.get("/startupz")).status_code == 200
    assert (await anonymous.get("/readyz")).json()["checks"] == {"server": "is stopping"}
    assert (await anonymous.get("/livez")).status_code == 200


async def figures(client: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in families
        for sample in family.samples
    }


async def test_requests_errors_and_cost_are_counted(app: Starlette, db: str) -> None:
    made = await minted("customer:read", "developer")
    async with reaching(app, made.secret or "") as client:
        await ask(client, "query Leaky { customers(first: 5) { nodes { id } } }", operationName="Leaky")
        await ask(client, "{ nothing }")
        found = await figures(client)
    counted = {key: value for key, value in found.items() if key[0] == "arzesh_request_seconds_count"}
    assert counted == {("arzesh_request_seconds_count", "POST", "", "2xx", "graphql"): 2.0}
    assert found["arzesh_graphql_cost_total",] > 0
    assert any(key[0] == "arzesh_errors_total" for key in found)
    assert "Leaky" not in str(found)


async def test_figures_are_for_developers(client: httpx.AsyncClient, anonymous: httpx.AsyncClient) -> None:
    assert (await anonymous.get("/metrics")).status_code == 401
    refused = await client.get("/metrics")
    assert (refused.status_code, "developer" in refused.text) == (403, True)


@pytest.mark.parametrize(("environment", "status"), [("development", 200), ("production", 401)])
async def test_in_development_this_machine_needs_no_token(db: str, environment: str, status: int) -> None:
    app = create_app(Settings(secret_key="x" * 32, environment=environment))
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 5))
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        assert (await client.get("/metrics")).status_code == status
        assert (await client.get("/metrics", headers={"X-Forwarded-For": "8.8.8.8"})).status_code == 401


async def test_figures_may_be_opened_and_come_as_openmetrics(db: str) -> None:
    async with reaching(create_app(Settings(secret_key="x" * 32, open_metrics=True))) as client:
        answer = await client.get("/metrics", headers={"Accept": "application/openmetrics-text"})
    assert answer.text.endswith("# EOF\n")
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
