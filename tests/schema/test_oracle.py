"""Compiled answers equal those of plain resolvers, for documents over the whole schema."""

from __future__ import annotations

import asyncio
import os
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from crm.database import connected
from crm.ids import PREFIXES
from crm.settings import Settings
from schema import schema
from tests.schema.asking import ask
from tests.schema.documents import Document, dices, document, readable
from tests.schema.oracle import Oracle
from tests.schema.oracle_values import NAMES
from tests.schema.world import World

SHRINK = "ORACLE_SHRINK" in os.environ
DOCUMENTS = int(os.environ.get("ORACLE_DOCUMENTS", "300"))
BATCH = 4
"""Documents asked at once: while PostgreSQL works on some, the others are made."""
ENOUGH = 2_000


@pytest.fixture(scope="session")
async def oracle(world_database: tuple[str, World], base_settings: Settings) -> Oracle:
    async with connected(world_database[0], base_settings):
        return await Oracle.load(schema.as_str())


def comparable(value: Any) -> Any:
    """The answer with every cursor made equal, as they are opaque, and groups in one order, as many are as large."""
    if isinstance(value, list):
        return [comparable(item) for item in value]
    if isinstance(value, dict):
        made = {key: comparable(part) for key, part in value.items()}
        return {key: sorted(part, key=repr) if key.startswith("groups") else part for key, part in made.items()}
    return "cursor" if isinstance(value, str) and value.startswith(("WyI", "WyJ")) else value


def ids_of(world: World) -> dict[str, list[str]]:
    nodes = {kind.name for kind in schema._schema.get_possible_types(schema._schema.type_map["Node"])}  # type: ignore[arg-type]
    return {
        NAMES[model]: [f"{PREFIXES[model._meta.db_table]}_{row.id}" for row in rows[:5]]
        for model, rows in world.rows.items()
        if NAMES.get(model) in nodes
    }


async def differences(oracle: Oracle, made: Document) -> str | None:
    """What is wrong with the answer to a document, if anything is."""
    answer = await ask(made.text, made.variables)
    if answer.response.errors and answer.code == "TOO_COMPLEX":
        return None
    if answer.response.errors:
        return str(answer.body)
    if len(answer.statements) > 3:  # its own, and two beside it about what filters can speak of
        return "\n".join(answer.statements)
    wanted = comparable(oracle.answer(made.text, made.variables))
    found = comparable(answer.data)
    return None if found == wanted else f"{found}\n  is not\n{wanted}"


async def first_difference(oracle: Oracle, batch: list[Document]) -> str:
    for number, found in enumerate(await asyncio.gather(*(differences(oracle, made) for made in batch))):
        if found:
            return f"{batch[number].text}\n{batch[number].variables}\n{found}"
    return ""


@pytest.mark.hypothesis
@pytest.mark.timeout(max(1_500, DOCUMENTS // 2))
async def test_every_document_answers_as_plain_resolvers_do(world: World, oracle: Oracle) -> None:
    loop = asyncio.get_running_loop()
    ids, reached = ids_of(world), set[tuple[str, str]]()
    phases = (Phase.generate, *((Phase.shrink,) if SHRINK else ()))
    size = 1 if SHRINK else BATCH

    @settings(
        max_examples=max(1, DOCUMENTS // size),
        derandomize="ORACLE_RANDOM" not in os.environ,  # set by `make fuzz`
        deadline=None,
        database=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    @given(dices(shrinking=SHRINK))
    def agree(dice: Random) -> None:
        batch = [document(oracle.schema, ids, dice) for _ in range(size)]
        reached.update(*(made.reached for made in batch))
        difference = asyncio.run_coroutine_threadsafe(first_difference(oracle, batch), loop).result(900)
        assert not difference, difference

    await asyncio.to_thread(agree)
    assert_covered(reached, readable(oracle.schema))


def assert_covered(reached: set[tuple[str, str]], known: frozenset[tuple[str, str]]) -> None:
    """The documents have been nearly everywhere; a few hundred of them cannot be."""
    missed = sorted(known - reached)
    print(f"{len(known) - len(missed)} of {len(known)} readable fields reached by {DOCUMENTS} documents")  # noqa: T201
    if DOCUMENTS >= ENOUGH:
        assert len(missed) <= 0.05 * len(known), missed
