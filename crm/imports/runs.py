"""Taking a file in, chunk by chunk: each chunk and the note of how far the file was read are kept together."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from crm import audit, changes, events
from crm.access import Actor, Scope, need
from crm.bulk import Outcome, RowResult, log_interactions, record_orders, upsert_customers
from crm.bulk.chunks import CHUNK
from crm.bulk.results import refused
from crm.database import execute, transaction
from crm.errors import Blocked, Busy, CrmError
from crm.events import EventType
from crm.imports.mapping import ImportKind
from crm.imports.rows import Row
from models import ImportRun, ImportStatus

MOST_REFUSED = 10_000
"""Refused rows after which an import gives up: the mapping is wrong, or the file is another one."""

WRITERS: dict[ImportKind, Callable[..., Awaitable[list[RowResult]]]] = {
    ImportKind.CUSTOMERS: upsert_customers,
    ImportKind.ORDERS: record_orders,
    ImportKind.INTERACTIONS: log_interactions,
}
"""What takes the rows of each kind of file."""

SETTLED = -1
"""The line of a refused row that was taken in after all."""

Report = Callable[[ImportRun], None]
COUNTS = {
    Outcome.CREATED: "rows_created",
    Outcome.UPDATED: "rows_updated",
    Outcome.UNCHANGED: "rows_unchanged",
    Outcome.REFUSED: "rows_refused",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a source: its line, what it said, and what that means, or why it means nothing."""

    line: int
    said: dict[str, str]
    row: Row | None = None
    problem: CrmError | None = None


@dataclass(frozen=True)
class Source:
    """What is to be taken in. `fingerprint` tells it from all others; `entries` can be asked for more than once."""

    kind: ImportKind
    name: str
    fingerprint: str
    mapping: dict[str, Any]
    entries: Callable[[], Iterable[Entry]]


class _Undo(Exception):
    """Leaves a chunk of a dry run so that nothing of it stays."""


async def take_in(
    actor: Actor, source: Source, *, now: datetime, dry_run: bool = False, report: Report = lambda run: None
) -> ImportRun:
    """Take a source in; returns the run with its counts and its refused rows.

    The same source again goes on where it stopped and tries the refused rows anew; when there is neither, nothing
    happens. On a dry run nothing is kept, and chunks do not see each other. Raises Forbidden, Busy (another process
    is at it) and Blocked (too many rows are refused).
    """
    need(actor, Scope.IMPORT_RUN)
    if dry_run:
        return await _try_out(actor, source, now, report)
    run = await _begin(actor, source)
    if run.status is ImportStatus.DONE and not run.rows_refused:
        return run
    left = run.rows_refused
    try:
        async with aclosing(_chunks(_left_over(run, source.entries()))) as chunks:
            with uncollected():
                async for chunk in chunks:
                    await _keep(actor, source.kind, run, chunk, now)
                    report(run)
    except Blocked as problem:
        await ImportRun.filter(id=run.id).update(status=ImportStatus.FAILED, error=problem.message)
        raise
    return run if run.status is ImportStatus.DONE and run.rows_refused == left else await _end(actor, run, now)


@contextmanager
def uncollected() -> Iterator[None]:
    """Without Python's search for cycles of garbage.

    An import makes millions of short-lived objects, none of them in cycles, beside a file's worth of long-lived ones
    that each search walks through: half of the processor time went into finding nothing.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


async def _try_out(actor: Actor, source: Source, now: datetime, report: Report) -> ImportRun:
    run = _fresh(actor, source)
    async with aclosing(_chunks((None, entry) for entry in source.entries())) as chunks:
        async for chunk in chunks:
            with suppress(_Undo):
                async with transaction():
                    _count(run, chunk, await _write(actor, source.kind, chunk, now))
                    raise _Undo
            report(run)
    return run


async def _begin(actor: Actor, source: Source) -> ImportRun:
    async with transaction():
        # Two processes that begin with the same file at the same time share one run.
        await execute("SELECT pg_advisory_xact_lock(hashtext('import'), hashtext($1))", source.fingerprint)
        found = await ImportRun.filter(kind=source.kind.value, fingerprint=source.fingerprint).first()
        if found is None:
            found = _fresh(actor, source)
            await found.save(force_create=True)
        return found


def _fresh(actor: Actor, source: Source) -> ImportRun:
    return ImportRun(
        kind=source.kind.value,
        file_name=source.name[:200],
        fingerprint=source.fingerprint,
        mapping=source.mapping,
        actor_kind=actor.kind.value,
        actor_id=actor.id,
        actor_label=actor.label,
    )


Attempt = tuple[int | None, Entry]
"""An entry and, when it was refused before, its place in the run's list of refused rows."""


def _left_over(run: ImportRun, entries: Iterable[Entry]) -> Iterator[Attempt]:
    """What was not taken in yet: rows that were refused, then rows that were not read."""
    before = {row["line"]: place for place, row in enumerate(run.refused)}
    read = run.rows_read
    for number, entry in enumerate(entries):
        if number >= read:
            yield None, entry
        elif entry.line in before:
            yield before[entry.line], entry


async def _chunks(attempts: Iterable[Attempt]) -> AsyncGenerator[list[Attempt], None]:
    """The entries in chunks; the next one is read while the database is busy with the one before it."""
    iterator = iter(attempts)

    def read() -> list[Attempt]:
        return list(islice(iterator, CHUNK))

    coming = asyncio.ensure_future(asyncio.to_thread(read))
    try:
        while chunk := await coming:
            coming = asyncio.ensure_future(asyncio.to_thread(read))
            yield chunk
    finally:
        await asyncio.wait([coming])


async def _keep(actor: Actor, kind: ImportKind, run: ImportRun, chunk: list[Attempt], now: datetime) -> None:
    """Write a chunk and how far the run is, in one transaction; `run` is changed only if that is kept."""
    async with transaction():
        current = await changes.load(ImportRun, run.id, expected_version=None)
        if current.version != run.version:
            raise Busy(f"'{run.file_name}' is being imported by another process; wait until it is done.")
        # What the import writes is marked with it, where others have the request.
        _count(current, chunk, await _write(replace(actor, request_id=changes.public_id(run)), kind, chunk, now))
        current.version += 1
        await current.save()
    for name in ("version", "refused", "rows_read", *COUNTS.values()):
        setattr(run, name, getattr(current, name))
    if run.rows_refused > MOST_REFUSED:
        raise Blocked(
            f"More than {MOST_REFUSED:,} rows were refused, the last for this: {run.refused[-1]['reason']} "
            "Look at the mapping, then import the file again."
        )


async def _write(actor: Actor, kind: ImportKind, chunk: Sequence[Attempt], now: datetime) -> list[RowResult]:
    """The results of a chunk, in order; entries that mean nothing are refused without being asked for."""
    entries = [entry for _, entry in chunk]
    written = iter(await WRITERS[kind](actor, [entry.row for entry in entries if entry.row is not None], now))
    unread = CrmError("The row cannot be read.")
    return [next(written) if entry.row is not None else refused(entry.problem or unread) for entry in entries]


def _count(run: ImportRun, chunk: Sequence[Attempt], results: Sequence[RowResult]) -> None:
    """Add a chunk's results to the run."""
    for (place, entry), result in zip(chunk, results, strict=True):
        refusals = [refusal(entry, result)] if result.outcome is Outcome.REFUSED else []
        if place is None:
            run.rows_read += 1
            run.refused += refusals
        else:
            # The places of the others must hold while refused rows are tried anew; they are closed up at the end.
            run.rows_refused -= 1
            run.refused[place] = refusals[0] if refusals else {"line": SETTLED}
        name = COUNTS[result.outcome]
        setattr(run, name, getattr(run, name) + 1)


def refusal(entry: Entry, result: RowResult) -> dict[str, Any]:
    """A refused row as the run keeps it."""
    problem = result.problem or CrmError()
    return {"line": entry.line, "reason": problem.message, "field": ".".join(problem.path), "row": entry.said}


async def _end(actor: Actor, run: ImportRun, now: datetime) -> ImportRun:
    async with transaction():
        run.refused = [row for row in run.refused if row["line"] != SETTLED]
        run.status, run.finished_at = ImportStatus.DONE, now
        run.error = None  # type: ignore[assignment]
        run.version += 1
        await run.save()
        told = {"file": run.file_name, "kind": run.kind, **{name: getattr(run, name) for name in COUNTS.values()}}
        await audit.record(actor, EventType.IMPORT_FINISHED.value, "import_run", run.id, changes=told)
        await events.emit(actor, EventType.IMPORT_FINISHED, "import_run", run.id, data=told)
    return run
