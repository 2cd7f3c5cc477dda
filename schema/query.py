"""The roots of reading."""

from collections.abc import Callable
from typing import Any

import strawberry
from tortoise.models import Model

import models
from crm import identities, ids
from crm.access import Scope
from crm.errors import CrmError, ValidationFailed
from schema.connections import Aggregate, Connection
from schema.costs import CostEntry
from schema.customers import Customer
from schema.enums import IdentityKind
from schema.followups import FollowUp
from schema.goals import Goal
from schema.interactions import Interaction
from schema.lifecycle import Lifecycle
from schema.node import Node
from schema.orders import Order
from schema.products import Product
from schema.rates import ExchangeRate
from schema.records import AuditEntry, Event, FieldDefinition, ImportRun
from schema.relationships import Relationship
from schema.reports import Reports
from schema.segments import Segment
from schema.select.declare import connection, embedded, grouped, node_by_id, nodes_by_id, one
from schema.select.inputs import Input
from schema.select.render import Ask
from schema.select.rows import Row, prefix_of, table_of
from schema.select.sources import Chosen, Rows
from schema.staff import Role, StaffMember
from schema.tokens import ApiToken
from schema.value import StrategicDesignation, ValueRun
from schema.viewer import Viewer
from schema.webhooks import STATUS, WebhookDelivery, WebhookEndpoint, deliveries

ID = Input("id", strawberry.ID | None)
ARCHIVED = Input(
    "archived",
    bool | None,
    "false for the rows in use, true for the archived ones, null for both.",
    default=False,
)


@strawberry.input(description="How to recognise a customer.")
class IdentityLookup:
    kind: IdentityKind
    value: str
    source: str = strawberry.field(default="", description="The source system of an EXTERNAL reference.")


def _all(row: Row, target: Row, ask: Ask) -> Rows:
    return Rows()


def _in_use(row: Row, target: Row, ask: Ask) -> Rows:
    archived = ask.value("archived")
    if archived is None:
        return Rows()
    return Rows((f"{target.archived_at} IS {'NOT ' if archived else ''}NULL",))


def decoded(model: type[Model]) -> Callable[[Any], Any]:
    """Reads the public ids of a noun."""
    prefix = prefix_of(model)
    assert prefix
    return lambda text: ids.decode(prefix, str(text))


def _by(*alternatives: str, default: str | None = None) -> Chosen:
    """The row with the id, or with the column of another argument; exactly one of them is to be given."""

    def chosen(row: Row, target: Row, ask: Ask) -> Rows:
        assert target.model_
        found = [f"{target.id} = {key}"] if (key := ask.bound("id", "uuid", decoded(target.model_))) else []
        for name in alternatives:
            value = ask.bound(name, "text")
            if value:
                found.append(f"{getattr(target, name)} = {value}")
        if not found and default:
            return Rows((default.format(t=target),))
        _just_one(len(found), ("id", *alternatives))
        return Rows(tuple(found))

    return chosen


def _just_one(given: int, names: tuple[str, ...]) -> None:
    if given != 1:
        wanted = " or ".join(f"'{name}'" for name in names)
        raise ValidationFailed(f"Give {'one of ' if len(names) > 1 else ''}{wanted}.", path=(names[0],))


def _customer(row: Row, target: Row, ask: Ask) -> Rows:
    key = ask.bound("id", "uuid", decoded(models.Customer))
    identity = ask.value("identity", freeze=lambda value: value["kind"])
    _just_one((key is not None) + (identity is not None), ("id", "identity"))
    if key:  # the id of one that was merged leads to the customer that it became part of
        merged = f"SELECT m.merged_into_id FROM {table_of(models.Customer)} m WHERE m.id = {key}"
        return Rows((f"{target.id} = COALESCE(({merged}), {key})",))
    if identity["kind"] is not IdentityKind.EXTERNAL:
        # Whoever may not see e-mail addresses and phone numbers must not be able to try them out either.
        ask.render.need(Scope.PII_READ, ask.selected)
    parts = [
        ask.bound("identity", "text", lambda value, name=name: str(getattr(_identity(value), name)))  # type: ignore[misc]
        for name in ("kind", "source", "normalized")
    ]
    found = Row("i", models.Identity)
    condition = f"{found.kind} = {parts[0]} AND {found.source} = {parts[1]} AND {found.normalized} = {parts[2]}"
    holder = f"SELECT {found.customer_id} FROM {table_of(models.Identity)} i WHERE {condition}"
    return Rows((f"{target.id} = ({holder})",))


def _identity(value: dict[str, Any]) -> identities.NormalIdentity:
    try:
        return identities.normal(identities.IdentityInput(value["kind"], value["value"], value.get("source", "")))
    except CrmError as error:
        raise error.under("identity") from None


def _current_run(row: Row, target: Row, ask: Ask) -> Rows:
    key = ask.bound("id", "uuid", decoded(models.ValueRun))
    return Rows((f"{target.id} = {key}" if key else str(target.is_current),))


@strawberry.type
class Query(Reports):
    node: Node | None = node_by_id("A record of any kind, by its id.")
    nodes: list[Node | None] = nodes_by_id("Records of any kind, by their ids and in their order.")
    me: Viewer = embedded(description="Whoever is asking.")
    customer: Customer | None = one(
        _customer,
        ID,
        Input("identity", IdentityLookup | None, "An e-mail address, a phone number or another system's reference."),
        description="A customer, by id or by an identity.",
    )
    customers: Connection[Customer] = connection(_in_use, ARCHIVED)
    customers_aggregate: list[Aggregate[Customer]] = grouped(
        Customer, _in_use, ARCHIVED, description="The customers in groups, at most 1,000."
    )
    segment: Segment | None = one(_by("key"), ID, Input("key", str | None), description="A segment, by id or key.")
    segments: Connection[Segment] = connection(_in_use, ARCHIVED)
    lifecycle: Lifecycle | None = one(
        _by("key", default="{t.is_default}"),
        ID,
        Input("key", str | None),
        description="A lifecycle, by id or key; the default one if neither is given.",
    )
    lifecycles: Connection[Lifecycle] = connection(_in_use, ARCHIVED)
    order: Order | None = one(_by(), ID)
    orders: Connection[Order] = connection(_all)
    orders_aggregate: list[Aggregate[Order]] = grouped(Order, _all, description="The orders in groups, at most 1,000.")
    interaction: Interaction | None = one(_by(), ID)
    interactions: Connection[Interaction] = connection(_all)
    interactions_aggregate: list[Aggregate[Interaction]] = grouped(
        Interaction, _all, description="The interactions in groups, at most 1,000."
    )
    follow_up: FollowUp | None = one(_by(), ID)
    follow_ups: Connection[FollowUp] = connection(_all)
    goal: Goal | None = one(_by(), ID)
    goals: Connection[Goal] = connection(_in_use, ARCHIVED)
    product: Product | None = one(_by("sku"), ID, Input("sku", str | None), description="A product, by id or SKU.")
    products: Connection[Product] = connection(_in_use, ARCHIVED)
    cost_entries: Connection[CostEntry] = connection(_all)
    exchange_rates: Connection[ExchangeRate] = connection(_all, description="Rates to the base currency, by day.")
    cost_entries_aggregate: list[Aggregate[CostEntry]] = grouped(
        CostEntry, _all, description="The cost entries in groups, at most 1,000."
    )
    relationships: Connection[Relationship] = connection(_all)
    staff_members: Connection[StaffMember] = connection(_all)
    roles: Connection[Role] = connection(_all)
    tokens: Connection[ApiToken] = connection(_all)
    webhook_endpoint: WebhookEndpoint | None = one(_by(), ID)
    webhook_endpoints: Connection[WebhookEndpoint] = connection(_in_use, ARCHIVED)
    webhook_deliveries: Connection[WebhookDelivery] = connection(
        deliveries, Input("endpoint_id", strawberry.ID | None, "Only those of this webhook, `whk_…`."), STATUS
    )
    events: Connection[Event] = connection(_all)
    audit_entries: Connection[AuditEntry] = connection(_all)
    import_run: ImportRun | None = one(_by(), ID)
    import_runs: Connection[ImportRun] = connection(_all)
    field_definitions: Connection[FieldDefinition] = connection(_in_use, ARCHIVED)
    value_run: ValueRun | None = one(_current_run, ID, description="A value run; the current one if no id is given.")
    value_runs: Connection[ValueRun] = connection(_all)
    strategic_designations: Connection[StrategicDesignation] = connection(_all)
