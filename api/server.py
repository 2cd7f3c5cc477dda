"""Running the application: one process or several behind one port, stopped without dropping a request."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.supervisors.multiprocess import Multiprocess

from api.app import create_app, refuse_older_shape
from api.health import Readiness
from api.metrics import MULTIPROCESS
from crm import embedded, logs
from crm.database import connected
from crm.errors import CrmError
from crm.settings import Settings


class CannotListen(CrmError):
    """The address cannot be listened on."""

    code = "CANNOT_LISTEN"


def serve(settings: Settings, *, workers: int = 1) -> None:
    """Serve until SIGTERM or SIGINT, then end by returning or SystemExit(0).

    Raises CannotListen, EmbeddedFailure, SettingsInvalid and MigrationsMissing before anything is served.
    """
    logs.configure(settings.log_level, settings.log_format)
    with orderly_end(), listen(settings.host, settings.port) as listening, database(settings) as dsn:
        settings = replace(settings, database_url=dsn)
        asyncio.run(check(settings))
        if workers == 1:
            uvicorn.Server(configuration(settings)).run([listening])
        else:
            with shared_figures():
                Multiprocess(configuration(settings, workers), [listening]).run()


async def check(settings: Settings) -> None:
    """What would make every process fail is found out once, before, and told without a traceback."""
    create_app(settings)
    async with connected(settings.database_url, settings, eager=False):
        await refuse_older_shape()


def configuration(settings: Settings, workers: int = 1) -> uvicorn.Config:
    return uvicorn.Config(
        partial(make, settings),
        factory=True,
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=max(1, round(settings.shutdown_grace)),
        ws_max_size=settings.body_limit,
        timeout_worker_healthcheck=120,  # a process that still starts on a busy machine is not hung
        timeout_keep_alive=65,  # above the 60 s of common proxies, which then never reuse a closed connection
    )


def make(settings: Settings) -> Starlette:
    """The application inside of the process that serves it, which has its own log lines and signals."""
    logs.configure(settings.log_level, settings.log_format)
    app = create_app(settings)
    red_first(app.state.readiness, settings.drain_pause)
    return app


def red_first(readiness: Readiness, pause: float) -> None:
    """At a signal turn readiness red, and let the server hear of it a pause later; at a second one, at once."""
    for number in (signal.SIGTERM, signal.SIGINT):
        heard = signal.getsignal(number)
        if callable(heard):
            signal.signal(number, _red_then(readiness, pause, heard))


def _red_then(readiness: Readiness, pause: float, heard: Any) -> Any:
    def handle(number: int, frame: FrameType | None) -> None:
        first, readiness.draining = not readiness.draining, True
        if first and pause:
            threading.Timer(pause, heard, (number, None)).start()
        else:
            heard(number, frame)

    return handle


@contextmanager
def orderly_end() -> Iterator[None]:
    """SIGTERM and SIGINT, raised again by uvicorn when it has ended, leave the blocks around in good order."""
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The database's address; the embedded server runs as long as this process, for all of its workers."""
    if settings.database_url:
        yield settings.database_url
    else:
        with embedded.start(settings) as dsn:
            yield dsn


@contextmanager
def shared_figures() -> Iterator[None]:
    """A folder through which the processes' metrics are added up."""
    with tempfile.TemporaryDirectory(prefix="arzesh-metrics-") as folder:
        os.environ[MULTIPROCESS] = folder
        try:
            yield
        finally:
            del os.environ[MULTIPROCESS]


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """The open socket of host and port; port 0 takes any free one. Raises CannotListen, naming the remedy."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except OSError as error:
            raise refused(host, port, error) from None
        listening.set_inheritable(True)
        yield listening


def refused(host: str, port: int, error: OSError) -> CannotListen:
    reasons = {
        errno.EADDRINUSE: f"Port {port} on {host} is in use; stop what uses it, or choose another: --port {port + 1}.",
        errno.EACCES: f"Port {port} needs more rights than this user has; choose one from 1024 on: --port 8000.",
        errno.EADDRNOTAVAIL: f"This machine has no address {host}; use 127.0.0.1, or 0.0.0.0 for all it has.",
    }
    return CannotListen(reasons.get(error.errno or 0, f"Cannot listen on {host}, port {port}: {error.strerror}."))
