"""What is known of a request while it is answered; the log line and the metrics are made of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.types import Scope
from uuid_utils import uuid7

from crm.access import Actor

KEY = "arzesh"
ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._:-]{8,64}")


@dataclass(slots=True)
class Facts:
    """One request: its id, who asked, what was asked for, and how it went."""

    request_id: str
    client: str = ""
    presented: bool = False
    credential: str | None = None
    operation: str | None = None
    document: str | None = None
    trusted: bool = False
    cost: int | None = None
    code: str | None = None


def facts_of(scope: Scope) -> Facts:
    """The facts of this request; made here when no middleware did before."""
    found: Facts | None = scope.get(KEY)
    if found is None:
        client = scope.get("client")
        found = scope[KEY] = Facts(request_id(scope["headers"]), client=client[0] if client else "")
    return found


def named(actor: Actor) -> str:
    """A credential as log lines name it."""
    return f"{actor.kind.value.lower()}:{actor.id}"


def request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The caller's `X-Request-Id` if it is a decent one, else a UUIDv7."""
    given = next((value.decode("latin-1") for name, value in headers if name == b"x-request-id"), "")
    return given if ACCEPTABLE_ID.fullmatch(given) else str(uuid7())
