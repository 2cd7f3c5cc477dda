"""A small HTTP load generator: a few connections that each ask again as soon as they were answered."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """What one contestant did in one round."""

    seconds: float = 0.0
    cpu: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def quantile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Asker(asyncio.Protocol):
    """One connection. It stops by itself at the deadline."""

    def __init__(self, request: bytes, until: float, tally: Tally, done: asyncio.Future[None]) -> None:
        self.request, self.until, self.tally, self.done = request, until, tally, done
        self.buffer = bytearray()
        self.missing = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        self.began = time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.missing < 0:
            head, found, _ = bytes(self.buffer).partition(b"\r\n\r\n")
            if not found:
                return
            if b" 200 " not in head.split(b"\r\n", 1)[0]:
                self.fail(bytes(self.buffer[:500]))
                return
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            self.missing = len(head) + 4 + int(length.split(b":")[1])
        if len(self.buffer) >= self.missing:
            self.answered()

    def answered(self) -> None:
        now = time.perf_counter()
        self.tally.latencies.append(now - self.began)
        self.buffer.clear()
        self.missing = -1
        if now < self.until:
            self.ask()
        else:
            self.transport.close()
            self.done.set_result(None)

    def fail(self, said: bytes) -> None:
        self.transport.close()
        self.done.set_exception(RuntimeError(f"unexpected answer: {said.decode(errors='replace')}"))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))


async def load(port: int, request: bytes, *, seconds: float, connections: int) -> Tally:
    """Ask for `seconds` over several connections."""
    loop = asyncio.get_running_loop()
    tally = Tally()
    began = time.perf_counter()
    done: list[asyncio.Future[None]] = [loop.create_future() for _ in range(connections)]
    for future in done:
        await loop.create_connection(
            lambda future=future: Asker(request, began + seconds, tally, future),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
    await asyncio.wait_for(asyncio.gather(*done), seconds + 30)
    tally.seconds = time.perf_counter() - began
    return tally


def post(path: str, body: bytes, **headers: str) -> bytes:
    """A request as it goes over the wire."""
    named = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in named.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
