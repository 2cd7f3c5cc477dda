"""What a view may ask of a request: who is there, and what time it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

from starlette.exceptions import HTTPException
from starlette.requests import Request

from crm.access import Actor, Scope


def actor_of(request: Request) -> Actor:
    """The signed-in staff member; every page but the sign-in has one."""
    actor = getattr(request.state, "actor", None)
    if actor is None:
        raise HTTPException(401)
    return cast("Actor", actor)


def may(request: Request, *scopes: Scope) -> bool:
    actor = getattr(request.state, "actor", None)
    return actor is not None and all(actor.may(scope) for scope in scopes)


def now() -> datetime:
    """The time of the request; the panel is an edge, so the clock is read here."""
    return datetime.now(UTC)
