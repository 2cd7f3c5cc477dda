"""Compiled answers equal those of plain resolvers, for documents over the whole schema."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from crm.database import connected
from crm.ids import PREFIXES
from crm.settings import Settings
from schema import reader, schema
from schema.select import pages
from tests.schema.asking import ask
from tests.schema.documents import Document, dices, document, readable
from tests.schema.oracle import Oracle
from tests.schema.oracle_values import CAP, NAMES
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


@pytest.fixture
def counts_end_early(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A bound of counting that the lists of the generated organisation reach; no plan with it stays behind."""
    reader.documents.kept.clear()
    monkeypatch.setattr(pages, "COUNT_CAP", CAP)
    yield
    reader.documents.kept.clear()


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


@dataclass
class Compared:
    """Both answers to a document, and what is wrong with the product's, if anything is."""

    found: Any = None
    wanted: Any = None
    wrong: str | None = None


async def compared(oracle: Oracle, text: str, found: dict[str, Any], wanted: dict[str, Any]) -> Compared:
    """Ask both, each with its own variables, as their cursors differ."""
    answer = await ask(text, found)
    if answer.response.errors:
        return Compared(wrong=None if answer.code == "TOO_COMPLEX" else f"{answer.body}\n{found}")
    if len(answer.statements) > 3:  # its own, and two beside it about what filters can speak of
        return Compared(wrong="\n".join(answer.statements))
    made = Compared(answer.data, oracle.answer(text, wanted))
    left, right = comparable(made.found), comparable(made.wanted)
    return made if left == right else replace(made, wrong=f"{left}\n  is not\n{right}\n{found}")


def cursors_in(answer: Any, made: Document) -> dict[str, str]:
    """The cursors that the document reads on from."""
    found = {}
    for key, part in answer.items() if isinstance(answer, dict) else ():
        if key in made.cursors and part:
            found[key] = part[int(made.cursors[key] * len(part))]["cursor"]
        found |= cursors_in(part, made)
    return found


async def differences(oracle: Oracle, made: Document) -> str | None:
    """What is wrong with the answer to a document, or to the pages that its cursors lead to."""
    first = await compared(oracle, made.text, made.variables, made.variables)
    found, wanted = cursors_in(first.found, made), cursors_in(first.wanted, made)
    if first.wrong or not found:
        return first.wrong
    return (await compared(oracle, made.text, made.variables | found, made.variables | wanted)).wrong


async def first_difference(oracle: Oracle, batch: list[Document]) -> str:
    for number, found in enumerate(await asyncio.gather(*(differences(oracle, made) for made in batch))):
        if found:
            return f"{batch[number].text}\n{batch[number].variables}\n{found}"
    return ""


@pytest.mark.hypothesis
@pytest.mark.timeout(max(1_500, DOCUMENTS // 2))
@pytest.mark.usefixtures("counts_end_early")
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
