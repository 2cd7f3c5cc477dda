"""Putting a simulated organisation into the database, by COPY, in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from uuid import UUID

import orjson

from crm import audit, events, organization
from crm.access import Actor, Scope, need
from crm.database import connection, copy_records, execute, fetch, transaction
from crm.demo.simulate import surroundings
from crm.demo.simulate.binary import HEADER, TRAILER
from crm.demo.simulate.blocks import Block, generate
from crm.demo.simulate.names import Tongue, tongues
from crm.demo.simulate.parameters import Parameters
from crm.demo.simulate.people import CUSTOMER, IDENTITY, people
from crm.demo.simulate.place import Place
from crm.demo.simulate.tables import tables
from crm.events import EventType
from crm.value import rollup
from models import ImportRun, ImportStatus, Segment

TOGETHER = 10
"""Blocks whose rows are gathered before they are sent."""

MANY = 20_000
"""Customers from which dropping indexes and building them anew is faster than keeping them up."""

Progress = Callable[[float], None]


async def load(
    actor: Actor,
    parameters: Parameters,
    seed: int,
    *,
    now: datetime,
    progress: Progress = lambda part: None,
    many: int = MANY,
) -> ImportRun:
    """Add a simulated organisation; one with the same parameters and seed is added only once.

    It comes with its own history: orders and moves are not told one by one in audit trail and events, but as one
    import. While a large one is loaded the tables cannot be used by others. Raises Forbidden, NotFound (no Faker).
    """
    need(actor, Scope.IMPORT_RUN, Scope.CUSTOMER_WRITE, Scope.ORDER_WRITE)
    mark = fingerprint(parameters, seed)
    found = await ImportRun.get_or_none(kind="simulation", fingerprint=mark)
    if found is not None:
        return found
    pools = tongues(seed)
    async with transaction():
        await execute("SET LOCAL statement_timeout = 0")
        await execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        around = await surroundings.make(actor, parameters, seed, mark, now=now)
        run = await _note(actor, parameters, seed, mark, now)
        async with AsyncExitStack() as stack:
            if parameters.customers >= many:
                await stack.enter_async_context(without_indexes())
            done = 0
            for blocks in _together(generate(parameters, seed)):
                await _send(around.place, blocks, pools, around.staff)
                done += sum(len(block.numbers) for block in blocks)
                progress(0.8 * done / parameters.customers)
            await _days(around.place)
        await _size(around.segment)
        await analyse()
    return run


def fingerprint(parameters: Parameters, seed: int) -> str:
    told = orjson.dumps(["simulation 1", seed, asdict(parameters)], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(told).hexdigest()


async def _note(actor: Actor, parameters: Parameters, seed: int, mark: str, now: datetime) -> ImportRun:
    run = ImportRun(
        kind="simulation",
        file_name=f"{parameters.customers:,} simulated customers, seed {seed}",
        fingerprint=mark,
        mapping=audit.plain({"seed": seed, **asdict(parameters)}),
        status=ImportStatus.DONE,
        rows_read=parameters.customers,
        rows_created=parameters.customers,
        actor_kind=actor.kind.value,
        actor_id=actor.id,
        actor_label=actor.label,
        finished_at=now,
    )
    await run.save(force_create=True)
    told = {"file": run.file_name, "kind": run.kind, "rows_created": run.rows_created}
    await audit.record(actor, EventType.IMPORT_FINISHED.value, "import_run", run.id, changes=told)
    await events.emit(actor, EventType.IMPORT_FINISHED, "import_run", run.id, data=told)
    return run


def _together(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    iterator = iter(blocks)
    while group := list(islice(iterator, TOGETHER)):
        yield group


async def _send(place: Place, blocks: Sequence[Block], pools: Sequence[Tongue], staff: Sequence[UUID]) -> None:
    named = [pair for block in blocks for pair in people(place, block, pools, staff)]
    await copy_records("customer", CUSTOMER, (customer for customer, _ in named))
    await copy_records("identity", IDENTITY, (identity for _, identity in named))
    gathered: dict[tuple[str, tuple[str, ...]], list[bytes]] = {}
    for block in blocks:
        for rows in tables(place, block):
            gathered.setdefault((rows.table, rows.columns), []).append(rows.data)
    for (table, columns), parts in gathered.items():
        await copy_binary(table, columns, parts)


async def copy_binary(table: str, columns: Sequence[str], parts: Iterable[bytes]) -> None:
    """Append rows that are in COPY's binary form already."""

    async def stream() -> AsyncIterator[bytes]:
        yield HEADER
        for part in parts:
            yield part
        yield TRAILER

    async with connection() as driver:
        await driver.copy_to_table(table, source=stream(), columns=list(columns), format="binary")


async def _days(place: Place) -> None:
    """Days were counted in UTC; for another clock they are counted anew."""
    house = await organization.current()
    if house.time_zone != "UTC":
        await rollup.rebuild(house.time_zone)


async def _size(segment: Segment) -> None:
    await execute(
        "UPDATE segment SET size = (SELECT count(*) FROM segment_membership WHERE segment_id = $1) WHERE id = $1",
        segment.id,
    )


FILLED = (
    "customer", "identity", "order", "order_line", "customer_day", "customer_total", "product_day", "cost_entry",
    "interaction", "stage_position", "stage_transition", "relationship", "segment_membership",
)  # fmt: skip

_INDEXES = """
SELECT format('DROP INDEX %I', c.relname) AS dropped, pg_get_indexdef(i.indexrelid) AS made
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
WHERE t.relname = ANY ($1::text[]) AND t.relnamespace = 'public'::regnamespace AND NOT i.indisprimary
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
ORDER BY c.relname
"""
_KEYS = """
SELECT format('ALTER TABLE %I DROP CONSTRAINT %I', t.relname, k.conname) AS dropped,
       format('ALTER TABLE %I ADD CONSTRAINT %I %s', t.relname, k.conname, pg_get_constraintdef(k.oid)) AS made
FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid
WHERE k.contype = 'f' AND t.relname = ANY ($1::text[]) AND t.relnamespace = 'public'::regnamespace
ORDER BY t.relname, k.conname
"""


@asynccontextmanager
async def without_indexes() -> AsyncIterator[None]:
    """Foreign keys and secondary indexes of the filled tables are gone for the block and built anew after it.

    All of it belongs to the caller's transaction: if that fails, they were never gone.
    """
    pairs = [*await fetch(_KEYS, list(FILLED)), *await fetch(_INDEXES, list(FILLED))]
    for row in pairs:
        await execute(row["dropped"])
    yield
    await execute("SET LOCAL maintenance_work_mem = '512MB'")
    for row in reversed(pairs):
        await execute(row["made"])


async def analyse() -> None:
    for table in FILLED:
        await execute(f'ANALYZE "{table}"')
