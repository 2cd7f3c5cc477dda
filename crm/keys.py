"""Looking a row up by what clients call it."""

from __future__ import annotations

from typing import Any, TypeVar

from tortoise import Model
from tortoise.exceptions import ValidationError

M = TypeVar("M", bound=Model)


async def known(model: type[M], **named: Any) -> M | None:
    """The one row that is called so; None also for a name that is too long for its column to hold."""
    try:
        return await model.get_or_none(**named)
    except ValidationError:
        return None
