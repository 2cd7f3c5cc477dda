"""Which form field stands for which column of a model."""

from __future__ import annotations

from typing import Any

from starlette_admin.contrib.tortoise.converters import ModelConverter
from starlette_admin.converters import converts
from starlette_admin.fields import BaseField
from tortoise import fields as columns
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.data import CharEnumFieldInstance
from tortoise.fields.relational import ForeignKeyFieldInstance

from admin import words
from admin.fields import Amount, Choice, Day, Flag, LongText, Moment, One, Ratio, Scopes, Structure, Text, Whole


class Converter(ModelConverter):
    """starlette-admin's table with our fields in it, labelled in the reader's language; its names are theirs."""

    @staticmethod
    def _common(name: str, field: Any) -> dict[str, Any]:
        read_only = bool(field.constraints.get("readOnly", False))
        default = None if callable(field.default) else field.default
        return {
            "name": name,
            "label": words.label(name),
            "required": field.required and not read_only,
            "default": default,
            "read_only": read_only,
            "exclude_from_create": read_only,
            "exclude_from_edit": read_only,
        }

    @converts(columns.IntField, columns.SmallIntField, columns.BigIntField)
    def conv_int(self, name: str, field: Any) -> BaseField:
        return Whole(**self._common(name, field))

    @converts(columns.CharField)
    def conv_char(self, name: str, field: Any) -> BaseField:
        return Text(**self._common(name, field), maxlength=field.constraints.get("max_length"))

    @converts(columns.UUIDField)
    def conv_uuid(self, name: str, field: Any) -> BaseField:
        return Text(**self._common(name, field))

    @converts(columns.TextField)
    def conv_text(self, name: str, field: Any) -> BaseField:
        return LongText(**self._common(name, field))

    @converts(columns.BooleanField)
    def conv_boolean(self, name: str, field: Any) -> BaseField:
        return Flag(**{**self._common(name, field), "required": False})

    @converts(columns.FloatField)
    def conv_float(self, name: str, field: Any) -> BaseField:
        return Ratio(**self._common(name, field))

    @converts(columns.DecimalField)
    def conv_decimal(self, name: str, field: Any) -> BaseField:
        return Amount(**self._common(name, field))

    @converts(columns.DatetimeField)
    def conv_datetime(self, name: str, field: Any) -> BaseField:
        return Moment(**self._common(name, field), short=name in ("created_at", "updated_at"))

    @converts(columns.DateField)
    def conv_date(self, name: str, field: Any) -> BaseField:
        return Day(**self._common(name, field))

    @converts(columns.JSONField)
    def conv_json(self, name: str, field: Any) -> BaseField:
        return Structure(**{**self._common(name, field), "required": False})

    @converts(ArrayField)
    def conv_array(self, name: str, field: Any) -> BaseField:
        return Scopes(**{**self._common(name, field), "required": False, "default": None})

    @converts(CharEnumFieldInstance)
    def conv_enum(self, name: str, field: Any) -> BaseField:
        return Choice(**self._common(name, field), choices_loader=lambda request: words.options(field.enum_type))

    @converts(ForeignKeyFieldInstance)
    def conv_to_one_relation(self, name: str, field: Any) -> BaseField:
        return One(**self._common(name, field), key=field.related_model._meta.db_table)
