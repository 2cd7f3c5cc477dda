"""`arzesh worker`: the work that follows the events, in a process of its own."""

from __future__ import annotations

import asyncio
import signal
from pkgutil import resolve_name

from crm.commands.running import out, run
from crm.settings import Settings
from crm.webhooks.house import configure

REACTIONS = "crm.reactions:run"
"""Named, not imported: what it needs takes a second that no other command should wait for."""


def worker() -> None:
    """Keep segments and lifecycles in step with what happens, without serving anybody. Servers do so themselves
    unless a worker was there first; of all processes one at a time works, and another takes over when it ends."""

    async def work(settings: Settings) -> None:
        configure(settings)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for ending in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(ending, stop.set)
        out.print("Following the events; end with Ctrl-C.")
        await resolve_name(REACTIONS)(stop)

    run(work)
