"""Mutations of webhooks: endpoints made, changed and tried, deliveries sent again."""

from datetime import datetime, timedelta
from typing import Any

import strawberry

import models
from crm import ids
from crm.errors import ValidationFailed
from crm.webhooks import deliveries, endpoints
from schema.mutations.support import (
    Info,
    Payload,
    VersionedInput,
    actor,
    given,
    idempotency_key,
    mutation,
    refuse_null,
    without,
    written,
)
from schema.reports.rule_input import chosen_rule
from schema.scalars import Rule
from schema.webhooks import WebhookDelivery, WebhookEndpoint


@strawberry.input
class WebhookEndpointFields:
    rule: Rule | None = strawberry.field(
        default=strawberry.UNSET,
        description="Of which customers it hears, as a tree; give this or the text.",
    )
    rule_text: str | None = strawberry.field(default=strawberry.UNSET, description="The same rule in words.")
    personal_data: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether it is told e-mail addresses, phone numbers and other identities in clear; needs pii:read.",
    )


@strawberry.input
class WebhookEndpointCreateInput(WebhookEndpointFields):
    name: str
    url: str
    event_types: list[str] = strawberry.field(
        description="Kinds of events: `order.recorded`, all about a noun as `customer.*`, or `*` for all."
    )
    idempotency_key: str | None = strawberry.UNSET


@strawberry.input(description="A field left out stays as it is.")
class WebhookEndpointUpdateInput(WebhookEndpointFields):
    id: strawberry.ID
    expected_version: int
    name: str | None = strawberry.UNSET
    url: str | None = strawberry.UNSET
    event_types: list[str] | None = strawberry.UNSET
    enabled: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether it is told; what happens while it is not waits for up to 7 days."
    )


@strawberry.input
class WebhookEndpointRotateSecretInput(VersionedInput):
    overlap_hours: int = strawberry.field(
        default=24, description="How long the secret before still signs along; 0 to 168."
    )


@strawberry.input(description="The endpoint to try.")
class WebhookEndpointTestInput:
    id: strawberry.ID


@strawberry.input(description="The delivery to send again.")
class WebhookDeliveryRetryInput:
    id: strawberry.ID


@strawberry.input(description="Which deliveries to send again.")
class WebhookDeliveryRetryFailedInput:
    endpoint_id: strawberry.ID
    since: datetime = strawberry.field(description="Those that were noted at this time or later.")


@strawberry.type
class WebhookEndpointPayload(Payload):
    secret: str | None = strawberry.field(
        default=None, description="What signs, `whsec_…`: told this once and never again."
    )

    webhook_endpoint: WebhookEndpoint | None = written(models.WebhookEndpoint)


@strawberry.type
class WebhookDeliveryPayload(Payload):
    webhook_delivery: WebhookDelivery | None = written(models.WebhookDelivery)


@strawberry.type
class WebhookDeliveryRetryFailedPayload(Payload):
    resent: int = strawberry.field(default=0, description="How many deliveries are sent again.")


def _fields(sent: dict[str, Any], *others: str) -> Any:
    """The fields as the use case takes them: one rule, whichever way it was said."""
    refuse_null(sent, "name", "url", "event_types", "personal_data", "enabled")
    said = without(sent, "rule", "rule_text", *others)
    if "rule" in sent or "rule_text" in sent:
        rules = [sent.get("rule"), sent.get("rule_text")]
        said["rule"] = None if rules == [None, None] else chosen_rule(*rules)
    return said


@strawberry.type
class WebhookMutations:
    @mutation(
        WebhookEndpointPayload,
        "Have an address told of events; its secret is told once. Needs webhook:write and event:read.",
    )
    async def webhook_endpoint_create(self, info: Info, input: WebhookEndpointCreateInput) -> WebhookEndpointPayload:
        minted = await endpoints.create(
            actor(info),
            fields=_fields(given(input), "idempotency_key"),
            now=info.context.now,
            idempotency_key=idempotency_key(info, input.idempotency_key),
        )
        return WebhookEndpointPayload(key=minted.endpoint.id, secret=minted.secret)

    @mutation(WebhookEndpointPayload, "Change a webhook, switch it on or off. Needs webhook:write and event:read.")
    async def webhook_endpoint_update(self, info: Info, input: WebhookEndpointUpdateInput) -> WebhookEndpointPayload:
        changed = await endpoints.update(
            actor(info),
            ids.decode("whk", input.id),
            expected_version=input.expected_version,
            fields=_fields(given(input), "id", "expected_version"),
            now=info.context.now,
        )
        return WebhookEndpointPayload(key=changed.id)

    @mutation(
        WebhookEndpointPayload,
        "Replace a webhook's secret, with an overlap of both. Needs webhook:write and event:read.",
    )
    async def webhook_endpoint_rotate_secret(
        self, info: Info, input: WebhookEndpointRotateSecretInput
    ) -> WebhookEndpointPayload:
        if not 0 <= input.overlap_hours <= 168:
            raise ValidationFailed("The secret before can sign along for 0 to 168 hours.", path=("overlapHours",))
        minted = await endpoints.rotate_secret(
            actor(info),
            ids.decode("whk", input.id),
            expected_version=input.expected_version,
            overlap=timedelta(hours=input.overlap_hours),
            now=info.context.now,
        )
        return WebhookEndpointPayload(key=minted.endpoint.id, secret=minted.secret)

    @mutation(
        WebhookDeliveryPayload,
        "Send a `webhook.tested` event at once and tell what was answered. Needs webhook:write and event:read.",
    )
    async def webhook_endpoint_test(self, info: Info, input: WebhookEndpointTestInput) -> WebhookDeliveryPayload:
        tried = await deliveries.test(actor(info), ids.decode("whk", input.id), now=info.context.now)
        return WebhookDeliveryPayload(key=tried.id)

    @mutation(WebhookEndpointPayload, "Tell a webhook nothing more, for good. Needs webhook:write and event:read.")
    async def webhook_endpoint_archive(self, info: Info, input: VersionedInput) -> WebhookEndpointPayload:
        archived = await endpoints.archive(
            actor(info), ids.decode("whk", input.id), expected_version=input.expected_version, now=info.context.now
        )
        return WebhookEndpointPayload(key=archived.id)

    @mutation(
        WebhookDeliveryPayload, "Send a delivery again, even one that was taken. Needs webhook:write and event:read."
    )
    async def webhook_delivery_retry(self, info: Info, input: WebhookDeliveryRetryInput) -> WebhookDeliveryPayload:
        again = await deliveries.retry(actor(info), ids.decode("whd", input.id), now=info.context.now)
        return WebhookDeliveryPayload(key=again.id)

    @mutation(
        WebhookDeliveryRetryFailedPayload,
        "Send everything again that failed since a time. Needs webhook:write and event:read.",
    )
    async def webhook_delivery_retry_failed(
        self, info: Info, input: WebhookDeliveryRetryFailedInput
    ) -> WebhookDeliveryRetryFailedPayload:
        endpoint = ids.decode("whk", input.endpoint_id, path=("endpointId",))
        if input.since.tzinfo is None:
            raise ValidationFailed("since needs a time zone, as in 2026-11-22T09:00:00Z.", path=("since",))
        resent = await deliveries.retry_failed(actor(info), endpoint, since=input.since, now=info.context.now)
        return WebhookDeliveryRetryFailedPayload(resent=resent)
