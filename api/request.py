"""GraphQL over HTTP, the request: from a body or a query string to its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive

from api.errors import MalformedRequest, PayloadTooLarge

DEEPEST = 64
"""How deep arrays and objects may nest; GraphQL variables need a handful."""
MOST_PARAMETERS = 20


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a request may say; the document comes as text, by hash or by id."""

    query: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    operation_name: str | None = None
    extensions: Mapping[str, Any] = field(default_factory=dict)
    document_id: str | None = None


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


async def read_body(receive: Receive, announced: str, limit: int) -> bytes:
    """The whole body, of at most `limit` bytes. Raises PayloadTooLarge as soon as it is known, and ClientGone."""
    if announced.isdigit() and int(announced) > limit:
        raise too_large(limit)
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"The request body is above {limit:,} bytes; send less at once, or use an import for files.")


def from_body(body: bytes) -> Parameters:
    """The parameters of a POST. Raises MalformedRequest, naming what is wrong."""
    if not body.strip():
        raise MalformedRequest('The request body is empty; send JSON such as {"query": "{ me { label } }"}.')
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedRequest(f"The request body is not JSON: {error}.") from None
    if isinstance(parsed, list):
        raise MalformedRequest("The request body is a list; requests are not batched here, send them one by one.")
    if not isinstance(parsed, dict):
        raise MalformedRequest(f"The request body is {_kind(parsed)}; a JSON object is needed.")
    # Only a body with many brackets can be deep, and it is seldom.
    if body.count(b"[") + body.count(b"{") > DEEPEST and _depth(parsed) > DEEPEST:
        raise MalformedRequest(f"The request body nests deeper than {DEEPEST} levels.")
    return from_mapping(parsed)


def from_query_string(query_string: bytes) -> Parameters:
    """The parameters of a GET, where `variables` and `extensions` are JSON."""
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_PARAMETERS, errors="strict"
        )
    except ValueError:
        raise MalformedRequest(
            "The query string cannot be read; encode its values as UTF-8 and percent signs."
        ) from None
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise MalformedRequest(f"The parameter '{twice[:40]}' stands twice in the query string.")
    values: dict[str, Any] = {name: value for name, value in pairs if value}
    for name in ("variables", "extensions"):
        if name in values:
            values[name] = _json_parameter(name, values[name])
    return from_mapping(values)


def _json_parameter(name: str, text: str) -> Any:
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise MalformedRequest(f"The parameter '{name}' is not JSON: {error}.", path=(name,)) from None
    if _depth(parsed) > DEEPEST:
        raise MalformedRequest(f"The parameter '{name}' nests deeper than {DEEPEST} levels.", path=(name,))
    return parsed


def from_mapping(values: Mapping[str, Any]) -> Parameters:
    """Check the types; parameters that we do not know are let be, as the specification wants."""
    return Parameters(
        query=_typed(values, "query", str, "a string"),
        variables=_typed(values, "variables", dict, "an object") or {},
        operation_name=_typed(values, "operationName", str, "a string") or None,
        extensions=_typed(values, "extensions", dict, "an object") or {},
        document_id=_typed(values, "documentId", str, "a string") or None,
    )


def _typed(values: Mapping[str, Any], name: str, kind: type, wanted: str) -> Any:
    value = values.get(name)
    if value is not None and not isinstance(value, kind):
        raise MalformedRequest(f"The parameter '{name}' is {_kind(value)}; {wanted} is needed.", path=(name,))
    return value


def _kind(value: Any) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "an object"}
    return names.get(type(value), "null")


def _depth(value: Any) -> int:
    """How deep lists and objects nest, counted without recursion."""
    level, depth = [value], 0
    while level:
        level = [
            child
            for each in level
            if isinstance(each, list | dict)
            for child in (each.values() if isinstance(each, dict) else each)
        ]
        depth += 1
    return depth - 1
