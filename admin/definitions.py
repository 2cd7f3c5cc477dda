"""The organisation's own fields of a customer."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin.archiving import Archivable
from admin.fields import LongText, Text
from admin.layout import row
from crm import custom_fields
from crm.access import Actor, Scope
from crm.changes import get
from crm.errors import ValidationFailed
from models import FieldDefinition, FieldType
from models.base import Record

LABELS = {"label_fa": "fa", "label_zh": "zh"}


def _label(language: str, label: str) -> Text:
    return Text(
        f"label_{language}",
        label=label,
        getter=lambda request, field: field.labels.get(language),
        searchable=False,
        orderable=False,
    )


class FieldView(Archivable):
    """Custom fields: their types and what they accept."""

    record = FieldDefinition
    reads = Scope.CUSTOMER_READ
    writes = Scope.SETTINGS_WRITE
    icon = "fa-solid fa-table-list"
    menu_label = lazy("Custom fields")
    display_name = lazy("custom field")
    empty_hint = lazy("Add what only your organisation wants to know of its customers.")
    parts = (
        "label",
        "key",
        "type",
        LongText(
            "choices",
            help_text=lazy("For the type “Choice”: one a line."),
            getter=lambda request, field: "\n".join(field.choices) or None,
            searchable=False,
            orderable=False,
        ),
        _label("fa", lazy("Label in Persian")),
        _label("zh", lazy("Label in Chinese")),
        "required",
        "searchable",
        "position",
        "archived_at",
        "created_at",
    )
    form_layout = (
        row("label", "key", "type"),
        row("label_fa", "label_zh"),
        "choices",
        row("required", "searchable", "position"),
    )
    exclude_fields_from_list = ("choices", "label_fa", "label_zh", "created_at")
    exclude_fields_from_create = ("archived_at",)
    exclude_fields_from_edit = ("archived_at",)
    sortable_fields = ("position", "label", "key")
    searchable_fields = ("label", "key", "type", "required", "searchable", "position", "archived_at", "created_at")
    fields_default_sort = (("position", False),)
    found_by = ("label", "key")

    def name_of(self, obj: Any) -> str:
        return str(obj.label)

    async def add(self, actor: Actor, values: dict[str, Any], at: datetime) -> Record:
        key, kind = values.pop("key", ""), FieldType(values.pop("type"))
        fields: Any = _said(values, {})
        return await custom_fields.define(actor, key=key, type=kind, fields=fields)

    async def change(
        self, actor: Actor, key: UUID, version: int | None, values: dict[str, Any], at: datetime
    ) -> Record:
        for fixed in ("key", "type"):
            if fixed in values:
                raise ValidationFailed(_("This is fixed: stored values depend on it."), path=(fixed,))
        held = await get(FieldDefinition, key)
        fields: Any = _said(values, held.labels)
        return await custom_fields.update(actor, key, expected_version=version, fields=fields)

    async def put_aside(self, actor: Actor, key: UUID, at: datetime) -> None:
        await custom_fields.archive(actor, key, expected_version=None, now=at)


def _said(values: dict[str, Any], labels: dict[str, str]) -> dict[str, Any]:
    """The form's values as the use case takes them: choices as a list, labels by language."""
    plain = {name: value for name, value in values.items() if name not in LABELS and value is not None}
    if "choices" in values:
        plain["choices"] = [line.strip() for line in (values["choices"] or "").splitlines() if line.strip()]
    told = {LABELS[name]: value for name, value in values.items() if name in LABELS}
    if told:
        plain["labels"] = {language: text for language, text in {**labels, **told}.items() if text}
    return plain
