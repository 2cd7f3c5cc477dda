"""Refused rows of an import, corrected where they stand and tried anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from crm import audit, changes, custom_fields, organization
from crm.access import Actor, Scope, need
from crm.database import transaction
from crm.errors import ValidationFailed
from crm.imports.files import entry
from crm.imports.mapping import ImportKind
from crm.imports.reading import Line
from crm.imports.rows import Options, reader
from crm.imports.runs import SETTLED, Attempt, _count, _write
from crm.imports.style import Style
from models import ImportRun

MOST_AT_ONCE = 500


async def correct(
    actor: Actor, run_id: UUID, rows: Mapping[int, Mapping[str, str]], *, now: datetime
) -> tuple[ImportRun, int]:
    """Take refused rows in as they should have been: line → column → cell; a column left out keeps what it said.

    Returns the run, with new reasons for the rows that are refused again, and how many were taken in. Raises NotFound,
    ValidationFailed (no such refused line, too many of them, no import of a file), Forbidden.
    """
    need(actor, Scope.IMPORT_RUN)
    if not 0 < len(rows) <= MOST_AT_ONCE:
        raise ValidationFailed(f"Correct 1 to {MOST_AT_ONCE} rows at once.", path=("rows",))
    async with transaction():
        run = await changes.load(ImportRun, run_id, expected_version=None)
        left = run.rows_refused
        kind, chunk = await _attempts(run, rows)
        _count(run, chunk, await _write(actor, kind, chunk, now))
        run.refused = [row for row in run.refused if row["line"] != SETTLED]
        run.version += 1
        await run.save()
        taken = left - run.rows_refused
        told = {"rows": sorted(rows), "taken_in": taken, "rows_refused": [left, run.rows_refused]}
        await audit.record(actor, "import.corrected", "import_run", run.id, changes=told)
    return run, taken


async def _attempts(run: ImportRun, rows: Mapping[int, Mapping[str, str]]) -> tuple[ImportKind, list[Attempt]]:
    if run.kind not in set(ImportKind) or "columns" not in run.mapping:
        raise ValidationFailed("Only rows of an imported file can be corrected.", path=("id",))
    kind = ImportKind(run.kind)
    read = reader(kind, run.mapping["columns"], await _options(kind, run.mapping["options"]), run.fingerprint[:12])
    refused = {row["line"]: (place, row["row"]) for place, row in enumerate(run.refused)}
    attempts: list[Attempt] = []
    for line, cells in rows.items():
        if line not in refused:
            raise ValidationFailed(f"Line {line} is not among the refused rows of this import.", path=("rows",))
        place, said = refused[line]
        attempts.append((place, entry(Line(line, {**said, **cells}), read)))
    return kind, attempts


async def _options(kind: ImportKind, told: dict[str, Any]) -> Options:
    fields = await custom_fields.definitions("customer") if kind is ImportKind.CUSTOMERS else []
    style = Style(told["dateOrder"], told["decimalComma"], told["timeZone"], told.get("phoneCountry"))
    custom = {each.key: each.type for each in fields}
    house = await organization.current()
    return Options(told["source"], told["createCustomers"], style, custom, house.base_currency)
