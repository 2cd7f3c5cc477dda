"""What has to be right for the product to run, looked at one by one."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from crm import embedded
from crm.database import Options, connected, fetch_row, fetch_value
from crm.database.migrations import LEAST_VERSION, foreign_migrations, pending_migrations
from crm.errors import CrmError
from crm.settings import Settings
from crm.webhooks import backlog

LEAST_DISK = 1_000_000_000
LONGEST_DRIFT = 5.0
LONGEST_WAIT = 3600.0
PATIENCE = 5.0


class Level(StrEnum):
    GOOD = "GOOD"
    WARNING = "WARNING"
    FAULT = "FAULT"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `remedy` says what to do about it."""

    subject: str
    level: Level
    said: str
    remedy: str = ""


def good(subject: str, said: str) -> Finding:
    return Finding(subject, Level.GOOD, said)


def warning(subject: str, said: str, remedy: str) -> Finding:
    return Finding(subject, Level.WARNING, said, remedy)


def fault(subject: str, said: str, remedy: str) -> Finding:
    return Finding(subject, Level.FAULT, said, remedy)


async def examine(environ: Mapping[str, str]) -> list[Finding]:
    """Every finding, in the order in which things depend on each other; what a fault hides is not looked at."""
    try:
        settings = Settings.from_environment(environ)
    except CrmError as problem:
        return [fault("Settings", problem.message, "Correct the variable and run `arzesh doctor` again.")]
    findings = [good("Settings", f"{settings.environment}, {settings.url}"), disk(settings), port(settings)]
    findings += [await asyncio.to_thread(data_home, settings), *demonstration()]
    return findings + await database(settings)


def nearest(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.exists())


def disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(nearest(settings.data_home)).free
    said = f"{free / 1e9:.1f} GB free for {settings.data_home}"
    if free < LEAST_DISK:
        return warning("Disk", said, "Make room, or let ARZESH_DATA_HOME name a folder on another disk.")
    return good("Disk", said)


def data_home(settings: Settings) -> Finding:
    try:
        settings.data_home.mkdir(parents=True, exist_ok=True)
        probe = settings.data_home / ".doctor"
        probe.touch()
        probe.unlink()
    except OSError as problem:
        said = f"'{settings.data_home}' cannot be written ({problem.strerror})"
        return fault("Data home", said, "Let ARZESH_DATA_HOME name a folder that this user may write.")
    return good("Data home", str(settings.data_home))


def port(settings: Settings) -> Finding:
    subject = f"Port {settings.port}"
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((settings.host, settings.port))
    except OSError as problem:
        said = f"cannot be listened on at {settings.host} ({problem.strerror})"
        return warning(subject, said, "If that is not Arzesh itself, stop it, or choose another by ARZESH_PORT.")
    return good(subject, f"free at {settings.host}")


def demonstration() -> list[Finding]:
    missing = [name for name in ("faker", "lifetimes") if find_spec(name) is None]
    if not missing:
        return []
    remedy = "Only `arzesh demo` needs it: pip install faker; pip install --no-deps lifetimes==0.11.3"
    return [warning("Demonstration data", f"{' and '.join(missing)} not installed", remedy)]


async def database(settings: Settings) -> list[Finding]:
    where = "DATABASE_URL" if settings.database_url else "the embedded server"
    try:
        async with embedded.running(settings) as dsn:
            return await connected_findings(where, replace(settings, database_url=dsn))
    except (CrmError, embedded.EmbeddedFailure) as problem:
        said = f"{where}: {problem}"
        return [fault("Database", said, remedy_for(said) if settings.database_url else remedy_of_embedded(said))]


# What a server of one's own answers → what to do about it.
REMEDIES = (
    (
        "password authentication failed",
        "Correct user and password in DATABASE_URL; write @ as %40, / as %2F, # as %23.",
    ),
    ("does not exist", "Make it, as the server's administrator: createuser and createdb; or correct DATABASE_URL."),
    ("Name or service not known", "Correct the host in DATABASE_URL."),
    ("Temporary failure in name", "Correct the host in DATABASE_URL, or look at this machine's name service."),
    (
        "Connect call failed",
        "Start PostgreSQL there, let it listen on that address, or correct host and port in DATABASE_URL.",
    ),
    ("no pg_hba.conf entry", "Let the server's pg_hba.conf admit this machine, user and database."),
    ("too many", "Raise max_connections there, or lower ARZESH_POOL_MAX and ARZESH_READ_POOL_MAX."),
    ("SSL", "Ask for what the server offers by ?sslmode= in DATABASE_URL."),
)


def remedy_for(said: str) -> str:
    found = (remedy for mark, remedy in REMEDIES if mark in said)
    return next(found, "Look at DATABASE_URL, and whether that server runs.")


def remedy_of_embedded(said: str) -> str:
    if "No space left" in said:
        return "Make room, or let ARZESH_DATA_HOME name a folder on another disk."
    return "See its log."


async def connected_findings(where: str, settings: Settings) -> list[Finding]:
    # A question each, asked in turn; the first that fails for want of a server ends them all.
    checks: tuple[Callable[[str], Awaitable[Finding]], ...] = (server, migrations, clock, staff, lifecycle, webhooks)
    async with connected(settings.database_url, Options(acquire_timeout=PATIENCE), eager=False):
        findings = []
        for check in checks:
            findings.append(await check(where))
            if findings[-1].level is Level.FAULT:
                break
        return findings


async def server(where: str) -> Finding:
    row = await fetch_row("SELECT current_setting('server_version_num')::int AS number, version() AS said")
    number = int(row["number"]) if row else 0
    if number < LEAST_VERSION * 10_000:
        remedy = f"PostgreSQL {LEAST_VERSION} or later is needed; without DATABASE_URL Arzesh brings its own."
        return fault("Database", f"{where} runs PostgreSQL {number // 10_000}", remedy)
    return good("Database", f"{where}, {row['said'].split(' on ')[0] if row else ''}")


async def migrations(where: str) -> Finding:
    missing, foreign = await pending_migrations(), await foreign_migrations()
    if foreign:
        said = f"the database was changed by a newer version ({', '.join(foreign)})"
        return fault("Migrations", said, "Install that version of Arzesh again.")
    if missing:
        named = missing[0] if len(missing) == 1 else f"{len(missing)}, {missing[0]} to {missing[-1]},"
        return fault("Migrations", f"{named} not applied", "Run `arzesh migrate`.")
    return good("Migrations", "up to date")


async def clock(where: str) -> Finding:
    there: datetime = await fetch_value("SELECT clock_timestamp()")
    drift = abs((datetime.now(UTC) - there).total_seconds())
    if drift > LONGEST_DRIFT:
        said = f"the clocks of this machine and of the database differ by {drift:.0f} s"
        return warning("Clock", said, "Let both follow a time server (NTP).")
    return good("Clock", "as the database's")


async def staff(where: str) -> Finding:
    count = await fetch_value("SELECT count(*) FROM staff_member WHERE active")
    if not count:
        return warning(
            "Staff", "nobody can sign in to the panel", "Run `arzesh staff create EMAIL --role administrator`."
        )
    return good("Staff", f"{count} may sign in")


async def lifecycle(where: str) -> Finding:
    if not await fetch_value("SELECT EXISTS (SELECT FROM lifecycle WHERE is_default)"):
        return warning("Lifecycle", "no default lifecycle is defined", "Define one in the panel, or run `arzesh demo`.")
    return good("Lifecycle", "a default one is defined")


async def webhooks(where: str) -> Finding:
    found = await backlog.look()
    if found.switched_off:
        said = f"{found.switched_off} switched off because of failures"
        return warning("Webhooks", said, "Look at Settings → Webhooks in the panel, and switch them on again.")
    if found.waiting and found.age > LONGEST_WAIT:
        said = f"{found.waiting:,} deliveries wait, the oldest for {found.age / 3600:.1f} h"
        return warning("Webhooks", said, "See which endpoints fail in the panel; a server or `arzesh worker` must run.")
    return good("Webhooks", f"{found.waiting:,} deliveries wait")
