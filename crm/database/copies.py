"""The whole database as one file, and back, by PostgreSQL's own programs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from crm.database.work import execute, fetch_value
from crm.errors import CrmError

# The copy belongs to whoever restores it; comments on extensions are the superuser's affair.
PLAIN = ("--no-owner", "--no-privileges", "--no-comments")
LONGEST_TOLD = 4

_HAS_TABLES = "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public')"
_OF_ANOTHER_SERVER = """
SELECT coalesce(max(transaction_id), 0) >= (pg_snapshot_xmax(pg_current_snapshot())::text)::bigint FROM event
"""
_FIRST = 3
"""The number of a new server's first ordinary transaction."""


class CopyFailed(CrmError):
    """The copy was not made, or not taken in."""

    code = "COPY_FAILED"


class NotEmpty(CrmError):
    """The database holds something already, which a restored copy would have to replace."""

    code = "NOT_EMPTY"


def dump(programs: Path, dsn: str, file: Path) -> int:
    """Write a copy of the database, as of one moment, while others go on working; its bytes. Raises CopyFailed.

    The file is readable by its owner alone, and appears under its name only when it is complete.
    """
    passing = file.with_name(f".{file.name}.unfinished")
    try:
        if file.exists():
            raise CopyFailed(f"'{file}' is there already; name another file, or remove it.")
        os.close(os.open(passing, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
        run(programs / "pg_dump", dsn, "--format=custom", "--file", str(passing), *PLAIN)
        return passing.rename(file).stat().st_size
    except OSError as error:
        raise CopyFailed(f"'{file}' cannot be written: {error.strerror}.") from None
    finally:
        with suppress(OSError):
            passing.unlink(missing_ok=True)


def load(programs: Path, dsn: str, file: Path) -> None:
    """Take a copy into an empty database, the whole of it or nothing. Raises CopyFailed."""
    try:
        file.open("rb").close()
    except OSError as error:
        raise CopyFailed(f"'{file}' cannot be read: {error.strerror}.") from None
    run(programs / "pg_restore", dsn, "--single-transaction", "--exit-on-error", *PLAIN, str(file))


def run(program: Path, dsn: str, *arguments: str) -> None:
    address, secret = without_password(dsn)
    done = subprocess.run(
        [program, *arguments, "--dbname", address],
        env={**os.environ, **secret, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        lines = [line.removeprefix(f"{program.name}: ").removeprefix("error: ") for line in done.stderr.splitlines()]
        raise CopyFailed("\n".join(lines[:LONGEST_TOLD]) or f"{program.name} ended with status {done.returncode}.")


def without_password(dsn: str) -> tuple[str, Mapping[str, str]]:
    """The address, and what the environment has to hold for it: a command line can be read by everybody."""
    parts = urlsplit(dsn)
    if parts.password is None:
        return dsn, {}
    user, host = parts.netloc.rsplit("@", 1)
    bare = parts._replace(netloc=f"{user.partition(':')[0]}@{host}")
    return bare.geturl(), {"PGPASSWORD": unquote(parts.password)}


async def need_empty() -> None:
    """Raise NotEmpty unless the connected database holds no tables."""
    if await fetch_value(_HAS_TABLES):
        raise NotEmpty(
            "The database holds tables already, and restoring replaces nothing: let DATABASE_URL name a new database, "
            "or ARZESH_DATA_HOME a new folder for the embedded one."
        )


async def settle_events() -> int:
    """Number the events of a copy anew, in their order, and start every reader after them; how many there were.

    A new server counts its transactions from the beginning: events that carry the numbers of the old one would
    later be taken for what happens then. It is one long statement: call this in a transaction that has no limit.
    """
    if not await fetch_value(_OF_ANOTHER_SERVER):
        return 0
    await execute("DELETE FROM event_cursor")
    return await execute("UPDATE event SET transaction_id = $1", _FIRST)
