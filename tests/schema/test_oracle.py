"""Compiled answers equal those of plain resolvers, for documents over the whole schema."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from crm.database import connected
from crm.ids import PREFIXES
from crm.settings import Settings
from schema import schema
from tests.schema.asking import ask
from tests.schema.documents import documents
from tests.schema.oracle import NAMES, Oracle
from tests.schema.world import World

SHRINK = "ORACLE_SHRINK" in os.environ
DOCUMENTS = int(os.environ.get("ORACLE_DOCUMENTS", "300"))


@pytest.fixture(scope="session")
async def oracle(world_database: tuple[str, World], base_settings: Settings) -> Oracle:
    async with connected(world_database[0], base_settings):
        return await Oracle.load(schema.as_str())


def without_cursors(value: Any) -> Any:
    """The answer with every cursor made equal: they are opaque."""
    if isinstance(value, list):
        return [without_cursors(item) for item in value]
    if isinstance(value, dict):
        return {key: without_cursors(part) for key, part in value.items()}
    return "cursor" if isinstance(value, str) and value.startswith(("WyI", "WyJ")) else value


def ids_of(world: World) -> dict[str, list[str]]:
    nodes = {kind.name for kind in schema._schema.get_possible_types(schema._schema.type_map["Node"])}  # type: ignore[arg-type]
    return {
        NAMES[model]: [f"{PREFIXES[model._meta.db_table]}_{row.id}" for row in rows[:5]]
        for model, rows in world.rows.items()
        if NAMES.get(model) in nodes
    }


@pytest.mark.timeout(1_500)
async def test_every_document_answers_as_plain_resolvers_do(world: World, oracle: Oracle) -> None:
    loop = asyncio.get_running_loop()
    made = documents(oracle.schema, ids_of(world))

    phases = (Phase.generate, *((Phase.shrink,) if SHRINK else ()))

    @settings(
        max_examples=DOCUMENTS,
        derandomize=True,
        deadline=None,
        database=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    @given(made)
    def agree(document: tuple[str, dict[str, Any]]) -> None:
        answer = asyncio.run_coroutine_threadsafe(ask(*document), loop).result(60)
        if answer.response.errors and answer.code == "TOO_COMPLEX":
            return
        assert len(answer.statements) <= 1 + any("catalog" in text for text in answer.statements) + 2
        assert without_cursors(answer.data) == oracle.answer(*document)

    await asyncio.to_thread(agree)
