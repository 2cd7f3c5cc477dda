"""Failures as HTTP answers: always JSON in GraphQL's error shape, never a traceback."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ExceptionHandler

from api.facts import facts_of
from crm.errors import CrmError, Problems

JSON = "application/json; charset=utf-8"

# What an HTTP status of the framework means in our words.
WORDS: dict[int, tuple[str, str]] = {
    404: ("NOT_FOUND", "There is nothing at this address; the API is at /graphql."),
    405: ("METHOD_NOT_ALLOWED", "This address does not take that method; see the header Allow."),
    413: ("PAYLOAD_TOO_LARGE", "The request body is too large."),
}
MASK = "Something went wrong on our side. If it happens again, report it with the request id."


class MalformedRequest(CrmError):
    """The request is not one that GraphQL over HTTP knows."""

    code = "BAD_REQUEST"
    status = 400


class MethodNotAllowed(CrmError):
    """Send GraphQL requests by POST; queries may come by GET too."""

    code = "METHOD_NOT_ALLOWED"
    status = 405


class NotAcceptable(CrmError):
    """Answers are application/graphql-response+json or application/json; accept one of them."""

    code = "NOT_ACCEPTABLE"
    status = 406


class UnsupportedMediaType(CrmError):
    """Send `Content-Type: application/json`, in UTF-8 and not compressed."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    status = 415


class PayloadTooLarge(CrmError):
    """The request body is too large."""

    code = "PAYLOAD_TOO_LARGE"
    status = 413


def error_entry(message: str, code: str, request_id: str, details: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """One entry of `errors`."""
    known = {key: value for key, value in (details or {}).items() if value is not None}
    return {"message": message, "extensions": {"code": code, "requestId": request_id, **_camel(known)}}


def _camel(details: Mapping[str, Any]) -> dict[str, Any]:
    return {_camel_word(key): value for key, value in details.items()}


def _camel_word(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(part.capitalize() for part in rest)


def error_body(error: CrmError, request_id: str) -> bytes:
    """The whole body that tells of an error."""
    found = error.problems if isinstance(error, Problems) else [error]
    entries = [error_entry(each.message, each.code, request_id, each.details) for each in found]
    return orjson.dumps({"errors": entries}, default=str)


def error_headers(error: CrmError, *, presented: bool = False) -> dict[str, str]:
    """The headers that HTTP wants beside the status; `presented` says that a credential came with the request."""
    headers = {}
    if error.status == 401:
        # RFC 6750: a code is told only about a credential that was there.
        headers["www-authenticate"] = 'Bearer realm="Arzesh"' + (', error="invalid_token"' if presented else "")
    if error.status == 405:
        headers["allow"] = error.details.get("allow", "GET, POST")
    wait = retry_after(error)
    if wait is not None:
        headers["retry-after"] = str(wait)
    return headers


def retry_after(error: CrmError) -> int | None:
    """Whole seconds until a repetition makes sense, for the errors that pass."""
    wait: float | None = error.details.get("retry_after")
    if "waitMs" in error.details:
        wait = error.details["waitMs"] / 1000
    if wait is None and error.status not in (429, 503):
        return None
    return max(1, math.ceil(wait or 1))


def error_response(request: Request, error: CrmError) -> Response:
    """An expected failure outside of the GraphQL endpoint."""
    facts = facts_of(request.scope)
    facts.code = error.code
    return Response(
        error_body(error, facts.request_id), error.status, error_headers(error, presented=facts.presented), JSON
    )


async def on_crm_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, CrmError)
    return error_response(request, error)


async def on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    facts = facts_of(request.scope)
    facts.code, message = WORDS.get(error.status_code, ("BAD_REQUEST", str(error.detail)))
    body = orjson.dumps({"errors": [error_entry(message, facts.code, facts.request_id)]})
    return Response(body, error.status_code, dict(error.headers or {}), JSON)


def masked(request_id: str) -> bytes:
    """The body for what nobody expected: it names the request and nothing else."""
    return orjson.dumps({"errors": [error_entry(MASK, "INTERNAL", request_id)]})


EXCEPTION_HANDLERS: dict[Any, ExceptionHandler] = {CrmError: on_crm_error, HTTPException: on_http_exception}
