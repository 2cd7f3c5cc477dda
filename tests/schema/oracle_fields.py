"""The fields of the schema that are more than a column, by plain resolvers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import models
from crm.ids import PREFIXES
from tests.schema.oracle_groups import grouped
from tests.schema.oracle_timeline import actor, timeline
from tests.schema.oracle_values import TYPES, Special, money, snake, wire

if TYPE_CHECKING:
    from tests.schema.oracle import Oracle

RELATED: dict[str, type[models.Record]] = {
    "owner": models.StaffMember,
    "staff": models.StaffMember,
    "createdBy": models.StaffMember,
    "related": models.Customer,
    "mergedInto": models.Customer,
    "fromStage": models.Stage,
    "toStage": models.Stage,
    "run": models.ValueRun,
    "endpoint": models.WebhookEndpoint,
}


def owned(model: type[models.Record], key: str = "customer_id") -> Special:
    return lambda world, row, arguments: world.where(model, **{key: row.id})


def everything(model: type[models.Record]) -> Special:
    return lambda world, row, arguments: world.rows[model]


def in_use(model: type[models.Record]) -> Special:
    def found(world: Oracle, row: Any, arguments: dict[str, Any]) -> list[Any]:
        wanted = arguments.get("archived")
        return [one for one in world.rows[model] if wanted is None or (one.archived_at is not None) == wanted]

    return found


def ordered_by(rows: list[Any], *names: str) -> list[Any]:
    return sorted(rows, key=lambda row: tuple(getattr(row, name) for name in (*names, "id")))


def stage(world: Oracle, row: Any, arguments: dict[str, Any]) -> Any:
    key, at = arguments.get("lifecycle"), arguments.get("asOf")
    paths = world.where(models.Lifecycle, key=key) if key else world.where(models.Lifecycle, is_default=True)
    if at:
        return next((stage_at(world, row, path, datetime.fromisoformat(at)) for path in paths), None)
    found = [
        one for path in paths for one in world.where(models.StagePosition, customer_id=row.id, lifecycle_id=path.id)
    ]
    return next(iter(found), None)


def stage_at(world: Oracle, row: Any, path: Any, at: datetime) -> Any:
    moves = world.where(models.StageTransition, customer_id=row.id, lifecycle_id=path.id)
    past = [move for move in moves if move.occurred_at <= at]
    last = max(past, key=lambda move: (move.occurred_at, move.id), default=None)
    if last is None:
        return None
    return models.StagePosition(
        customer_id=row.id, lifecycle_id=path.id, stage_id=last.to_stage_id, entered_at=last.occurred_at
    )


def segments(world: Oracle, row: Any, arguments: dict[str, Any]) -> list[Any]:
    at = datetime.fromisoformat(arguments["asOf"]) if arguments.get("asOf") else None
    stays = [
        stay
        for stay in world.where(models.SegmentMembership, customer_id=row.id)
        if (stay.entered_at <= at and (stay.exited_at is None or stay.exited_at > at) if at else stay.exited_at is None)
    ]
    return ordered_by([world.by_id(models.Segment, stay.segment_id) for stay in stays], "name")


def identities(world: Oracle, row: Any, arguments: dict[str, Any]) -> list[Any]:
    found = world.where(models.Identity, customer_id=row.id)
    return sorted(found, key=lambda one: (one.kind.value, not one.is_primary, one.id))


def address(kind: str) -> Special:
    def found(world: Oracle, row: Any, arguments: dict[str, Any]) -> str | None:
        ways = [one for one in world.where(models.Identity, customer_id=row.id) if one.kind == kind]
        return min(ways, key=lambda one: (not one.is_primary, one.id)).value if ways else None

    return found


def members(world: Oracle, row: Any, arguments: dict[str, Any]) -> list[Any]:
    stays = world.where(models.SegmentMembership, segment_id=row.id)
    at = arguments.get("asOf")
    if at:
        moment = datetime.fromisoformat(at)
        inside = [one for one in stays if one.entered_at <= moment and (not one.exited_at or one.exited_at > moment)]
    else:
        inside = [one for one in stays if one.exited_at is None]
    return [world.customer(key) for key in {one.customer_id for one in inside}]


def metrics(world: Oracle, row: Any, arguments: dict[str, Any]) -> Any:
    at = arguments.get("asOf")
    if not at:
        return world.current(row)
    runs = [run for run in world.rows[models.ValueRun] if run.as_of <= datetime.fromisoformat(at)]
    if not runs:
        return None
    run = max(runs, key=lambda one: (one.as_of, one.id))
    return next(iter(world.where(models.ValueSnapshot, run_id=run.id, customer_id=row.id)), None)


def run_of(name: str) -> Special:
    return lambda world, row, arguments: wire(getattr(world.by_id(models.ValueRun, row.run_id), name))


def insufficient(world: Oracle, row: Any, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"figure": figure, **{name: reason.get(name) for name in ("reason", "have", "need")}}
        for figure, reason in sorted(row.insufficient.items())
    ]


def rating(world: Oracle, row: Any, arguments: dict[str, Any]) -> dict[str, Any] | None:
    return None if row.rating is None else {"kind": row.rating_kind.value, "value": row.rating}


def any_record(world: Oracle, text: str) -> Any:
    prefix, _, key = text.partition("_")
    table = next(table for table, known in PREFIXES.items() if known == prefix)
    model = next(model for model in TYPES.values() if model._meta.db_table == table)
    return world.by_id(model, UUID(key))


def one(model: type[models.Record]) -> Special:
    return lambda world, row, arguments: world.by_id(model, UUID(arguments["id"].partition("_")[2]))


def survivor(world: Oracle, row: Any, arguments: dict[str, Any]) -> Any:
    """A customer; for one that was merged, that which it became part of."""
    found = one(models.Customer)(world, row, arguments)
    return world.customer(found.merged_into_id) if found and found.merged_into_id else found


def figures(kind: str, names: str, currency: Callable[[Oracle, Any], str | None]) -> dict[tuple[str, str], Special]:
    return {
        (kind, name): lambda world, row, arguments, name=name: money(getattr(row, snake(name)), currency(world, row))
        for name in names.split()
    }


SPECIAL: dict[tuple[str, str], Special] = {
    ("Query", "node"): lambda world, row, arguments: any_record(world, arguments["id"]),
    ("Query", "nodes"): lambda world, row, arguments: [any_record(world, text) for text in arguments["ids"]],
    ("Query", "customer"): survivor,
    ("Query", "customersAggregate"): grouped("Customer", in_use(models.Customer)),
    ("Query", "ordersAggregate"): grouped("Order", everything(models.Order)),
    ("Query", "interactionsAggregate"): grouped("Interaction", everything(models.Interaction)),
    ("Query", "costEntriesAggregate"): grouped("CostEntry", everything(models.CostEntry)),
    ("Query", "order"): one(models.Order),
    ("Query", "segment"): one(models.Segment),
    ("Query", "product"): one(models.Product),
    ("Query", "interaction"): one(models.Interaction),
    ("Query", "followUp"): one(models.FollowUp),
    ("Query", "goal"): one(models.Goal),
    ("Query", "importRun"): one(models.ImportRun),
    ("Query", "webhookEndpoint"): one(models.WebhookEndpoint),
    ("Query", "customers"): in_use(models.Customer),
    ("Query", "segments"): in_use(models.Segment),
    ("Query", "lifecycles"): in_use(models.Lifecycle),
    ("Query", "products"): in_use(models.Product),
    ("Query", "fieldDefinitions"): in_use(models.FieldDefinition),
    ("Query", "orders"): everything(models.Order),
    ("Query", "interactions"): everything(models.Interaction),
    ("Query", "followUps"): everything(models.FollowUp),
    ("Query", "goals"): in_use(models.Goal),
    ("Query", "costEntries"): everything(models.CostEntry),
    ("Query", "exchangeRates"): everything(models.ExchangeRate),
    ("Query", "relationships"): everything(models.Relationship),
    ("Query", "staffMembers"): everything(models.StaffMember),
    ("Query", "roles"): everything(models.Role),
    ("Query", "tokens"): everything(models.ApiToken),
    ("Query", "webhookEndpoints"): in_use(models.WebhookEndpoint),
    ("Query", "webhookDeliveries"): everything(models.WebhookDelivery),
    ("Query", "events"): everything(models.Event),
    ("Query", "auditEntries"): everything(models.AuditEntry),
    ("Query", "importRuns"): everything(models.ImportRun),
    ("Query", "valueRuns"): everything(models.ValueRun),
    ("Query", "strategicDesignations"): everything(models.StrategicDesignation),
    ("Query", "valueRun"): lambda world, row, arguments: world.where(models.ValueRun, is_current=True)[0],
    ("Query", "lifecycle"): lambda world, row, arguments: world.where(models.Lifecycle, is_default=True)[0],
    ("Customer", "identities"): identities,
    ("Customer", "email"): address("EMAIL"),
    ("Customer", "phone"): address("PHONE"),
    ("Customer", "stage"): stage,
    ("Customer", "timeline"): timeline,
    ("Customer", "absorbed"): owned(models.Customer, "merged_into_id"),
    ("Customer", "stagePositions"): lambda world, row, arguments: ordered_by(
        world.where(models.StagePosition, customer_id=row.id)
    ),
    ("Customer", "stageHistory"): owned(models.StageTransition),
    ("Customer", "segments"): segments,
    ("Customer", "memberships"): owned(models.SegmentMembership),
    ("Customer", "orders"): owned(models.Order),
    ("Customer", "interactions"): owned(models.Interaction),
    ("Customer", "followUps"): owned(models.FollowUp),
    ("Customer", "costEntries"): owned(models.CostEntry),
    ("Customer", "relationships"): owned(models.Relationship),
    ("Customer", "inverseRelationships"): owned(models.Relationship, "related_id"),
    ("Customer", "valueMetrics"): metrics,
    ("Customer", "valueHistory"): owned(models.ValueSnapshot),
    ("Customer", "events"): owned(models.Event),
    ("Customer", "auditEntries"): owned(models.AuditEntry),
    ("Customer", "customField"): lambda world, row, arguments: row.custom_fields.get(arguments["key"]),
    ("Interaction", "followUps"): owned(models.FollowUp, "interaction_id"),
    ("Lifecycle", "stages"): lambda world, row, arguments: ordered_by(
        world.where(models.Stage, lifecycle_id=row.id, archived_at=None), "position"
    ),
    ("Lifecycle", "revisions"): owned(models.LifecycleRevision, "lifecycle_id"),
    ("Lifecycle", "edges"): lambda world, row, arguments: ordered_by(
        world.where(models.StageEdge, lifecycle_id=row.id), "position"
    ),
    ("Stage", "customers"): lambda world, row, arguments: [
        world.customer(position.customer_id) for position in world.where(models.StagePosition, stage_id=row.id)
    ],
    ("WebhookEndpoint", "deliveries"): owned(models.WebhookDelivery, "endpoint_id"),
    ("WebhookDelivery", "event"): lambda world, row, arguments: world.by_id(models.Event, row.event_id),
    ("Goal", "measurements"): lambda world, row, arguments: ordered_by(
        world.where(models.GoalMeasurement, goal_id=row.id), "day"
    ),
    ("Segment", "freshAsOf"): lambda world, row, arguments: wire(row.evaluated_at),
    ("Segment", "versions"): lambda world, row, arguments: sorted(
        world.where(models.SegmentVersion, segment_id=row.id), key=lambda one: -one.number
    ),
    ("Segment", "members"): members,
    ("Segment", "memberships"): owned(models.SegmentMembership, "segment_id"),
    ("Order", "lines"): owned(models.OrderLine, "order_id"),
    ("Interaction", "rating"): rating,
    ("ValueRun", "notices"): lambda world, row, arguments: row.diagnostics.get("notices", []),
    ("ValueRun", "failure"): lambda world, row, arguments: [
        row.diagnostics[name] for name in ("failure",) if name in row.diagnostics
    ],
    ("ValueMetrics", "currency"): run_of("currency"),
    ("ValueMetrics", "horizonDays"): run_of("horizon_days"),
    ("ValueMetrics", "clvHorizonDays"): run_of("clv_horizon_days"),
    ("ValueMetrics", "discountRate"): run_of("discount_rate"),
    ("ValueMetrics", "marginBasis"): run_of("margin_basis"),
    ("ValueMetrics", "model"): run_of("model"),
    ("ValueMetrics", "insufficient"): insufficient,
    ("*", "actor"): actor,
    ("*", "subjectId"): lambda world, row, arguments: f"{PREFIXES[row.noun]}_{row.noun_id}",
    **figures("Order", "amount listAmount refunded costOfGoods", lambda world, row: row.currency),
    **figures("Order", "baseAmount baseCost", lambda world, row: "USD"),
    **figures("CostEntry", "amount", lambda world, row: row.currency),
    **figures("CostEntry", "baseAmount", lambda world, row: "USD"),
    **figures("Product", "listPrice unitCost", lambda world, row: row.currency),
    **figures("Interaction", "cost", lambda world, row: row.cost_currency),
    **figures(
        "ValueMetrics",
        "monetary revenue discounts costOfGoods grossMargin costToServe acquisitionCost netProfit expectedSpend "
        "expectedOrderValue clvHistorical clvResidual clv clvLow clvHigh valueAtRisk allowableAcquisition "
        "allowableRetention growthPotential networkingPotential learningPotential",
        lambda world, row: "EUR",
    ),
}
