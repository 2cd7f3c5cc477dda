"""Custom fields: an organisation's own fields of a noun, with types that are held to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypedDict
from uuid import UUID

from crm import changes, dependents, money, text
from crm.access import Actor, Scope, need
from crm.audit import state
from crm.database import transaction
from crm.errors import DuplicateFound, Problems, ValidationFailed
from crm.events import EventType
from crm.rules.tree import RESERVED
from models import FieldDefinition, FieldType

MAX_TEXT = 2_000
MAX_POSITION = 10_000
_KEY = re.compile(r"[a-z][a-zA-Z0-9_]{0,59}")


class FieldFields(TypedDict, total=False):
    """What can be said of a custom field."""

    label: str
    labels: dict[str, str]
    choices: list[str]
    required: bool
    searchable: bool
    position: int


def _text(value: Any, field: FieldDefinition) -> str | None:
    if not isinstance(value, str):
        raise _wrong(field, value, "a text")
    return text.optional(value, field=f"customFields.{field.key}", limit=MAX_TEXT)


def _number(value: Any, field: FieldDefinition) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise _wrong(field, value, "a number")
    exact = money.amount(str(value), field=f"customFields.{field.key}", signed=True)
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def _boolean(value: Any, field: FieldDefinition) -> bool:
    if not isinstance(value, bool):
        raise _wrong(field, value, "true or false")
    return value


def _date(value: Any, field: FieldDefinition) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise _wrong(field, value, "a date such as 2026-03-21") from None


def _choice(value: Any, field: FieldDefinition) -> str:
    if value not in field.choices:
        raise _wrong(field, value, f"one of: {', '.join(field.choices)}")
    return str(value)


_READERS: dict[FieldType, Callable[[Any, FieldDefinition], Any]] = {
    FieldType.TEXT: _text,
    FieldType.NUMBER: _number,
    FieldType.BOOLEAN: _boolean,
    FieldType.DATE: _date,
    FieldType.CHOICE: _choice,
}


def _wrong(field: FieldDefinition, value: Any, wanted: str) -> ValidationFailed:
    path = ("customFields", field.key)
    return ValidationFailed(f"customFields.{field.key} is {str(value)[:60]!r}; it must be {wanted}.", path=path)


async def definitions(noun: str) -> list[FieldDefinition]:
    """The fields in use, in their order."""
    return await FieldDefinition.filter(noun=noun, archived_at=None).order_by("position", "key")


def merged(known: list[FieldDefinition], old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The old values with the new ones over them, checked; null takes a value away.

    Raises Problems with one entry per unknown key or unfitting value.
    """
    if not isinstance(new, Mapping):
        raise ValidationFailed(
            "customFields must be an object: a value under each field's key.", path=("customFields",)
        )
    by_key = {field.key: field for field in known}
    result = dict(old)
    problems: list[Any] = []
    for key, value in new.items():
        try:
            result[key] = _read(by_key, key, value)
        except ValidationFailed as problem:
            problems.append(problem)
    result = {key: value for key, value in result.items() if value is not None}
    problems += [
        ValidationFailed(f"customFields.{field.key} is required.", path=("customFields", field.key))
        for field in known
        if field.required and field.key not in result and field.key not in new
    ]
    if problems:
        raise Problems(problems)
    return result


def _read(by_key: dict[str, FieldDefinition], key: str, value: Any) -> Any:
    field = by_key.get(key)
    if field is None:
        names = ", ".join(sorted(by_key)) or "none is defined yet"
        raise ValidationFailed(f"There is no custom field '{key[:60]}' ({names}).", path=("customFields", key))
    if value is None:
        if field.required:
            raise ValidationFailed(f"customFields.{key} is required.", path=("customFields", key))
        return None
    return _READERS[field.type](value, field)


def searchable(known: list[FieldDefinition], values: dict[str, Any]) -> list[str]:
    return [str(values[field.key]) for field in known if field.searchable and field.key in values]


async def define(
    actor: Actor, *, key: str, type: FieldType, fields: FieldFields, noun: str = "customer"
) -> FieldDefinition:
    """Add a custom field. Raises ValidationFailed, DuplicateFound."""
    need(actor, Scope.SETTINGS_WRITE)
    if not _KEY.fullmatch(key):
        raise ValidationFailed(
            f"'{key[:60]}' cannot be a field's key; begin with a small letter, then letters, digits and _.",
            path=("key",),
        )
    if key in RESERVED:
        raise ValidationFailed(f"'{key}' is a word of the rule language; call the field otherwise.", path=("key",))
    async with transaction():
        if await FieldDefinition.exists(noun=noun, key=key):
            told = f"The custom field '{key}' exists already, if only archived; restore it or take another key."
            raise DuplicateFound(told, path=("key",))
        field = FieldDefinition(noun=noun, key=key, type=type, label=key)
        _apply(field, fields)
        return await changes.create(actor, field, EventType.FIELD_DEFINED)


async def update(actor: Actor, field_id: UUID, *, expected_version: int | None, fields: FieldFields) -> FieldDefinition:
    """Change a custom field; its key and type are fixed.

    Raises NotFound, VersionConflict, ValidationFailed, Forbidden, Blocked for a choice that a rule compares with.
    """
    need(actor, Scope.SETTINGS_WRITE)
    async with transaction():
        field = await changes.load(FieldDefinition, field_id, expected_version=expected_version)
        before = state(field)
        old = set(field.choices)
        _apply(field, fields)
        await _refuse_use(field, old - set(field.choices))
        await changes.save(actor, field, before, EventType.FIELD_CHANGED)
        return field


async def archive(actor: Actor, field_id: UUID, *, expected_version: int | None, now: datetime) -> FieldDefinition:
    """Take a custom field out of use; the values that customers have stay stored.

    Raises NotFound, VersionConflict, Forbidden, Blocked while a rule speaks of it.
    """
    need(actor, Scope.SETTINGS_WRITE)
    async with transaction():
        field = await changes.load(FieldDefinition, field_id, expected_version=expected_version)
        await _refuse_use(field)
        before = state(field)
        field.archived_at = field.archived_at or now
        await changes.save(actor, field, before, EventType.FIELD_CHANGED)
        return field


async def restore(actor: Actor, field_id: UUID, *, expected_version: int | None) -> FieldDefinition:
    """Take an archived custom field into use again, with the values that customers still have.

    Raises NotFound, VersionConflict, Forbidden.
    """
    need(actor, Scope.SETTINGS_WRITE)
    async with transaction():
        field = await changes.load(FieldDefinition, field_id, expected_version=expected_version)
        before = state(field)
        field.archived_at = None
        await changes.save(actor, field, before, EventType.FIELD_CHANGED)
        return field


async def _refuse_use(field: FieldDefinition, choices: set[str] | None = None) -> None:
    """Raise Blocked while rules speak of the field, or compare it with one of the choices."""
    if field.noun == "customer" and (choices is None or choices):
        what = f"The custom field '{field.key}'"
        if choices:
            what = f"A choice of the custom field '{field.key}' ({', '.join(sorted(choices)[:5])})"
        path = ("id",) if choices is None else ("choices",)
        await dependents.refuse_use(what, await dependents.users_of_field(field.key, choices), path=path)


def _apply(field: FieldDefinition, values: FieldFields) -> None:
    if "label" in values:
        field.label = text.required(values["label"], field="label", limit=120)
    if "choices" in values:
        field.choices = [text.required(choice, field="choices", limit=120) for choice in values["choices"]]
    if "labels" in values:
        field.labels = _labels(values["labels"])
    field.required = values.get("required", field.required)
    field.searchable = values.get("searchable", field.searchable)
    field.position = _position(values.get("position", field.position))
    if field.type is FieldType.CHOICE and not field.choices:
        raise ValidationFailed("A field of type CHOICE needs choices.", path=("choices",))


def _labels(given: Any) -> dict[str, str]:
    if not isinstance(given, Mapping) or not all(isinstance(label, str) for label in given.values()):
        raise ValidationFailed('labels must be an object of texts by language, such as {"fa": "…"}.', path=("labels",))
    return {str(locale): text.clean(label, field="labels", limit=120) for locale, label in given.items()}


def _position(given: int) -> int:
    if not 0 <= given <= MAX_POSITION:
        raise ValidationFailed(f"position {given} must lie between 0 and {MAX_POSITION:,}.", path=("position",))
    return given
