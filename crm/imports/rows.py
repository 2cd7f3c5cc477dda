"""The cells of a row as what the bulk use cases take, by the mapping of its columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from crm import codes, text
from crm.bulk import CustomerRow, InteractionRow, OrderRow
from crm.errors import CrmError, ValidationFailed
from crm.identities import IdentityInput
from crm.ids import decode
from crm.imports import dates, values
from crm.imports.mapping import CUSTOM, RATED, ImportKind
from crm.imports.style import Style, digits
from models import (
    Channel,
    CustomerKind,
    Direction,
    FieldType,
    IdentityKind,
    InteractionKind,
    OrderStatus,
    RatingKind,
    Sentiment,
)

Read = Callable[[str, Style], Any]
Row = CustomerRow | OrderRow | InteractionRow


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is to be understood.

    `source` names the system that external references come from. With `create_customers` an order of an unknown
    customer makes it known. `currency` is the base currency, in which amounts are that name none.
    """

    source: str = "import"
    create_customers: bool = False
    style: Style = field(default_factory=Style)
    custom: Mapping[str, FieldType] = field(default_factory=dict)
    currency: str = ""


def _text(cell: str, style: Style) -> str:
    return cell


def _line(cell: str, style: Style) -> str:
    """A text of one line: a break in the middle of a name is a space."""
    return " ".join(cell.split())


def _country(cell: str, style: Style) -> str:
    return codes.country_called(cell) or cell


def _language(cell: str, style: Style) -> str:
    return codes.language_called(cell) or cell


def _choice(kind: type[StrEnum], name: str) -> Read:
    def read(cell: str, style: Style) -> Any:
        key = cell.strip().upper().replace(" ", "_")
        if key not in kind.__members__:
            known = ", ".join(kind.__members__)
            raise ValidationFailed(f"{name} '{cell[:40]}' is none of {known}.", path=(name,))
        return kind[key]

    return read


def _moment(name: str) -> Read:
    return lambda cell, style: dates.moment(cell, style, field=name)


def _whole(name: str) -> Read:
    return lambda cell, style: values.whole(cell, style, field=name)


def _decimal(name: str) -> Read:
    return lambda cell, style: values.decimal(cell, style, field=name)


def _amount(name: str) -> Read:
    return lambda cell, style: values.amount(cell, style, field=name)


# Target → the field that it fills, and how its cells are read.
_CUSTOMER: dict[str, tuple[str, Read]] = {
    "kind": ("kind", _choice(CustomerKind, "kind")),
    "displayName": ("display_name", _line),
    "givenName": ("given_name", _line),
    "familyName": ("family_name", _line),
    "organizationName": ("organization_name", _line),
    "language": ("language", _language),
    "country": ("country", _country),
    "city": ("city", _line),
    "timeZone": ("time_zone", _text),
    "birthday": ("birthday", lambda cell, style: dates.day(cell, style, field="birthday")),
    "acquisitionSource": ("acquisition_source", _line),
    "acquisitionChannel": ("acquisition_channel", _line),
    "acquiredAt": ("acquired_at", _moment("acquiredAt")),
}
_ORDER: dict[str, tuple[str, Read]] = {
    "reference": ("reference", _line),
    "placedAt": ("placed_at", _moment("placedAt")),
    "amount": ("amount", _amount("amount")),
    "listAmount": ("list_amount", _amount("listAmount")),
    "refunded": ("refunded", _amount("refunded")),
    "costOfGoods": ("cost_of_goods", _amount("costOfGoods")),
    "currency": ("currency", _text),
    "exchangeRate": ("exchange_rate", _decimal("exchangeRate")),
    "quantity": ("quantity", _whole("quantity")),
    "channel": ("channel", _text),
    "status": ("status", _choice(OrderStatus, "status")),
}
_INTERACTION: dict[str, tuple[str, Read]] = {
    "reference": ("reference", _line),
    "occurredAt": ("occurred_at", _moment("occurredAt")),
    "channel": ("channel", _choice(Channel, "channel")),
    "direction": ("direction", _choice(Direction, "direction")),
    "kind": ("kind", _choice(InteractionKind, "kind")),
    "subject": ("subject", _line),
    "body": ("body", _text),
    "outcome": ("outcome", _text),
    "sentiment": ("sentiment", _choice(Sentiment, "sentiment")),
    "ratingKind": ("rating_kind", _choice(RatingKind, "ratingKind")),
    "rating": ("rating", _whole("rating")),
    "durationSeconds": ("duration_seconds", _whole("durationSeconds")),
    "cost": ("cost", _amount("cost")),
    "costCurrency": ("cost_currency", _text),
    "answerDueAt": ("answer_due_at", _moment("answerDueAt")),
    "answeredAt": ("answered_at", _moment("answeredAt")),
}
_MONEY = ("amount", "listAmount", "refunded", "costOfGoods")
# What a touchpoint is when the file does not say it.
_KIND_OF_CHANNEL = {
    Channel.PHONE: InteractionKind.CALL,
    Channel.EMAIL: InteractionKind.EMAIL,
    Channel.CHAT: InteractionKind.CHAT,
    Channel.VISIT: InteractionKind.VISIT,
}
_CUSTOM_READERS: dict[FieldType, Read] = {
    FieldType.NUMBER: lambda cell, style: values.decimal(cell, style, field="customFields"),
    FieldType.DATE: lambda cell, style: dates.day(cell, style, field="customFields").isoformat(),
    FieldType.BOOLEAN: lambda cell, style: cell.strip().casefold() in {"1", "true", "yes", "y", "بله", "是"},
}
_KINDS = {"email": IdentityKind.EMAIL, "phone": IdentityKind.PHONE, "external": IdentityKind.EXTERNAL}


def reader(
    kind: ImportKind, mapping: Mapping[str, str], options: Options, mark: str
) -> Callable[[int, Mapping[str, str]], Row]:
    """The function that reads a row, given its line and cells; it raises CrmError for one that makes no sense.

    `mark` identifies the file: orders and interactions without a reference get one from it and their line, so that
    reading the file again finds them.
    """
    columns = {target: column for column, target in mapping.items()}

    def customer(line: int, cells: Mapping[str, str]) -> CustomerRow:
        given = said(columns, cells, "identity.")
        fields = fields_of(_CUSTOMER, columns, cells, options) | custom_of(columns, cells, options)
        return CustomerRow(tuple(identities(given, options, fields.get("country"))), fields)  # type: ignore[arg-type]

    def order(line: int, cells: Mapping[str, str]) -> OrderRow:
        given = said(columns, cells, "customer.")
        fields = {"reference": f"{mark}:{line}", "source": options.source} | fields_of(_ORDER, columns, cells, options)
        fields |= _currency("currency", _MONEY, fields.get("currency", ""), columns, cells, options)
        found = next(identities(given, options), None)
        if found is None:
            raise ValidationFailed("The row names no customer.", path=("customer",))
        if found.kind is IdentityKind.EXTERNAL and found.value.startswith("cus_"):
            return OrderRow(fields, customer_id=decode("cus", found.value, path=("customer",)))  # type: ignore[arg-type]
        newcomer: Any = {"display_name": given.get("name")} if options.create_customers else None
        return OrderRow(fields, identity=found, newcomer=newcomer)  # type: ignore[arg-type]

    def interaction(line: int, cells: Mapping[str, str]) -> InteractionRow:
        given = said(columns, cells, "customer.")
        found = next(identities(given, options), None)
        if found is None:
            raise ValidationFailed("The row names no customer.", path=("customer",))
        fields: Any = {"reference": f"{mark}:{line}", "source": options.source, **_touch(columns, cells, options)}
        staff = cells.get(columns.get("staff", ""), "").strip() or None
        if found.kind is IdentityKind.EXTERNAL and found.value.startswith("cus_"):
            key = decode("cus", found.value, path=("customer",))
            return InteractionRow(fields, customer_id=key, staff_email=staff)
        return InteractionRow(fields, identity=found, staff_email=staff)

    readers: dict[ImportKind, Callable[[int, Mapping[str, str]], Row]] = {
        ImportKind.CUSTOMERS: customer,
        ImportKind.ORDERS: order,
        ImportKind.INTERACTIONS: interaction,
    }
    return readers[kind]


def _touch(columns: Mapping[str, str], cells: Mapping[str, str], options: Options) -> dict[str, Any]:
    """What a row says of a touchpoint; direction and kind are inferred where it does not say them."""
    found = fields_of(_INTERACTION, columns, cells, options) | _score(columns, cells, options)
    found |= _currency("cost_currency", ("cost",), found.get("cost_currency", ""), columns, cells, options)
    rated = {
        name: values.whole(cell, options.style, field=f"{RATED}{name}")
        for name, cell in said(columns, cells, RATED).items()
    }
    if rated:
        found["attribute_ratings"] = rated
    found.setdefault("direction", Direction.INBOUND)
    inferred = InteractionKind.FEEDBACK if "rating" in found else _KIND_OF_CHANNEL.get(found.get("channel"))  # type: ignore[arg-type]
    found.setdefault("kind", inferred or InteractionKind.WEB)
    return found


def _currency(
    field: str,
    amounts: tuple[str, ...],
    named: str,
    columns: Mapping[str, str],
    cells: Mapping[str, str],
    options: Options,
) -> dict[str, str]:
    """The currency that stands beside an amount and nowhere else, such as that of "€ 12"."""
    given = {target: cells[columns[target]] for target in amounts if cells.get(columns.get(target, ""))}
    for target, cell in given.items():
        found = values.currency_in([cell], named.strip().upper(), options.currency, field=target)
        if found:
            return {field: found}
    return {}


def _score(columns: Mapping[str, str], cells: Mapping[str, str], options: Options) -> dict[str, Any]:
    """The rating out of a column that is named for its scale."""
    scores = {kind: cells[columns[kind.lower()]] for kind in RatingKind if cells.get(columns.get(kind.lower(), ""))}
    if len(scores) > 1:
        raise ValidationFailed("The row has ratings on several scales; make a row of each.", path=("rating",))
    return {
        name: value
        for kind, cell in scores.items()
        for name, value in (
            ("rating_kind", kind),
            ("rating", values.whole(cell, options.style, field=kind.lower())),
        )
    }


def said(columns: Mapping[str, str], cells: Mapping[str, str], prefix: str) -> dict[str, str]:
    """The filled cells of the targets under a prefix."""
    found = {target.removeprefix(prefix): cells.get(column, "") for target, column in columns.items()
             if target.startswith(prefix)}  # fmt: skip
    return {name: cell for name, cell in found.items() if cell}


def identities(given: Mapping[str, str], options: Options, country: str | None = None) -> Any:
    """The identities that a row gives, the external one first: it is the file's own."""
    for name in ("external", "email", "phone"):
        if name in given:
            external = name == "external"
            value = phone(given[name], country or options.style.phone_country) if name == "phone" else given[name]
            yield IdentityInput(_KINDS[name], value, options.source if external else "", not external)


def phone(cell: str, country: str | None) -> str:
    """A telephone number as the file means it: 00 is +, and one of a country gets that country's code."""
    plain = digits(cell).strip()
    if plain.startswith("00"):
        plain = f"+{plain[2:]}"
    if plain.startswith("+") or not country:
        return plain
    try:
        return text.phone(plain, country=country)
    except ValidationFailed:
        return cell


def fields_of(
    table: Mapping[str, tuple[str, Read]], columns: Mapping[str, str], cells: Mapping[str, str], options: Options
) -> dict[str, Any]:
    """The fields that a row fills; an empty cell says nothing."""
    return {
        name: read(cells[columns[target]], options.style)
        for target, (name, read) in table.items()
        if target in columns and cells.get(columns[target])
    }


def custom_of(columns: Mapping[str, str], cells: Mapping[str, str], options: Options) -> dict[str, Any]:
    found = said(columns, cells, CUSTOM)
    if not found:
        return {}
    try:
        read = {
            key: _CUSTOM_READERS.get(options.custom[key], _text)(cell, options.style) for key, cell in found.items()
        }
    except CrmError as problem:
        raise problem.under("customFields") from None
    return {"custom_fields": read}
