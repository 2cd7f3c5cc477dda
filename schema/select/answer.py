"""Answers as bytes: data, errors, and what stands beside them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from graphql import GraphQLError, get_location

from crm.errors import CrmError, Problems
from schema.select.rendered import Located
from schema.select.request import GraphQLResponse

logger = logging.getLogger(__name__)

HIDDEN = "Something went wrong on our side; it has been noted. Name the request id when you report it."


def camel(name: str) -> str:
    """The name of a detail as clients read it."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def crm_errors(error: CrmError, where: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """An expected failure in GraphQL's form; several when the input has several faults."""
    if isinstance(error, Problems):
        return [entry for part in error.problems for entry in crm_errors(part, where)]
    details = {camel(name): value for name, value in error.details.items() if value is not None}
    extensions = {"code": error.code, **details} | ({"inputPath": list(error.path)} if error.path else {})
    return [{"message": error.message, **(where or {}), "extensions": extensions}]


def place_of(error: Located) -> dict[str, Any]:
    """Where in the document and in the answer a failure belongs."""
    node = error.selected.nodes[0]
    found: dict[str, Any] = {"path": list(error.selected.path)}
    if node.loc:
        at = get_location(node.loc.source, node.loc.start)
        found["locations"] = [{"line": at.line, "column": at.column}]
    return found


def graphql_error(error: GraphQLError, code: str, request_id: str | None) -> list[dict[str, Any]]:
    """An error of GraphQL's own machinery, or of a resolver under it; the unexpected is hidden and noted."""
    original = error.original_error
    shown: dict[str, Any] = dict(error.formatted)
    if isinstance(original, CrmError):
        where: dict[str, Any] = {name: shown[name] for name in ("path", "locations") if name in shown}
        return crm_errors(original, where)
    if original is not None and not isinstance(original, GraphQLError):
        logger.error("a resolver failed", exc_info=original, extra={"request_id": request_id})
        shown["message"] = HIDDEN
        shown["extensions"] = {"code": "INTERNAL", "requestId": request_id}
        return [shown]
    shown["extensions"] = {"code": code} | dict(shown.get("extensions") or {})
    return [shown]


def refused(errors: Sequence[Mapping[str, Any]], status: int) -> GraphQLResponse:
    """A request that was not carried out."""
    return GraphQLResponse(orjson.dumps({"errors": errors}), True, status, 0)


def hidden(error: Exception, request_id: str | None) -> GraphQLResponse:
    logger.error("a request failed", exc_info=error, extra={"request_id": request_id})
    return refused([{"message": HIDDEN, "extensions": {"code": "INTERNAL", "requestId": request_id}}], 500)


def spliced(entries: Iterable[tuple[bytes, bytes]], extensions: Mapping[str, Any]) -> bytes:
    """The answer made of ready parts: a response key, already quoted and with its colon, and its JSON."""
    body = b",".join([key + value for key, value in entries])
    tail = b',"extensions":' + orjson.dumps(extensions) if extensions else b""
    return b'{"data":{' + body + b"}" + tail + b"}"
