"""`arzesh demo`: from nothing to a CRM with data in it, and on request served."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Annotated

import typer

from crm import embedded
from crm.commands import serve as serving
from crm.commands.progress import told
from crm.commands.running import database, now, operator, out
from crm.database import migrations
from crm.demo import steps
from crm.demo.credentials import Credentials, have_credentials
from crm.settings import Settings


def demo(
    simulate: Annotated[
        int | None, typer.Option(help="Simulate an organisation with so many customers instead.", min=1)
    ] = None,
    orders_per_customer: Annotated[
        float, typer.Option(help="Orders a simulated customer has on average.", min=0)
    ] = 8.0,
    seed: Annotated[int, typer.Option(help="The same seed simulates the same organisation.", min=0)] = 1,
    serve: Annotated[bool, typer.Option("--serve", help="Serve it, until stopped.")] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=1, max=65535)] = None,
) -> None:
    """Load demonstration data. Doing it again changes nothing."""
    settings = serving.listening(Settings.from_environment(), host, port)
    if serve:
        need_free_port(settings)
        # While the database starts, the server's code is read.
        threading.Thread(target=read_ahead, name="imports").start()
    lease = None if settings.database_url else embedded.start(settings)
    try:
        ready = replace(settings, database_url=lease.dsn) if lease else settings
        chosen = steps.CDNOW if simulate is None else steps.simulated(simulate, orders_per_customer, seed)
        with few_collections():
            credentials = asyncio.run(prepare(ready, chosen))
        introduce(ready, credentials, serve)
        if serve:
            serving.start(ready)
    finally:
        if lease:
            lease.stop()


def read_ahead() -> None:
    """What is wrong with the server's code is told by its start, not here."""
    with suppress(Exception):
        serving.server()


@contextmanager
def few_collections() -> Iterator[None]:
    """Many rows pass through and none forms a cycle: to look for cycles among them takes a tenth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def need_free_port(settings: Settings) -> None:
    """Say at once, and not after the loading, that the port is taken: the server itself does, in its words."""
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.settimeout(0.5)
        if probe.connect_ex((settings.host, settings.port)) == 0:
            serving.start(settings)


async def prepare(settings: Settings, chosen: tuple[steps.Step, ...]) -> Credentials:
    with told("Database") as shown:
        done = await migrations.migrate(settings.database_url)
        shown.result = f"{len(done)} migrations" if done else "up to date"
    async with database(settings):
        for step in chosen:
            with told(step.title) as shown:
                shown.result = await step.run(operator(), now(), shown.progress)
        return await have_credentials(operator(), settings.data_home, now=now())


def introduce(settings: Settings, credentials: Credentials, serve: bool) -> None:
    """Say where everything is."""
    remedy = f"(its password was told when it was made; `arzesh staff password {credentials.email}` makes another)"
    login = f"{credentials.email}  {credentials.password or remedy}"
    lines = {
        "GraphQL": f"{settings.url}/graphql",
        # After the # it is for the browser alone: the playground takes the token from there, and servers never see it.
        "GraphiQL": f"{settings.url}/graphiql#token={credentials.token}",
        "Panel": f"{settings.url}/admin",
        "Login": login,
        "Token": f"{credentials.token}  (reads everything, changes nothing)",
    }
    for name, value in lines.items():
        out.print(f"{name + ':':<10}{value}", markup=False)
    out.print("Ctrl+C stops it; the data stay." if serve else "Serve it with `arzesh serve`.")
