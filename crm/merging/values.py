"""What the survivor of a merge is called and known for: its own values, gaps filled, choices followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from crm.audit import plain
from crm.errors import ValidationFailed
from crm.rules.catalogue import camel
from models import Customer

FIELDS = (
    "display_name",
    "given_name",
    "family_name",
    "organization_name",
    "language",
    "country",
    "city",
    "time_zone",
    "birthday",
    "owner_id",
    "acquisition_source",
    "acquisition_channel",
    "acquired_at",
)
PUBLIC = {camel(name): name for name in FIELDS}
"""What a field of a customer is called by those who choose."""
CUSTOM = "customFields."


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field about which the merged say different things: what stays, whose it is, and what each of them says."""

    field: str
    kept: Any
    kept_from: UUID
    candidates: dict[UUID, Any]


def settle(
    survivor: Customer, absorbed: Sequence[Customer], choices: Mapping[str, UUID]
) -> tuple[dict[str, Any], list[Conflict]]:
    """The survivor's changed fields in the form of `CustomerFields`, and what the merged disagree about.

    A field stays as the survivor has it; where it has nothing, the first of the others that has something fills it; a
    choice names by field whose value is taken instead. Raises ValidationFailed for an unknown field or chooser.
    """
    everybody = [survivor, *absorbed]
    people = {one.id: one for one in everybody}
    fields = {**PUBLIC, **{f"{CUSTOM}{key}": key for one in everybody for key in one.custom_fields}}
    _check(choices, fields, people)
    changed: dict[str, Any] = {}
    conflicts: list[Conflict] = []
    for public, name in fields.items():
        said = {one.id: value for one in everybody if (value := _value(one, public, name)) not in (None, "")}
        holder = choices.get(public) or next(iter(said), survivor.id)
        if said.get(holder) != said.get(survivor.id):
            _put(changed, public, name, said.get(holder))
        if len({str(value) for value in said.values()}) > 1:
            conflicts.append(Conflict(public, plain(said.get(holder)), holder, {k: plain(v) for k, v in said.items()}))
    return changed, conflicts


def _check(choices: Mapping[str, UUID], fields: Mapping[str, str], people: Mapping[UUID, Customer]) -> None:
    for public, chosen in choices.items():
        if public not in fields:
            raise ValidationFailed(
                f"'{public[:60]}' is no field that can be chosen; they are {', '.join(fields)}.", path=("choices",)
            )
        if chosen not in people:
            raise ValidationFailed(
                f"The value of '{public}' is chosen from a customer who is not merged.", path=("choices",)
            )


def _value(customer: Customer, public: str, name: str) -> Any:
    return customer.custom_fields.get(name) if public.startswith(CUSTOM) else getattr(customer, name)


def _put(changed: dict[str, Any], public: str, name: str, value: Any) -> None:
    if public.startswith(CUSTOM):
        changed.setdefault("custom_fields", {})[name] = value
    else:
        changed[name] = value
