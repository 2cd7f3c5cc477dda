"""One process of each contestant, on a port of its own, ended by its id."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import orjson
import psutil

BY_HAND = (sys.executable, "-m", "uvicorn", "bench.by_hand:app", "--log-level", "warning")
RESOLVERS = (sys.executable, "-m", "uvicorn", "bench.peers.resolvers:app", "--log-level", "warning")
ARZESH = (str(Path(sys.executable).with_name("arzesh")), "serve")
POSTGRAPHILE = ("node", "-r", "./polyfill.cjs", "node_modules/.bin/postgraphile", "-C", "graphile.config.mjs")
FOLDER = Path(__file__).parent / "postgraphile"

WHOLE_API = {"ARZESH_COST_BUCKET": "1000000000", "ARZESH_COST_REFILL": "1000000000", "ARZESH_LOG_FORMAT": "json"}
"""As it is by default, with lines for machines, and budget enough for one who asks without a pause."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server process under test."""

    port: int
    process: psutil.Process

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        return float(sum(self.process.cpu_times()[:2]))

    def memory(self) -> float:
        """Megabytes."""
        return float(self.process.memory_info().rss / 1e6)


@asynccontextmanager
async def served(
    program: Sequence[str], dsn: str, *, folder: Path | None = None, **settings: str
) -> AsyncIterator[Server]:
    """The program, listening. What it writes goes to a file, as it would."""
    port = free_port()
    environment = {**os.environ, "DATABASE_URL": dsn, "PORT": str(port), **settings}
    words = program if folder else (*program, "--port", str(port))
    with tempfile.TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(*words, env=environment, cwd=folder, stdout=log, stderr=log)
        try:
            await listening(port)
            yield Server(port, psutil.Process(process.pid))
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()


@asynccontextmanager
async def ours(dsn: str) -> AsyncIterator[Server]:
    async with served(ARZESH, dsn, **WHOLE_API) as server:
        yield server


@asynccontextmanager
async def postgraphile(dsn: str) -> AsyncIterator[Server | None]:
    """PostGraphile, installed from npm at the first time; None, and a line that says so, where that is impossible."""
    missing = await asyncio.to_thread(install)
    if missing:
        sys.stdout.write(f"  PostGraphile is left out: {missing}\n")
        yield None
        return
    async with served(POSTGRAPHILE, dsn, folder=FOLDER, NODE_ENV="production") as server:
        yield server


def install() -> str:
    """Why PostGraphile cannot be had; empty when it is there."""
    if not shutil.which("npm"):
        return "there is no npm"
    if (FOLDER / "node_modules" / "postgraphile").is_dir():
        return ""
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=FOLDER, capture_output=True, text=True)
    return f"npm ci failed: {done.stderr.strip()[-200:]}" if done.returncode else ""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


async def listening(port: int) -> None:
    for _ in range(600):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise TimeoutError(f"nothing listens on port {port}")


async def answer(port: int, wire: bytes) -> Mapping[str, Any]:
    """What a request of the load generator is answered with."""
    head, _, body = wire.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, path, _ = first.split(" ")
    headers = dict(line.split(": ", 1) for line in lines)
    request = Request(f"http://127.0.0.1:{port}{path}", data=body or None, headers=headers, method=method)  # noqa: S310
    return await asyncio.to_thread(lambda: orjson.loads(urlopen(request, timeout=60).read()))  # noqa: S310
