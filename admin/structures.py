"""JSON in words: what each of its parts is called, and its value as the reader reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from admin import words
from admin.problems import snake
from admin.told_changes import said


class Part(NamedTuple):
    """One part: its name in the reader's language, or as it is written where it has none; text, or its own parts."""

    name: str
    known: bool
    text: str
    parts: list[Part]


def parts(data: Mapping[str, Any]) -> list[Part]:
    """The parts of an object in their order; what has no words stays as it is written."""
    return [_part(key, value) for key, value in data.items()]


def _part(key: str, value: Any) -> Part:
    name = snake(key)
    # What begins with a capital was written by somebody, such as the heading of a file's column.
    known = key[:1].islower() and (name in words.LABELS or name.removesuffix("_id") in words.LABELS)
    inner = parts(value) if isinstance(value, Mapping) and value else []
    return Part(str(words.label(name)) if known else key, known, "" if inner else said(name, value), inner)
