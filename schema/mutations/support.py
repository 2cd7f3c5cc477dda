"""What all mutations share: reading the input, calling one use case, answering with problems."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import strawberry
from strawberry.types.field import StrawberryField

from crm import ids
from crm.access import Actor
from crm.errors import CrmError, DatabaseUnavailable, Throttled, Timeout, Unauthenticated, ValidationFailed
from models import Record
from schema.context import Context
from schema.problems import Problem, problems_of
from schema.select.readback import read_back

Info = strawberry.Info[Context, None]
P = ParamSpec("P")
T = TypeVar("T")

# These say nothing about the input; they fail the request.
_NOT_FOR_THE_PAYLOAD = (DatabaseUnavailable, Throttled, Timeout, Unauthenticated)


@strawberry.type
class Payload:
    """What every mutation answers: what went wrong, if anything."""

    key: strawberry.Private[UUID | None] = None
    problems: list[Problem] = strawberry.field(
        default_factory=list, description="What kept the change from happening; empty when it happened."
    )


PayloadType = TypeVar("PayloadType", bound=Payload)


def answers(
    payload: type[PayloadType],
) -> Callable[[Callable[P, Awaitable[PayloadType]]], Callable[P, Awaitable[PayloadType]]]:
    """Turn what a client can expect to go wrong into the payload's problems."""

    def wrap(resolve: Callable[P, Awaitable[PayloadType]]) -> Callable[P, Awaitable[PayloadType]]:
        @functools.wraps(resolve)
        async def answer(*args: P.args, **kwargs: P.kwargs) -> PayloadType:
            try:
                return await resolve(*args, **kwargs)
            except _NOT_FOR_THE_PAYLOAD:
                raise
            except CrmError as error:
                return payload(problems=problems_of(error))

        return answer

    return wrap


def mutation(payload: type[PayloadType], description: str) -> Callable[[Callable[P, Awaitable[PayloadType]]], Any]:
    """A mutation field whose expected failures become problems of its payload."""

    def declare(resolve: Callable[P, Awaitable[PayloadType]]) -> Any:
        return strawberry.mutation(description=description)(answers(payload)(resolve))

    return declare


class WrittenField(StrawberryField):
    """The record that a mutation wrote, read back as the document selects it."""

    @property
    def is_basic_field(self) -> bool:
        return False

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Any:
        return read_back(info, self.metadata["model"], source.key)


def written(model: type[Record], description: str | None = None) -> Any:
    """Declares a payload's field for the record with the payload's key."""
    field = WrittenField(metadata={"model": model}, description=description)
    field.init = False  # nobody sets it: it is read
    return field


def given(source: Any, **readers: Callable[[Any], Any]) -> dict[str, Any]:
    """The fields that the client sent, by name; an absent one is left out, null is kept.

    A reader brings a value to what the use case takes; it is not asked about null.
    """
    fields = source.__strawberry_definition__.fields
    values = {field.python_name: getattr(source, field.python_name) for field in fields}
    sent = {name: value for name, value in values.items() if value is not strawberry.UNSET}
    return {
        name: readers[name](value) if name in readers and value is not None else value for name, value in sent.items()
    }


def without(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def refuse_null(values: dict[str, Any], *names: str) -> dict[str, Any]:
    """For columns that are never null: null is not the same as leaving a field out."""
    for name in names:
        if name in values and values[name] is None:
            camel = ids_path(name)
            raise ValidationFailed(f"{camel} cannot be null; leave it out to keep it as it is.", path=(camel,))
    return values


def ids_path(name: str) -> str:
    """The name of a field as clients write it."""
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def key(prefix: str, field: str) -> Callable[[str], UUID]:
    """A reader of public ids of one kind."""
    return functools.partial(ids.decode, prefix, path=(field,))


def optional_value(value: Any) -> Any:
    return None if value is strawberry.UNSET else value


def actor(info: Info) -> Actor:
    return info.context.actor


def idempotency_key(info: Info, sent: Any) -> str | None:
    """The key of the input, or else that of the request's header."""
    chosen: str | None = optional_value(sent) or info.context.idempotency_key
    return chosen


@strawberry.input(description="A record, and the version that the caller saw.")
class VersionedInput:
    id: strawberry.ID
    expected_version: int


@strawberry.type
class DeletePayload(Payload):
    deleted_id: strawberry.ID | None = None
