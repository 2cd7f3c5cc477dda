"""Following the events: each once it is certain, none passed over, by one process at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from crm.database import execute, fetch, fetch_row, fetch_value

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


class Seen(NamedTuple):
    """What a look could see, in PostgreSQL's own terms: every transaction below `end` but those `running`."""

    end: int
    running: tuple[int, ...]

    @property
    def certain(self) -> int:
        """Below it nothing can come any more."""
        return min(self.running, default=self.end)

    @classmethod
    def read(cls, snapshot: str) -> Seen:
        """Of PostgreSQL's text, such as `10:20:10,14`."""
        _, end, running = snapshot.split(":")
        return cls(int(end), tuple(int(one) for one in running.split(",") if one))


NOTHING = Seen(0, ())


@dataclass(frozen=True, slots=True)
class Place:
    """How far a reader has come: it knows what `seen` shows, and of what `looking` shows besides, when it stands in
    the middle of that, what does not come after `at`."""

    at: tuple[int, int] = (0, 0)
    seen: Seen = NOTHING
    looking: Seen | None = None

    @property
    def kept(self) -> tuple[int, int]:
        """From where another process must read: behind it nothing is unknown, before it something may be known."""
        certain = (self.looking or self.seen).certain
        return min(self.at, (certain - 1, LAST)) if certain else self.at


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
_LOOK = "SELECT pg_current_snapshot()::text"
# A transaction that was running at the last look is asked for by name, so that one that takes minutes keeps nobody
# else's events waiting: what it writes comes once it has ended, whenever that is.
_COLUMNS = "type, noun, noun_id, customer_id, data, created_at, transaction_id, position"
_VISIBLE = "transaction_id < $6 AND NOT transaction_id = ANY($7::bigint[])"
_READ = f"""
SELECT {_COLUMNS} FROM (
    (SELECT {_COLUMNS} FROM event
     WHERE transaction_id = ANY($3::bigint[]) AND (transaction_id, position) > ($1, $2) AND {_VISIBLE}
     ORDER BY transaction_id, position LIMIT $8)
    UNION ALL
    (SELECT {_COLUMNS} FROM event WHERE (transaction_id, position) > ($4, $5) AND {_VISIBLE}
     ORDER BY transaction_id, position LIMIT $8)
) AS each ORDER BY transaction_id, position LIMIT $8
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
    place: Place = Place()
    settled: Place = field(default=Place())
    held: bool = False

    async def begin(self) -> None:
        """Have a place in the events: a new reader starts with now, whoever comes to read for it later."""
        await execute(_START, self.name, LAST)

    async def claim(self) -> bool:
        """Become the one who reads, or stay it; False while another process is. A new reader starts with now."""
        await self.begin()
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
            self.place = self.settled = Place((row["transaction_id"], row["position"]))
        return True

    async def read(self, limit: int) -> Sequence[Happened]:
        """The next events whose transactions have ended, fewer than `limit` once there are no more."""
        place = self.place
        looking = place.looking or Seen.read(await fetch_value(_LOOK))
        if looking == place.seen:
            return []
        since = max(place.at, (place.seen.end - 1, LAST))
        rows = await fetch(_READ, *place.at, place.seen.running, *since, *looking, limit)
        found = [Happened(**{**row, "data": orjson.loads(row["data"])}) for row in rows]
        if len(found) < limit:
            self.place = Place((looking.certain - 1, LAST), looking)
        else:
            self.place = replace(place, at=(found[-1].transaction_id, found[-1].position), looking=looking)
        return found

    async def settle(self, *, caught_up: bool, error: str | None = None) -> None:
        """Everything that was read is dealt with: after the end of this process another goes on from here."""
        self.settled = self.place
        await self.keep(caught_up=caught_up, error=error)

    async def keep(self, *, caught_up: bool = False, error: str | None = None) -> None:
        """Stay the reader without having dealt with everything; should this process end, it is read again."""
        if not await execute(_SETTLE, self.name, self.holder, *self.settled.kept, caught_up, error, LEASE):
            self.held = False

    async def release(self) -> None:
        """Let another process read at once."""
        await execute(_RELEASE, self.name, self.holder)
        self.held = False
