"""Slows down whoever guesses passwords: by account and by address, longer each time, and never for good."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from crm.database import execute, fetch_row, fetch_value, transaction
from crm.errors import Throttled
from models import LoginAttempt

MEMORY = timedelta(hours=1)
LONGEST_WAIT = timedelta(minutes=5)
KEPT = timedelta(days=1)


@dataclass(frozen=True)
class Track:
    """What attempts are counted by, and how many of an hour cost no wait."""

    column: str
    free: int


ACCOUNT = Track("email", free=5)
# Many people may share one office's address.
ADDRESS = Track("address", free=20)


def wait_after(failures: int, free: int) -> timedelta:
    """The pause after the last of so many failures: none up to `free`, then 1, 2, 4 … seconds up to five minutes."""
    if failures < free:
        return timedelta()
    return min(timedelta(seconds=2 ** min(failures - free, 20)), LONGEST_WAIT)


async def admit(email: str, address: str, *, now: datetime) -> None:
    """Let an attempt pass, noting it before its outcome is known so that many at once are counted as well.

    Raises Throttled with `waitMs`; a refused attempt is not counted.
    """
    async with transaction():
        for track, value in ((ACCOUNT, email), (ADDRESS, address)):
            await fetch_value("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"{track.column}:{value}")
            await _refuse_hurry(track, value, now)
        await LoginAttempt.create(email=email, address=address, created_at=now)


async def _refuse_hurry(track: Track, value: str, now: datetime) -> None:
    found = await fetch_row(
        "SELECT count(*) AS failures, max(created_at) AS last FROM login_attempt "
        f"WHERE {track.column} = $1 AND created_at > $2",  # noqa: S608 - the column is one of ours
        value,
        now - MEMORY,
    )
    if found is None or not found["failures"]:
        return
    wait = found["last"] + wait_after(found["failures"], track.free) - now
    if wait > timedelta():
        seconds = math.ceil(wait.total_seconds())
        raise Throttled(f"Too many failed sign-ins; try again in {seconds} s.", waitMs=seconds * 1000)


async def forgive(email: str, *, now: datetime) -> None:
    """Forget the attempts of an account that has proved itself, and everybody's of days ago."""
    await execute("DELETE FROM login_attempt WHERE email = $1 OR created_at < $2", email, now - KEPT)
