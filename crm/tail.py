"""Following the events: each once they are certain, in an order that misses none, by one process at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from crm.database import execute, fetch, fetch_row

LEASE = timedelta(seconds=15)
LAST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Happened:
    """An event, as those who react to it need it."""

    type: str
    noun: str
    noun_id: UUID
    customer_id: UUID | None
    data: dict[str, Any]
    created_at: datetime
    transaction_id: int
    position: int


# Transactions below `xmin` have all ended: what they wrote can be seen, and nothing can come before it any more.
# Ordered by transaction, and not by position alone, no event of one that ended late is passed over.
_XMIN = "(pg_snapshot_xmin(pg_current_snapshot())::text)::bigint"
_XMAX = "(pg_snapshot_xmax(pg_current_snapshot())::text)::bigint"
_START = f"""
INSERT INTO event_cursor (id, created_at, updated_at, name, transaction_id, position)
VALUES (uuidv7(), now(), now(), $1, {_XMIN} - 1, $2) ON CONFLICT (name) DO NOTHING
"""  # noqa: S608
_CLAIM = f"""
UPDATE event_cursor SET holder = $2, lease_until = now() + $3::interval, updated_at = now()
WHERE name = $1 AND (holder = $2 OR lease_until IS NULL OR lease_until < now())
RETURNING transaction_id, position, transaction_id >= {_XMAX} AS of_another_server
"""  # noqa: S608
_READ = f"""
SELECT type, noun, noun_id, customer_id, data, created_at, transaction_id, position FROM event
WHERE (transaction_id, position) > ($1, $2) AND transaction_id < {_XMIN}
ORDER BY transaction_id, position LIMIT $3
"""  # noqa: S608
_SETTLE = """
UPDATE event_cursor SET transaction_id = $3, position = $4, error = $6, updated_at = now(),
       lease_until = now() + $7::interval,
       caught_up_at = CASE WHEN $5 THEN statement_timestamp() ELSE caught_up_at END
WHERE name = $1 AND holder = $2
"""
_RESET = f"UPDATE event_cursor SET transaction_id = {_XMIN} - 1, position = $2 WHERE name = $1"  # noqa: S608
_RELEASE = "UPDATE event_cursor SET lease_until = NULL, holder = NULL WHERE name = $1 AND holder = $2"


@dataclass
class Tail:
    """One reader's place in the events, on behalf of one process."""

    name: str
    holder: str
    place: tuple[int, int] = (0, 0)
    settled: tuple[int, int] = field(default=(0, 0))
    held: bool = False

    async def claim(self) -> bool:
        """Become the one who reads, or stay it; False while another process is. A new reader starts with now."""
        await execute(_START, self.name, LAST)
        row = await fetch_row(_CLAIM, self.name, self.holder, LEASE)
        if row is None:
            self.held = False
            return False
        if row["of_another_server"]:
            # A restored copy counts its transactions anew; where the old server was says nothing here.
            await execute(_RESET, self.name, LAST)
            return await self.claim()
        if not self.held:
            self.held = True
            self.place = self.settled = (row["transaction_id"], row["position"])
        return True

    async def read(self, limit: int) -> Sequence[Happened]:
        """The next certain events."""
        rows = await fetch(_READ, *self.place, limit)
        found = [Happened(**{**row, "data": orjson.loads(row["data"])}) for row in rows]
        if found:
            self.place = (found[-1].transaction_id, found[-1].position)
        return found

    async def settle(self, *, caught_up: bool, error: str | None = None) -> None:
        """Everything that was read is dealt with: after the end of this process another goes on from here."""
        self.settled = self.place
        await self.keep(caught_up=caught_up, error=error)

    async def keep(self, *, caught_up: bool = False, error: str | None = None) -> None:
        """Stay the reader without having dealt with everything; should this process end, it is read again."""
        if not await execute(_SETTLE, self.name, self.holder, *self.settled, caught_up, error, LEASE):
            self.held = False

    async def release(self) -> None:
        """Let another process read at once."""
        await execute(_RELEASE, self.name, self.holder)
        self.held = False
