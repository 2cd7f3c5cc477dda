"""Explaining documents to whoever runs programs on the machine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crm.access import Actor
from crm.errors import Problems, ValidationFailed
from schema import reader
from schema.select.documents import Invalid
from schema.select.explain import Depth, Explained
from schema.select.rendered import Located
from schema.select.request import GraphQLRequest


async def explain(
    document: str, variables: Mapping[str, Any], operation: str | None, actor: Actor, *, now: datetime, depth: str
) -> list[Explained]:
    """The statements of a document, which is not carried out. Raises CrmError, with what is wrong in it by line."""
    request = GraphQLRequest(document, now, variables, operation)
    try:
        return await reader.explain(request, actor, Depth(depth))
    except Invalid as error:
        raise Problems([ValidationFailed(_with_place(part)) for part in error.errors]) from None
    except Located as error:
        error.error.message = f"{'.'.join(error.selected.path)}: {error.error.message}"
        raise error.error from None


def _with_place(error: Any) -> str:
    places = [f"line {at.line}, column {at.column}: " for at in error.locations or ()][:1]
    return "".join([*places, error.message])
