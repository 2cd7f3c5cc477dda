"""A whole server process: it starts, serves, says why it cannot, and stops without dropping a request."""

from __future__ import annotations

import asyncio
import itertools
import os
import pickle
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE
from typing import Any

import httpx
import pytest

from api.server import CannotListen, listen
from crm.settings import Settings
from tests.api.conftest import ask, minted

ROOT = Path(__file__).parents[2]
Process = asyncio.subprocess.Process
Start = Callable[..., AbstractAsyncContextManager[tuple[Process, httpx.AsyncClient]]]


def free_port() -> int:
    """A port that nobody listens on, below those that systems give to whoever asks for any."""
    for port in itertools.count(20_000 + os.getpid() % 10_000):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("unreachable")


async def answered(client: httpx.AsyncClient, path: str) -> int | None:
    """The status of an address, None when nobody listens."""
    try:
        return (await client.get(path)).status_code
    except httpx.TransportError:
        return None


async def until(client: httpx.AsyncClient, path: str, *wanted: int | None) -> None:
    async with asyncio.timeout(240):
        while await answered(client, path) not in wanted:  # noqa: ASYNC110 - another process tells nobody
            await asyncio.sleep(0.05)


@pytest.fixture
def start(settings: Settings) -> Start:
    """Starts a server process and waits until its readiness is `ready`."""

    @asynccontextmanager
    async def running(
        *, workers: int = 1, slow: bool = False, ready: int = 200, **changed: Any
    ) -> AsyncIterator[tuple[Process, httpx.AsyncClient]]:
        chosen = replace(settings, port=free_port(), log_format="json", **changed)
        secret = (await minted()).secret
        arguments = (sys.executable, "-m", "tests.api.serving")
        process = await asyncio.create_subprocess_exec(*arguments, cwd=ROOT, stdin=PIPE, stdout=PIPE, stderr=PIPE)
        assert process.stdin
        process.stdin.write(pickle.dumps((chosen, workers, slow)))
        process.stdin.close()
        headers = {"Authorization": f"Bearer {secret}"}
        try:
            async with httpx.AsyncClient(base_url=chosen.url, headers=headers, timeout=60) as client:
                await until(client, "/readyz", ready)
                yield process, client
        finally:
            if process.returncode is None:
                process.terminate()
            await process.communicate()

    return running


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_server_finishes_what_it_answers_and_ends_well(start: Start, number: int) -> None:
    async with start(slow=True) as (process, client):
        answering = asyncio.create_task(ask(client))
        assert process.stdout
        assert await process.stdout.readline() == b"asked\n"
        process.send_signal(number)
        assert (await answering).json() == {"data": {"slow": True}}
        _, errors = await process.communicate()
    assert process.returncode == 0
    assert b"Traceback" not in errors


async def test_readiness_is_red_before_connections_are_refused(start: Start) -> None:
    async with start(drain_pause=3.0) as (process, client):
        process.terminate()
        await until(client, "/readyz", 503)
        assert (await ask(client)).status_code == 200
        assert await answered(client, "/livez") == 200
        assert await asyncio.wait_for(process.wait(), 120) == 0


async def test_a_server_starts_without_its_database_and_says_so(start: Start) -> None:
    away = f"postgresql://nobody:x@127.0.0.1:{free_port()}/none"
    async with start(ready=503, database_url=away, acquire_timeout=0.2) as (_, client):
        answer = await ask(client)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert await answered(client, "/livez") == 200


@pytest.mark.slow
async def test_several_processes_serve_one_port_and_add_up_their_figures(start: Start) -> None:
    async with start(workers=2, open_metrics=True) as (process, client):
        for _ in range(20):
            async with httpx.AsyncClient(base_url=client.base_url, headers=client.headers) as another:
                assert (await ask(another)).status_code == 200
        counted = [line for line in (await client.get("/metrics")).text.splitlines() if "_seconds_count" in line]
        graphql = next(line for line in counted if 'surface="graphql"' in line)
        assert graphql.endswith(" 20.0")
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 120) == 0


async def test_a_port_in_use_is_named_with_a_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(CannotListen, match=f"Port {port} on 127.0.0.1 is in use.*--port {port + 1}"),
            listen("127.0.0.1", port),
        ):
            pass


async def test_an_address_of_another_machine_is_named_with_a_remedy() -> None:
    with pytest.raises(CannotListen, match=r"no address 203\.0\.113\.7; use 127\.0\.0\.1"), listen("203.0.113.7", 0):
        pass
