"""GraphQL over HTTP, the answer: status, media type, compression and caching."""

from __future__ import annotations

import asyncio
import hashlib
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson
from starlette.types import Send

from api.errors import error_body, error_headers
from api.facts import Facts
from api.negotiation import JSON
from crm.errors import CrmError
from schema.select.request import GraphQLResponse

# A client that knows only application/json reads errors of a document from a 200, so does the specification say.
DOCUMENT_FAILURES = frozenset({400, 403, 404, 409, 422})

GZIP_FROM = 8_192
"""Bytes from which compressing pays: below, an answer fits into a few packets anyway."""
GZIP_LEVEL = 1
"""Level 1 takes JSON to about a fifth; the higher ones cost a multiple of the time for a few percent."""
GZIP_ASIDE_FROM = 262_144
"""Bytes from which compression leaves the event loop for a thread."""

VARY = (b"vary", b"Accept, Accept-Encoding, Authorization, Cookie")
NO_STORE = (b"cache-control", b"no-store")


@dataclass(slots=True)
class Answer:
    """What goes to the socket."""

    body: bytes
    status: int = 200
    media_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)

    async def send(self, send: Send) -> None:
        raw = [VARY]
        if self.status != 304:  # which has no content, so that nothing is to be said of it
            raw += [content_type(self.media_type), (b"content-length", b"%d" % len(self.body))]
        if "cache-control" not in self.headers:
            raw.append(NO_STORE)
        for name, value in self.headers.items():
            raw.append((name.encode(), value.encode("latin-1", "replace")))
        await send({"type": "http.response.start", "status": self.status, "headers": raw})
        await send({"type": "http.response.body", "body": self.body})


@lru_cache(maxsize=16)
def content_type(media_type: str) -> tuple[bytes, bytes]:
    return b"content-type", f"{media_type}; charset=utf-8".encode()


def refusal(error: CrmError, facts: Facts, media_type: str, *, of_document: bool = False) -> Answer:
    """An error as an answer; `of_document` says that the request was well-formed GraphQL over HTTP."""
    facts.code = error.code
    status = told_status(error.status, media_type) if of_document else error.status
    return Answer(
        error_body(error, facts.request_id), status, media_type, error_headers(error, presented=facts.presented)
    )


def told_status(status: int, media_type: str) -> int:
    """The status of an answered document in the eyes of this kind of client."""
    return 200 if media_type == JSON and status in DOCUMENT_FAILURES else status


def answered(response: GraphQLResponse, facts: Facts, media_type: str) -> Answer:
    """The answer to an executed document; errors learn the request id, and the headers what they ask for."""
    answer = Answer(response.body, told_status(response.status, media_type), media_type)
    if response.errors:
        content = orjson.loads(response.body)
        entries = [entry.setdefault("extensions", {}) for entry in content["errors"]]
        for entry in entries:
            entry.setdefault("requestId", facts.request_id)
        facts.code = entries[0].get("code", "INVALID")
        answer.body = orjson.dumps(content)
        answer.headers |= failure_headers(response.status, entries[0])
    return answer


def failure_headers(status: int, first: Mapping[str, Any]) -> dict[str, str]:
    """What HTTP wants beside the status of a failed document."""
    if status == 405:
        return {"allow": "POST"}
    if status in (429, 503):
        return {"retry-after": str(max(1, math.ceil(first.get("waitMs", 1000) / 1000)))}
    return {}


def revalidated(answer: Answer, if_none_match: str) -> Answer:
    """A cacheable answer: the client keeps it and asks each time whether it still holds."""
    tag = f'W/"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
    answer.headers |= {"etag": tag, "cache-control": "private, no-cache"}
    if matches(tag, if_none_match):
        return Answer(b"", 304, answer.media_type, answer.headers)
    return answer


def matches(tag: str, if_none_match: str) -> bool:
    """Whether the client holds the answer with this tag; weak and strong tags are equal here (RFC 9110, 13.1.2)."""
    held = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return "*" in held or tag.removeprefix("W/") in held


async def compressed(answer: Answer, accept_encoding: str) -> Answer:
    """The answer gzipped, where the client can read that and it pays."""
    if len(answer.body) < GZIP_FROM or not accepts_gzip(accept_encoding):
        return answer
    if len(answer.body) < GZIP_ASIDE_FROM:
        answer.body = gzipped(answer.body)
    else:
        answer.body = await asyncio.to_thread(gzipped, answer.body)
    answer.headers["content-encoding"] = "gzip"
    return answer


def accepts_gzip(header: str) -> bool:
    found = (part.replace(" ", "").lower().partition(";") for part in header.split(","))
    return any(name == "gzip" and quality.rstrip("0.") != "q=" for name, _, quality in found)


def gzipped(body: bytes) -> bytes:
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()
