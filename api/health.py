"""Is the process alive, has it started, should it be sent requests? For whoever operates it; no secrets in here."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import orjson
from starlette.requests import Request
from starlette.responses import Response

from crm.database import fetch_value
from crm.database.migrations import pending_migrations
from crm.errors import CrmError

PROBE_TIMEOUT = 2.0


@dataclass
class Readiness:
    """What the process knows of itself. `current` is set once no migration was found to be missing."""

    started: bool = False
    draining: bool = False
    current: bool = False

    async def checks(self) -> dict[str, str]:
        """Each thing that must be well, with 'ok' or what is wrong."""
        if self.draining:
            return {"server": "is stopping"}
        if not self.started:
            return {"server": "is starting"}
        return {"server": "ok", **await self.database()}

    async def database(self) -> dict[str, str]:
        try:
            async with asyncio.timeout(PROBE_TIMEOUT):
                await fetch_value("SELECT 1")
                missing = [] if self.current else await pending_migrations()
        except (CrmError, TimeoutError):
            return {"database": "cannot be reached"}
        self.current = not missing
        named = f"{len(missing)} to apply: run `arzesh migrate`" if missing else "ok"
        return {"database": "ok", "migrations": named}


def told(well: bool, checks: dict[str, str]) -> Response:
    headers = {"cache-control": "no-store"} | ({} if well else {"retry-after": "1"})
    return Response(
        orjson.dumps({"status": "ok" if well else "unavailable", "checks": checks}),
        200 if well else 503,
        headers,
        "application/json",
    )


async def livez(request: Request) -> Response:
    """The event loop turns."""
    return told(True, {})


async def readyz(request: Request) -> Response:
    """Requests can be answered: database reached, migrations applied, not about to stop."""
    checks = await request.app.state.readiness.checks()
    return told(all(found == "ok" for found in checks.values()), checks)


async def startupz(request: Request) -> Response:
    """The process has started."""
    started = request.app.state.readiness.started
    return told(started, {"server": "ok" if started else "is starting"})
