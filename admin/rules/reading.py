"""Reading what the editor sends: the text or the form of a rule, and everything that is wrong with it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request

from admin.rules.faults import shown, told
from admin.rules.form import from_form, pretty, to_form
from crm.access import Actor
from crm.errors import CrmError
from crm.rules.text import parse
from crm.segments import completing


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object that was sent, or 400."""
    try:
        found = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise HTTPException(400)
    return found


async def read(actor: Actor, given: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The rule as text and as form, with its faults; `form` is None for a text that cannot be read at all."""
    text = given.get("text")
    if not isinstance(text, str):
        try:
            text = pretty(from_form(given.get("form")))
        except CrmError as problem:
            return {"text": None, "form": None, "faults": told(problem)}
    key = given.get("segment")
    found = await completing.read(actor, text, now=now, key=key if isinstance(key, str) else None)
    form = to_form(parse(text)) if found.rule is not None else None
    return {"text": text, "form": form, "faults": [shown(fault) for fault in found.faults]}
