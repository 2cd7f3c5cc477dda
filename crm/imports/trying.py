"""Trying a file out: what would become of its first rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from itertools import islice

from crm.access import Actor, Scope, need
from crm.imports.files import source_of
from crm.imports.mapping import ImportKind
from crm.imports.rows import Options
from crm.imports.runs import take_in
from models import ImportRun


async def try_out(
    actor: Actor,
    kind: ImportKind,
    data: bytes,
    *,
    name: str,
    now: datetime,
    mapping: Mapping[str, str],
    options: Options,
    rows: int,
) -> ImportRun:
    """The run that importing the first so many rows would be; nothing is kept. Raises as `import_file`."""
    need(actor, Scope.IMPORT_RUN)
    source = await source_of(kind, data, name, mapping, options)
    few = replace(source, entries=lambda: islice(source.entries(), rows))
    return await take_in(actor, few, now=now, dry_run=True)
