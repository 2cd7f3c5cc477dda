"""Fields that are only read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette_admin import BaseField, RequestAction, StringField

from admin.fields.typed import Typed


def _only_read(field: BaseField) -> None:
    field.read_only = True
    field.searchable = field.orderable = False
    field.exclude_from_create = field.exclude_from_edit = True


@dataclass
class Computed(Typed, StringField):
    """Something that is worked out from the record."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _only_read(self)


@dataclass
class Structure(Typed, BaseField):
    """JSON."""

    list_template: str = "fields/structure.html"
    detail_template: str = "fields/structure.html"

    def __post_init__(self) -> None:
        super().__post_init__()
        _only_read(self)


@dataclass
class Told(Computed):
    """Sentences that are worked out from the record."""

    list_template: str = "fields/told.html"
    detail_template: str = "fields/told.html"

    async def serialize_value(self, request: Request, value: Any) -> Any:
        return "\n".join(value) if request.state.action == RequestAction.EXPORT else value
