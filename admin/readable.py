"""A field's value in a change, as the reader reads it: no JSON, no enum's name, no raw time."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from admin import formats, words

_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)")
_ENUM = re.compile(r"[A-Z]+(_[A-Z]+)+")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def readable(value: Any) -> str:
    """One value, whatever its kind; what has no words stays as it is."""
    if value is None or value in ("", {}, []):
        return formats.NOTHING
    if isinstance(value, bool):
        return words.yes_or_no(value)
    if isinstance(value, list):
        return words.listed([readable(each) for each in value])
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return formats.number(value)
    if isinstance(value, float | Decimal):
        return formats.figures(str(value))
    return orjson.dumps(value).decode() if isinstance(value, dict) else str(value)


def _text(value: str) -> str:
    if value.isupper() and (value in words.VALUES or _ENUM.fullmatch(value)):
        return words.value(value)
    if _TIME.fullmatch(value):
        return _moment(value)
    return formats.iso_day(value) if _DAY.fullmatch(value) else value


def _moment(text: str) -> str:
    try:
        return formats.moment(datetime.fromisoformat(text))
    except (ValueError, OverflowError):  # no time of any calendar: somebody typed it
        return text


def pretty(value: Any) -> str:
    """JSON for reading: a line for each part."""
    return orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode()
