"""What every table shares: a time-ordered key made by the application, its times, its version."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as DriverUUID
from tortoise import fields
from tortoise.models import Model
from uuid_utils import uuid7


def new_id() -> UUID:
    """A UUIDv7: unique without asking the database, and in the order of its making.

    It is of the driver's own class, a `uuid.UUID` that is made, hashed and sent several times as fast.
    """
    made: UUID = DriverUUID(uuid7().bytes)
    return made


R = TypeVar("R", bound=Model)


def fresh(model: type[R], **values: Any) -> R:
    """`model(**values)` for values of the fields' own types, but fast: bulk use cases make thousands of records."""
    blank, copied = _blank(model)
    record = model.__new__(model)
    state = record.__dict__
    state.update(blank, id=new_id(), _await_when_save={}, **values)
    for name in copied - values.keys():
        state[name] = blank[name].copy()
    return record


@cache
def _blank(model: type[Model]) -> tuple[dict[str, Any], frozenset[str]]:
    """The state of a new record, and the names of the defaults that each record needs a copy of."""
    blank = dict(model().__dict__)
    return blank, frozenset(name for name, value in blank.items() if isinstance(value, dict | list))


class Record(Model):
    """A row with a key and its times."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)

    # Tortoise's own looks for asynchronous defaults, of which we have none, and for relations of another class, which
    # the type checker finds, at every assignment; an import makes over a million of them.
    __setattr__ = object.__setattr__  # type: ignore[assignment]

    class Meta:
        abstract = True


class Versioned(Record):
    """A row that people edit: each change names the version that it was made from."""

    version = fields.IntField(default=1)

    class Meta:
        abstract = True


def money(**options: Any) -> Any:
    """An exact amount; its currency stands in a column beside it."""
    return fields.DecimalField(max_digits=20, decimal_places=4, **options)


def rate(**options: Any) -> Any:
    """An exchange rate: how much of the base currency one unit of the other is."""
    return fields.DecimalField(max_digits=20, decimal_places=10, **options)


def currency(**options: Any) -> Any:
    """An ISO 4217 code."""
    return fields.CharField(max_length=3, **options)
