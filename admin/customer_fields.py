"""The two composite parts of a customer's form: its identities, and the organisation's own fields."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette_admin import BaseField, RequestAction
from starlette_admin.i18n import get_locale
from starlette_admin.i18n import gettext as _

from admin import formats, words
from admin.fields import Typed
from admin.request import may
from crm import custom_fields
from crm.access import Scope
from crm.visibility import masked
from models import FieldDefinition, FieldType, Identity, IdentityKind

PARTS = ("id", "kind", "value", "source")


@dataclass
class Identities(Typed, BaseField):
    """E-mail addresses, phone numbers and external references, one a row."""

    form_template: str = "fields/identities_form.html"
    list_template: str = "fields/identities.html"
    detail_template: str = "fields/identities.html"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.searchable = self.orderable = False

    def typed(self, form: FormData) -> Any:
        columns = [[str(text).strip() for text in form.getlist(f"{self.id}.{part}")] for part in PARTS]
        if len({len(column) for column in columns}) > 1:
            # Half a row would read as rows taken away.
            raise HTTPException(400, _("The rows of identities are incomplete."))
        rows = [dict(zip(PARTS, row, strict=True)) for row in zip(*columns, strict=True)]
        return [row for row in rows if row["value"]]

    def shown(self, serialized: Any) -> Any:
        return [{part: row[part] for part in PARTS} for row in serialized or []]

    async def parse_form_data(self, request: Request, form_data: FormData) -> Any:
        return self.typed(form_data)

    async def parse_obj(self, request: Request, obj: Any) -> Any:
        return sorted(obj.identities, key=lambda each: (each.kind, each.created_at))

    async def serialize_value(self, request: Request, value: Any) -> Any:
        clear = may(request, Scope.PII_READ)
        if request.state.action == RequestAction.EXPORT:
            return "; ".join(each.value if clear else masked(each.value) for each in value)
        return [_plain(identity, clear=clear) for identity in value]


def _plain(identity: Identity, *, clear: bool) -> dict[str, Any]:
    value = identity.value if clear else masked(identity.value)
    return {
        "id": str(identity.id),
        "kind": identity.kind.value,
        "label": words.value(identity.kind),
        "value": value,
        "source": identity.source,
        "mail": clear and identity.kind is IdentityKind.EMAIL,
    }


@dataclass
class CustomFields(Typed, BaseField):
    """The fields that the organisation defined for its customers, each by its type."""

    form_template: str = "fields/custom_form.html"
    list_template: str = "fields/custom.html"
    detail_template: str = "fields/custom.html"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.searchable = self.orderable = False

    def typed(self, form: FormData) -> Any:
        prefix = f"{self.id}."
        return {name.removeprefix(prefix): str(form[name]).strip() for name in form if name.startswith(prefix)}

    def shown(self, serialized: Any) -> Any:
        return {row["key"]: row["typed"] for row in serialized or []}

    async def parse_form_data(self, request: Request, form_data: FormData) -> Any:
        """Key → value by the field's type; what does not fit is passed on, for the use case to name it."""
        await definitions(request)
        typed = self.typed(form_data)
        return {field.key: read(field, typed[field.key]) for field in request.state.custom if field.key in typed}

    async def get_create_default(self, request: Request) -> Any:
        await definitions(request)
        return {}

    async def serialize_value(self, request: Request, value: Any) -> Any:
        entries = [_entry(field, value.get(field.key)) for field in await definitions(request)]
        if request.state.action == RequestAction.EXPORT:
            return "; ".join(f"{entry['key']}={entry['typed']}" for entry in entries if entry["typed"])
        return entries


async def definitions(request: Request) -> list[FieldDefinition]:
    """The custom fields in use, asked for once a request; the form's template finds them there too."""
    if not hasattr(request.state, "custom"):
        request.state.custom = await custom_fields.definitions("customer")
    found: list[FieldDefinition] = request.state.custom
    return found


def read(field: FieldDefinition, text: str) -> Any:
    if text == "":
        return None
    if field.type is FieldType.BOOLEAN:
        return {"true": True, "false": False}.get(text, text)
    if field.type is FieldType.NUMBER:
        return _number(text)
    return text


def _number(text: str) -> Any:
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:
        return text


def _entry(field: FieldDefinition, value: Any) -> dict[str, Any]:
    return {"key": field.key, "label": name(field), "typed": _as_typed(value), "text": _as_text(field, value)}


def name(field: FieldDefinition) -> str:
    return field.labels.get(get_locale()) or field.label


def _as_typed(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _as_text(field: FieldDefinition, value: Any) -> str:
    if value is None:
        return formats.NOTHING
    if field.type is FieldType.BOOLEAN:
        return words.yes_or_no(bool(value))
    if field.type is FieldType.DATE:
        return formats.iso_day(str(value))
    return str(value)
