"""Importing a delimited text file of customers, orders or interactions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

import orjson

from crm import custom_fields, organization
from crm.access import Actor, Scope, need
from crm.errors import CrmError, ValidationFailed
from crm.imports.mapping import ImportKind, check, guess
from crm.imports.reading import Line, Table, open_table
from crm.imports.rows import Options, Row, reader
from crm.imports.runs import Entry, Report, Source, take_in
from models import ImportRun


async def import_file(
    actor: Actor,
    kind: ImportKind,
    data: bytes,
    *,
    name: str,
    now: datetime,
    mapping: Mapping[str, str] | None = None,
    options: Options | None = None,
    dry_run: bool = False,
    report: Report = lambda run: None,
) -> ImportRun:
    """Import a file; `mapping` (column → target) is added to what its headings say by themselves.

    Returns the run: its counts, and the rows that were refused with their line and reason. Importing the same file in
    the same way again takes in only what was not yet. Raises ValidationFailed for a file or a mapping that cannot be
    used, Forbidden, Busy (another process imports the file) and Blocked (far too many rows are refused).
    """
    need(actor, Scope.IMPORT_RUN)
    return await take_in(
        actor, await source_of(kind, data, name, mapping or {}, options or Options()),
        now=now, dry_run=dry_run, report=report,
    )  # fmt: skip


async def understand(kind: ImportKind, data: bytes) -> tuple[tuple[str, ...], dict[str, str]]:
    """The columns of a file, and what their headings are taken to mean."""
    table = open_table(data)
    return table.columns, guess(kind, table.columns, await _custom(kind))


async def source_of(kind: ImportKind, data: bytes, name: str, given: Mapping[str, str], options: Options) -> Source:
    """A file as a source of rows. Raises ValidationFailed."""
    table = open_table(data)
    fields = await custom_fields.definitions("customer") if kind is ImportKind.CUSTOMERS else []
    house = await organization.current()
    options = replace(options, custom={each.key: each.type for each in fields}, currency=house.base_currency)
    mapping = merged(guess(kind, table.columns, tuple(options.custom)), given)
    check(kind, table.columns, mapping, tuple(options.custom))
    digest = hashlib.sha256(data).hexdigest()
    read = reader(kind, mapping, options, digest[:12])
    manner = {"columns": mapping, "options": options_told(options)}
    return Source(kind, name, fingerprint(digest, manner), manner, lambda: entries(table, read))


def merged(guessed: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """What was guessed, without what was said otherwise; a column said to mean nothing ('') is left out."""
    kept = {column: target for column, target in guessed.items() if target not in given.values()}
    return {column: target for column, target in {**kept, **given}.items() if target}


def options_told(options: Options) -> dict[str, object]:
    style = options.style
    told: dict[str, object] = {
        "source": options.source,
        "createCustomers": options.create_customers,
        "dateOrder": style.date_order,
        "decimalComma": style.decimal_comma,
        "timeZone": style.time_zone,
    }
    return told | ({"phoneCountry": style.phone_country} if style.phone_country else {})


def fingerprint(digest: str, manner: Mapping[str, object]) -> str:
    """What tells this import from others: the file and how it is understood."""
    return hashlib.sha256(digest.encode() + orjson.dumps(manner, option=orjson.OPT_SORT_KEYS)).hexdigest()


def entries(table: Table, read: Callable[[int, Mapping[str, str]], Row]) -> Iterator[Entry]:
    for line in table.lines():
        yield entry(line, read)


def entry(line: Line, read: Callable[[int, Mapping[str, str]], Row]) -> Entry:
    """A line as an entry; one that cannot be read says why."""
    if line.problem:
        return Entry(line.number, line.cells, problem=ValidationFailed(line.problem))
    try:
        return Entry(line.number, line.cells, read(line.number, line.cells))
    except CrmError as problem:
        return Entry(line.number, line.cells, problem=problem)


async def _custom(kind: ImportKind) -> tuple[str, ...]:
    if kind is not ImportKind.CUSTOMERS:
        return ()
    return tuple(each.key for each in await custom_fields.definitions("customer"))
