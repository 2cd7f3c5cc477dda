"""The catalogue that filters are held against, kept for a few seconds."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime
from weakref import WeakKeyDictionary

from crm.database import in_transaction
from crm.database.work import database
from crm.rules.predicate import surroundings
from schema.select.rendered import Rules

KEPT_SECONDS = 5.0
"""How long a changed time zone or base currency may take to be known to filters; a new name is looked up at once."""

_kept: WeakKeyDictionary[object, tuple[float, Rules]] = WeakKeyDictionary()


async def rules(now: datetime, *, fresh: bool = False) -> Rules:
    """What rules can speak of, with relative times counted from `now`; `fresh`: as of this moment."""
    if in_transaction():
        return Rules(*await surroundings(now), fresh=True)
    client = database()
    found = None if fresh else _kept.get(client)
    if found is None or found[0] < time.monotonic():
        read = Rules(*await surroundings(now), fresh=True)
        _kept[client] = time.monotonic() + KEPT_SECONDS, replace(read, fresh=False)
        return read
    return replace(found[1], context=replace(found[1].context, now=now))
