"""`arzesh serve`."""

from __future__ import annotations

import pkgutil
from dataclasses import replace
from typing import Annotated, Any

import typer

from crm.settings import Settings

SERVER = "api.server:serve"
"""The server stands above this package: it is named here, as it would be to any ASGI server, and not imported."""


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=0, max=65535)] = None,
    workers: Annotated[int, typer.Option(help="Processes that share the port.", min=1, max=64)] = 1,
) -> None:
    """Serve the GraphQL API and the panel until stopped."""
    start(listening(Settings.from_environment(), host, port), workers)


def listening(settings: Settings, host: str | None, port: int | None) -> Settings:
    """The settings with what was said on the command line."""
    said = {"host": host, "port": port}
    return replace(settings, **{name: value for name, value in said.items() if value is not None})  # type: ignore[arg-type]


def start(settings: Settings, workers: int = 1) -> None:
    server()(settings, workers=workers)


def server() -> Any:
    return pkgutil.resolve_name(SERVER)
