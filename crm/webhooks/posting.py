"""One HTTP request to an endpoint: to addresses that were looked at, within a time, without following anybody."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpcore

from crm.webhooks.addresses import Refused, resolve

TO_CONNECT = 5.0
TO_ANSWER = 15.0
"""Seconds for the whole exchange; a peer that drips its answer has no more."""
EXCERPT = 1_000
"""Characters of an answer that are kept."""
MOST_READ = 16_384
"""Bytes of an answer that are read; a longer one costs its connection."""
CONNECTIONS = 100
LONGEST_WISH = 86_400.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a status with the beginning of the body, or the `error` that kept an answer from coming.

    `wait` is how many seconds the other side asks to be left alone.
    """

    status: int | None = None
    excerpt: str = ""
    error: str | None = None
    wait: float | None = None

    @property
    def good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Guarded(httpcore.AsyncNetworkBackend):
    """Connects to the addresses that were looked at; the name stays for TLS, so a certificate has to fit it."""

    def __init__(self, *, private: bool) -> None:
        self.private = private
        self.inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await resolve(host, port, private=self.private)
        for address in addresses[:-1]:
            try:
                return await self.inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self.inner.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise Refused("webhooks are sent over the network only")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@cache
def _trusted() -> ssl.SSLContext:
    """Whom certificates are believed of; reading them takes a tenth of a second."""
    return httpcore.default_ssl_context()


def pool(*, private: bool, trusted: ssl.SSLContext | None = None) -> httpcore.AsyncConnectionPool:
    """Connections to endpoints, kept for a while. Proxies that the environment names are not asked."""
    return httpcore.AsyncConnectionPool(
        ssl_context=trusted or _trusted(),
        max_connections=CONNECTIONS,
        max_keepalive_connections=CONNECTIONS // 2,
        keepalive_expiry=20.0,
        network_backend=Guarded(private=private),
    )


async def post(
    connections: httpcore.AsyncConnectionPool,
    url: str,
    headers: dict[str, str],
    body: bytes,
    *,
    seconds: float = TO_ANSWER,
) -> Answer:
    """Send a body and tell what came back; whatever goes wrong is an answer, too."""
    waits = {"connect": TO_CONNECT, "read": seconds, "write": seconds, "pool": seconds}
    try:
        async with asyncio.timeout(seconds):
            async with connections.stream(
                "POST", url, headers=list(headers.items()), content=body, extensions={"timeout": waits}
            ) as response:
                beginning = await _beginning(response)
                return Answer(response.status, shown(beginning), wait=_wish(response))
    except (TimeoutError, httpcore.TimeoutException):
        return Answer(error=f"no answer within {seconds:g} s")
    except Refused as refused:
        return Answer(error=str(refused)[:300])
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError, ValueError) as error:
        return Answer(error=f"{type(error).__name__}: {error}"[:300])


async def _beginning(response: httpcore.Response) -> bytes:
    read = b""
    async for chunk in response.aiter_stream():
        read += chunk
        if len(read) >= MOST_READ:
            break
    return read


def shown(body: bytes) -> str:
    """The beginning of an answer as text that can be kept and shown."""
    text = body[: EXCERPT * 4].decode("utf-8", "replace")[:EXCERPT]
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "�" for sign in text)


def _wish(response: httpcore.Response) -> float | None:
    """`Retry-After` in seconds, of answers that can have one."""
    if response.status not in (429, 503):
        return None
    text = next((value.decode("latin-1") for name, value in response.headers if name.lower() == b"retry-after"), "")
    if text.strip().isdigit():
        return min(float(text.strip()[:9]), LONGEST_WISH)
    return None
