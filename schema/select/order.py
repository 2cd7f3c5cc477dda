"""Orders of lists: their keys, the position of nulls, and the pages that follow or precede a place in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crm.access import Scope
from schema.select.kinds import CASTS, Kind, written
from schema.select.rows import Row


@dataclass(frozen=True)
class By:
    """An order by one field, by its name in Python."""

    name: str
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True)
class OrderKey:
    """What a list can be ordered by."""

    name: str
    kind: Kind
    nullable: bool
    expression: Callable[[Row], str]
    scope: Scope | None = None
    join: Callable[[Row], str] | None = None

    @classmethod
    def column(cls, name: str, kind: Kind, nullable: bool, scope: Scope | None = None) -> OrderKey:
        return cls(name.upper(), kind, nullable, lambda row: getattr(row, name), scope)


@dataclass(frozen=True)
class Key:
    """One key of an order that was asked for, as SQL over the rows of the list."""

    sql: str
    kind: Kind
    nullable: bool
    descending: bool
    nulls_first: bool

    def turned(self) -> Key:
        """The same key, read from the end of the list."""
        return replace(self, descending=not self.descending, nulls_first=not self.nulls_first)

    @property
    def ordering(self) -> str:
        nulls = f" NULLS {'FIRST' if self.nulls_first else 'LAST'}" if self.nullable else ""
        return f"{self.sql}{' DESC' if self.descending else ''}{nulls}"


@dataclass(frozen=True)
class Branch:
    """A stretch of a list whose first key is nowhere null, or everywhere: each can follow an index."""

    where: tuple[str, ...]
    order: str


Bind = Callable[[Any, str], str]


def ordering(keys: Sequence[Key]) -> str:
    return ", ".join(key.ordering for key in keys)


def branches(keys: Sequence[Key], place: Sequence[Any] | None, bind: Bind) -> list[Branch]:
    """The stretches of the list after a place in it, in their order; the last key is unique and never null.

    PostgreSQL cannot read "descending, nulls last" from an index in one go, which is how people want the best
    customers; as two stretches it can.
    """
    first, rest = keys[0], keys[1:]
    if not first.nullable:
        return [Branch(after(keys, place, bind), ordering(keys))]
    known = replace(first, nullable=False)
    with_value: Callable[..., Branch] = lambda at: Branch(  # noqa: E731
        (f"{first.sql} IS NOT NULL", *after([known, *rest], at, bind)), ordering([known, *rest])
    )
    without: Callable[..., Branch] = lambda at: Branch(  # noqa: E731
        (f"{first.sql} IS NULL", *after(rest, at, bind)), ordering(rest)
    )
    if place is None:
        return [without(None), with_value(None)] if first.nulls_first else [with_value(None), without(None)]
    if place[0] is None:
        here = without(place[1:])
        return [here, with_value(None)] if first.nulls_first else [here]
    here = with_value(place)
    return [here] if first.nulls_first else [here, without(None)]


def after(keys: Sequence[Key], place: Sequence[Any] | None, bind: Bind) -> tuple[str, ...]:
    """The condition of coming later in the list than a place."""
    if place is None:
        return ()
    bound = [None if value is None else bind(value, CASTS[key.kind]) for key, value in zip(keys, place, strict=True)]
    if len({key.descending for key in keys}) == 1 and not any(key.nullable for key in keys):
        # One comparison of rows is what PostgreSQL turns into a start position in an index.
        sign = "<" if keys[0].descending else ">"
        left = ", ".join(key.sql for key in keys)
        return (f"({left}) {sign} ({', '.join(value or 'NULL' for value in bound)})",)
    return (_later(list(keys), bound),)


def _later(keys: list[Key], bound: list[str | None]) -> str:
    key, value = keys[0], bound[0]
    beyond = _beyond(key, value)
    if len(keys) == 1:
        return beyond
    same = f"{key.sql} IS NULL" if value is None else f"{key.sql} = {value}"
    return f"({beyond} OR ({same} AND {_later(keys[1:], bound[1:])}))"


def _beyond(key: Key, value: str | None) -> str:
    if value is None:
        return f"{key.sql} IS NOT NULL" if key.nulls_first else "false"
    sign = "<" if key.descending else ">"
    comparison = f"{key.sql} {sign} {value}"
    if key.nullable and not key.nulls_first:
        return f"({comparison} OR {key.sql} IS NULL)"
    return comparison


def written_keys(keys: Sequence[Key]) -> list[str]:
    """The keys as a cursor carries them."""
    return [key.sql if key.kind is Kind.ID else written(key.kind, key.sql) for key in keys]
