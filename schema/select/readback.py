"""Reading back what was written, by the same compiler as everything that is read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from strawberry.types import Info

from models import Record
from schema.select.execution import KEY, readable


async def read_back(info: Info[Any, Any], model: type[Record], key: UUID | None) -> Any:
    """What the document selects of one record, ready for the answer; None when there is no such record.

    For the resolver of a payload's field: the place in the document is that of `info`. The statement was rendered,
    and its scopes checked, before the mutation began.
    """
    if key is None:
        return None
    execution = info.context.execution
    path = tuple(part for part in info.path.as_list() if isinstance(part, str))
    rendered = await readable(execution, path, execution.plan.sites[path])
    rows = await execution.read(rendered, {**execution.variables, KEY: key})
    return None if rows[0] == b"null" else orjson.Fragment(rows[0])
