"""Mutations of what the organisation itself keeps: tokens, staff, rates and choices."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import strawberry
from strawberry.scalars import JSON

import models
from crm import exchange_rates, ids, organization, staff, tokens
from schema.mutations.support import (
    Info,
    Payload,
    VersionedInput,
    actor,
    given,
    idempotency_key,
    mutation,
    optional_value,
    refuse_null,
    without,
    written,
)
from schema.staff import StaffMember
from schema.tokens import ApiToken


@strawberry.input
class TokenCreateInput:
    name: str
    scopes: list[str]
    expires_at: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="90 days from now when left out; a year at the most."
    )
    row_filter: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="A rule; customers outside it do not exist for the token."
    )
    idempotency_key: str | None = strawberry.UNSET


@strawberry.input
class TokenRotateInput(VersionedInput):
    overlap_hours: int = strawberry.field(default=24, description="How long the old secret still works; 0 to 168.")


@strawberry.type
class TokenPayload(Payload):
    secret: str | None = strawberry.field(
        default=None, description="The credential itself, told this once and never again."
    )

    token: ApiToken | None = written(models.ApiToken)


@strawberry.input
class StaffFields:
    email: str | None = strawberry.UNSET
    name: str | None = strawberry.UNSET
    role: str | None = strawberry.field(default=strawberry.UNSET, description="The key of a role, such as agent.")
    locale: str | None = strawberry.UNSET
    time_zone: str | None = strawberry.UNSET


@strawberry.input
class StaffCreateInput(StaffFields):
    password: str | None = strawberry.field(
        default=strawberry.UNSET, description="Nobody can sign in without one; it can be set later."
    )
    idempotency_key: str | None = strawberry.UNSET


@strawberry.input
class StaffUpdateInput(StaffFields):
    id: strawberry.ID
    expected_version: int
    active: bool | None = strawberry.UNSET


@strawberry.type
class StaffPayload(Payload):
    staff_member: StaffMember | None = written(models.StaffMember)


@strawberry.input(description="A field left out stays as it is.")
class OrganizationUpdateInput:
    name: str | None = strawberry.UNSET
    base_currency: str | None = strawberry.field(
        default=strawberry.UNSET, description="Fixed once an order is recorded."
    )
    time_zone: str | None = strawberry.UNSET
    country: str | None = strawberry.UNSET


@strawberry.type(description="What applies to all figures of the organisation.")
class OrganizationChoices:
    name: str
    base_currency: str
    time_zone: str
    country: str | None


@strawberry.type
class OrganizationPayload(Payload):
    organization: OrganizationChoices | None = None


@strawberry.input
class ExchangeRatePutInput:
    currency: str
    day: date
    rate: Decimal = strawberry.field(description="How much of the base currency one unit is worth.")


@strawberry.type
class ExchangeRatePayload(Payload):
    rate: Decimal | None = None


@strawberry.type
class HouseMutations:
    @mutation(TokenPayload, "Make an API token; its secret is told once. Needs token:manage.")
    async def token_create(self, info: Info, input: TokenCreateInput) -> TokenPayload:
        minted = await tokens.create(
            actor(info),
            name=input.name,
            scopes=input.scopes,
            expires_at=optional_value(input.expires_at),
            row_filter=optional_value(input.row_filter),
            idempotency_key=idempotency_key(info, input.idempotency_key),
            now=info.context.now,
        )
        return TokenPayload(key=minted.token.id, secret=minted.secret)

    @mutation(TokenPayload, "Replace a token's secret, with an overlap of both. Needs token:manage.")
    async def token_rotate(self, info: Info, input: TokenRotateInput) -> TokenPayload:
        minted = await tokens.rotate(
            actor(info),
            ids.decode("tok", input.id),
            expected_version=input.expected_version,
            overlap=timedelta(hours=input.overlap_hours),
            now=info.context.now,
        )
        return TokenPayload(key=minted.token.id, secret=minted.secret)

    @mutation(TokenPayload, "End a token at once. Needs token:manage.")
    async def token_revoke(self, info: Info, input: VersionedInput) -> TokenPayload:
        token = await tokens.revoke(
            actor(info), ids.decode("tok", input.id), expected_version=input.expected_version, now=info.context.now
        )
        return TokenPayload(key=token.id)

    @mutation(StaffPayload, "Add a person of the back office. Needs staff:manage.")
    async def staff_create(self, info: Info, input: StaffCreateInput) -> StaffPayload:
        sent = refuse_null(given(input), "email", "name", "role", "locale", "time_zone")
        member = await staff.create(
            actor(info),
            fields=without(sent, "password", "idempotency_key"),  # type: ignore[arg-type]
            password=optional_value(input.password),
            idempotency_key=idempotency_key(info, input.idempotency_key),
        )
        return StaffPayload(key=member.id)

    @mutation(StaffPayload, "Change a person of the back office, or keep it out. Needs staff:manage.")
    async def staff_update(self, info: Info, input: StaffUpdateInput) -> StaffPayload:
        sent = refuse_null(given(input), "email", "name", "role", "locale", "time_zone", "active")
        fields: Any = without(sent, "id", "expected_version")
        member = await staff.update(
            actor(info),
            ids.decode("stf", input.id),
            expected_version=input.expected_version,
            fields=fields,
            now=info.context.now,
        )
        return StaffPayload(key=member.id)

    @mutation(OrganizationPayload, "Change the organisation's choices. Needs settings:write.")
    async def organization_update(self, info: Info, input: OrganizationUpdateInput) -> OrganizationPayload:
        sent = refuse_null(given(input), "name", "base_currency", "time_zone")
        house = await organization.change(actor(info), **sent)
        chosen = OrganizationChoices(
            name=house.name, base_currency=house.base_currency, time_zone=house.time_zone, country=house.country
        )
        return OrganizationPayload(organization=chosen)

    @mutation(ExchangeRatePayload, "Note an exchange rate from a day on. Needs settings:write.")
    async def exchange_rate_put(self, info: Info, input: ExchangeRatePutInput) -> ExchangeRatePayload:
        noted = await exchange_rates.put(
            actor(info), currency=input.currency, day=input.day, rate=input.rate, now=info.context.now
        )
        return ExchangeRatePayload(rate=noted.rate)
