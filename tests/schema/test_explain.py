"""Developers see what a document comes to in the database."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from crm.access import Scope
from crm.database import execute as run_sql
from crm.errors import CrmError, Problems
from models import Customer
from schema import execute
from schema.explaining import explain
from schema.select.explain import Depth, scans
from schema.select.request import GraphQLRequest
from tests import factories
from tests.factories import NOW, OWNER, everything_but
from tests.schema.world import World

LIST = "query($where: CustomerWhere) { customers(first: 1, where: $where) { nodes { id } } me { label } }"


async def plan(document: str, depth: Depth, **variables: Any) -> list[dict[str, Any]]:
    response = await execute(GraphQLRequest(document, NOW, variables, explain=depth), OWNER)
    found: list[dict[str, Any]] = orjson.loads(response.body)["extensions"]["plan"]
    return found


async def test_the_statement_is_shown_with_the_types_of_its_parameters_and_no_values(world: World) -> None:
    (found,) = await plan(LIST, Depth.STATEMENT, where={"country": {"eq": "IR"}})
    assert found["fields"] == ["customers", "me"]
    assert found["statement"].startswith("SELECT")
    assert found["parameters"] == ["text", "text"]
    assert "IR" not in str(found)
    assert "explain" not in found


async def test_the_plan_is_postgresqls_own_and_analyzing_tells_times(world: World) -> None:
    (planned,) = await plan(LIST, Depth.PLAN)
    assert any("customer" in line for line in planned["explain"])
    assert not any("actual" in line for line in planned["explain"])
    (analyzed,) = await plan(LIST, Depth.ANALYZE)
    assert any("actual" in line for line in analyzed["explain"])


async def test_explaining_needs_the_scope(world: World) -> None:
    request = GraphQLRequest(LIST, NOW, explain=Depth.STATEMENT)
    refused = await execute(request, everything_but(Scope.DEVELOPER))
    assert refused.status == 403
    assert orjson.loads(refused.body)["errors"][0]["extensions"]["missingScope"] == "developer"


async def test_a_mutation_is_explained_by_how_its_answer_is_read_back(db: str) -> None:
    alice = await factories.customer("Alice")
    document = (
        f'mutation {{ customerArchive(input: {{id: "cus_{alice.id}", expectedVersion: 1}}) {{ customer {{ id }} }} }}'
    )
    (found,) = await explain(document, {}, None, OWNER, now=NOW, depth="plan")
    assert found.fields == ("customerArchive.customer",)
    assert found.parameters == ("uuid",)
    assert (await Customer.get(id=alice.id)).archived_at is None


async def test_a_large_table_that_is_read_whole_is_named(db: str) -> None:
    for name in ("Alice", "Bob"):
        await factories.customer(name)
    await run_sql("ANALYZE customer")
    line = "  ->  Parallel Seq Scan on customer t1  (cost=0.00..1.00 rows=1 width=4)"
    (found,) = await scans((line,), large=2)
    assert (found.table, found.rows) == ("customer", 2)
    assert found.message.startswith("All of 'customer' is read, about 2 rows")
    assert await scans((line,), large=3) == ()


async def test_what_is_wrong_with_a_document_is_told_by_line() -> None:
    with pytest.raises(Problems) as caught:
        await explain("{\n  customers { nope }\n}", {}, None, OWNER, now=NOW, depth="plan")
    assert caught.value.problems[0].message.startswith("line 2, column 15: ")
    with pytest.raises(CrmError) as refused:
        await explain("{ customers(first: 0) { __typename } }", {}, None, OWNER, now=NOW, depth="plan")
    assert refused.value.message.startswith("customers: 'first' is 0")
