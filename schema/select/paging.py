"""Pages of lists: what was asked for, and the cursors that lead from page to page."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from crm.errors import ValidationFailed
from schema.select.kinds import READ, Kind
from schema.select.order import Key
from schema.select.render import Ask

MAX_PAGE = 100
DEFAULT_PAGE = 20
MAX_CURSOR = 4_000
OWNER = Key("", Kind.ID, nullable=False, descending=False, nulls_first=False)
"""What the cursor of a record's list carries last: the record's id."""


@dataclass(frozen=True)
class Page:
    """A stretch of a list: `size` rows after one place and before another, from the front or from the end.

    `owned` are conditions under which the cursors belong to the record whose list it is: elsewhere they make the
    statement fail.
    """

    size: int
    backward: bool
    after: Sequence[Any] | None
    before: Sequence[Any] | None
    owned: tuple[str, ...] = ()


def page(ask: Ask, keys: Sequence[Key], mark: str, owner: str | None) -> Page:
    """The page that the arguments of a connection ask for; raises ValidationFailed for what cannot be.

    `owner` is the id of the record whose list it is, as SQL; None for lists at the root.
    """
    first, last = ask.value("first"), ask.value("last")
    if first is not None and last is not None:
        raise ValidationFailed("'first' and 'last' exclude each other; give one of them.", path=("last",))
    for name, size in (("first", first), ("last", last)):
        if size is not None and not 1 <= size <= MAX_PAGE:
            raise ValidationFailed(
                f"'{name}' is {size}; a page has 1 to {MAX_PAGE} rows: give a size in that range, and read on "
                "with a cursor.",
                path=(name,),
            )
    carried = [*keys, OWNER] if owner else keys
    places = {name: place(ask.passing(name), name, carried, mark) for name in ("after", "before")}
    given = {name: found.pop() for name, found in places.items() if found and owner}
    return Page(
        size=first or last or DEFAULT_PAGE,
        backward=last is not None,
        after=places["after"],
        before=places["before"],
        owned=tuple(guarded(ask, name, str(owner), ask.render.bind(key, "uuid")) for name, key in given.items()),
    )


def guarded(ask: Ask, name: str, owner: str, wanted: str, value: str = "true", cast: str = "boolean") -> str:
    """A value, if the owner of the list is the one wanted; otherwise the statement fails: the cursor is foreign.

    Only the statement knows whose list it reads, and PostgreSQL raises no errors of ours but those of casts.
    """
    guard = ask.render.guard(ask.selected, foreign(name))
    return f"CASE WHEN {owner} = {wanted} THEN {value} ELSE ('{guard}' || {owner})::{cast} END"


def mark_of(*parts: Any) -> str:
    """A short sign of a list: its field, filter and order; cursors carry it."""
    try:
        content = orjson.dumps(parts, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except TypeError:  # a number of more than 64 bits in the filter
        content = json.dumps(parts, default=str, sort_keys=True).encode()
    return hashlib.blake2b(content, digest_size=6).hexdigest()


def cursor_sql(keys: Sequence[str], mark: str) -> str:
    """The expression of a row's cursor: the mark and the order's keys, as JSON in URL-safe base 64."""
    content = f"json_build_array({', '.join([mark, *keys])})::text"
    # PostgreSQL breaks base 64 into lines; translate drops the break and the padding.
    return f"translate(encode(convert_to({content}, 'UTF8'), 'base64'), E'+/=\\n', '-_')"


def place(cursor: str | None, name: str, keys: Sequence[Key], mark: str) -> list[Any] | None:
    """The values that a cursor carries; raises ValidationFailed for one that is damaged or of another list."""
    if cursor is None:
        return None
    parts = _opened(cursor, name)
    if len(parts) != len(keys) + 1 or parts[0] != mark:
        raise foreign(name)
    try:
        return [_value(key, part) for key, part in zip(keys, parts[1:], strict=True)]
    except (ValueError, ArithmeticError):
        raise _damaged(name) from None


def foreign(name: str) -> ValidationFailed:
    return ValidationFailed(
        f"'{name}' is a cursor of another list, filter or order; begin again without it, or repeat the "
        "arguments that it came from.",
        path=(name,),
    )


def _value(key: Key, part: Any) -> Any:
    if part is None:
        if not key.nullable:
            raise ValueError("null where there is none")
        return None
    return READ[key.kind](part)


def _opened(cursor: str, name: str) -> list[Any]:
    if len(cursor) > MAX_CURSOR:
        raise _damaged(name)
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        parts = orjson.loads(raw)
    except (ValueError, binascii.Error):
        raise _damaged(name) from None
    if not isinstance(parts, list):
        raise _damaged(name)
    return parts


def _damaged(name: str) -> ValidationFailed:
    return ValidationFailed(
        f"'{name}' is not a cursor; use one from `pageInfo` or `edges`, unchanged, or leave it out.", path=(name,)
    )
