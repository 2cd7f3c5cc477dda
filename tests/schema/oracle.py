"""The schema once more, by plain resolvers over rows that the ORM loaded: slow, simple, and no part of the compiler.

It shares with the product the SDL, the public prefixes of ids and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from graphql import GraphQLSchema, build_schema, execute_sync, parse

import models
from crm.ids import PREFIXES

DEFAULT_ORDERS: dict[str, list[tuple[str, bool]]] = {
    "Customer": [("sort_name", False)],
    "Order": [("placed_at", True)],
    "OrderLine": [("position", False)],
    "Interaction": [("occurred_at", True)],
    "FollowUp": [("due_at", False)],
    "CostEntry": [("occurred_at", True)],
    "Product": [("name", False)],
    "Segment": [("name", False)],
    "SegmentMembership": [("entered_at", True)],
    "Lifecycle": [("name", False)],
    "LifecycleRevision": [("number", True)],
    "Goal": [("due_on", False)],
    "StageTransition": [("occurred_at", True)],
    "StaffMember": [("name", False)],
    "Role": [("name", False)],
    "ApiToken": [("created_at", True)],
    "Event": [("created_at", True)],
    "AuditEntry": [("created_at", True)],
    "ImportRun": [("created_at", True)],
    "FieldDefinition": [("position", False)],
    "StrategicDesignation": [("proposed_at", True)],
    "ValueRun": [("as_of", True)],
    "ValueMetrics": [("as_of", True)],
    "Relationship": [],
    "GoalMeasurement": [],
    "ExchangeRate": [("day", True)],
}

TYPES: dict[str, type[models.Record]] = {
    name: getattr(models, {"ValueMetrics": "ValueSnapshot"}.get(name, name))
    for name in (*DEFAULT_ORDERS, "Identity", "Stage", "StageEdge", "StagePosition", "SegmentVersion")
}
NAMES = {model: name for name, model in TYPES.items()}

WHERES: dict[str, list[tuple[dict[str, Any], Callable[[Oracle, Any], bool]]]] = {
    "Customer": [
        ({"country": {"eq": "IR"}}, lambda world, row: row.country == "IR"),
        ({"NOT": {"country": {"in": ["IR", "DE"]}}}, lambda world, row: row.country not in ("IR", "DE")),
        ({"kind": {"eq": "PERSON"}}, lambda world, row: row.kind == "PERSON"),
        ({"birthday": {"isEmpty": True}}, lambda world, row: row.birthday is None),
        ({"orders": {"count": {"gte": 2}}}, lambda world, row: len(world.where(models.Order, customer_id=row.id)) >= 2),
        (
            {"OR": [{"orders": {"none": {}}}, {"country": {"eq": "DE"}}]},
            lambda world, row: not world.where(models.Order, customer_id=row.id) or row.country == "DE",
        ),
    ],
    "Order": [
        ({"status": {"in": ["COMPLETED", "PLACED"]}}, lambda world, row: row.status in ("COMPLETED", "PLACED")),
        ({"customer": {"country": {"eq": "IR"}}}, lambda world, row: world.customer(row.customer_id).country == "IR"),
    ],
    "Interaction": [({"rating": {"gte": "5"}}, lambda world, row: row.rating is not None and row.rating >= 5)],
}
"""Filters, with what they mean."""


@dataclass
class Page:
    """A connection, ready to be asked."""

    nodes: list[Any]
    total: int
    before: bool
    after: bool


@dataclass
class Entry:
    """An entry of a timeline: the row that it tells of, and when, whose and what it is."""

    kind: str
    at: datetime
    row: Any
    customer: Any


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def wire(value: Any, owner: Any = None, name: str = "") -> Any:
    """A value of Python as JSON has it."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, UUID):
        return f"{PREFIXES[owner._meta.db_table]}_{value}"
    return value.value if isinstance(value, Enum) else value


def plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def money(amount: Decimal | None, currency: str | None) -> dict[str, Any] | None:
    return None if amount is None else {"amount": plain(amount), "currency": currency}


class Oracle:
    """Answers documents from lists of rows."""

    def __init__(self, rows: dict[type[models.Record], list[Any]], sdl: str) -> None:
        self.rows = rows
        self.indexes: dict[tuple[type[models.Record], str], dict[Any, list[Any]]] = {}
        self.schema: GraphQLSchema = build_schema(sdl)
        entries: Any = self.schema.type_map["TimelineEntry"]
        entries.resolve_type = lambda value, info, _: ENTRY_TYPES[value.kind]
        for kind in ("Node",):
            self.schema.type_map[kind].resolve_type = lambda value, info, _: NAMES[type(value)]  # type: ignore[attr-defined]

    @classmethod
    async def load(cls, sdl: str) -> Oracle:
        return cls({model: await model.all() for model in TYPES.values()}, sdl)

    def answer(self, document: str, variables: dict[str, Any]) -> Any:
        result = execute_sync(self.schema, parse(document), variable_values=variables, field_resolver=self.resolve)
        assert not result.errors, result.errors
        return result.data

    # -- rows ---------------------------------------------------------------------------------------------------------

    def where(self, model: type[models.Record], **values: Any) -> list[Any]:
        (first, wanted), *others = values.items()
        index = self.indexes.get((model, first))
        if index is None:
            index = self.indexes[model, first] = {}
            for row in self.rows[model]:
                index.setdefault(getattr(row, first), []).append(row)
        return [row for row in index.get(wanted, ()) if all(getattr(row, name) == value for name, value in others)]

    def by_id(self, model: type[models.Record], key: UUID | None) -> Any:
        return next(iter(self.where(model, id=key)), None) if key else None

    def customer(self, key: UUID) -> Any:
        return self.by_id(models.Customer, key)

    def current(self, customer: Any) -> Any:
        run = self.where(models.ValueRun, is_current=True)[0]
        return next(iter(self.where(models.ValueSnapshot, run_id=run.id, customer_id=customer.id)), None)

    # -- resolving ----------------------------------------------------------------------------------------------------

    def resolve(self, source: Any, info: Any, **arguments: Any) -> Any:
        name, parent = info.field_name, info.parent_type.name
        if isinstance(source, Page):
            return self.of_page(source, name, arguments)
        if isinstance(source, dict):
            return source[name]
        if isinstance(source, Entry):
            return entry_field(self, source, name)
        special = SPECIAL.get((parent, name)) or SPECIAL.get(("*", name))
        if special:
            found = special(self, source, arguments)
        elif (snake(name) in source._meta.fk_fields) or (name == "customer"):
            model = RELATED.get(name) or TYPES[name[0].upper() + name[1:]]
            found = self.by_id(model, getattr(source, f"{snake(name)}_id"))
        else:
            found = wire(getattr(source, snake(name)), source, name)
        if not isinstance(found, Page) and str(info.return_type).rstrip("!").endswith("Connection"):
            return self.page(found, str(info.return_type).rstrip("!").removesuffix("Connection"), arguments)
        return found

    def of_page(self, page: Page, name: str, arguments: dict[str, Any]) -> Any:
        if name == "nodes":
            return page.nodes
        if name == "edges":
            return [{"node": node, "cursor": "cursor"} for node in page.nodes]
        if name == "count":
            return {"value": page.total, "exact": True}
        cursor = "cursor" if page.nodes else None
        return {"hasNextPage": page.after, "hasPreviousPage": page.before, "startCursor": cursor, "endCursor": cursor}

    def page(self, rows: Iterable[Any], kind: str, arguments: dict[str, Any]) -> Page:
        where = arguments.get("where")
        if where is not None:
            holds = next(test for rule, test in WHERES[kind] if rule == where)
            rows = [row for row in rows if holds(self, row)]
        ordered = self.ordered(list(rows), kind, arguments.get("orderBy"))
        first, last = arguments.get("first"), arguments.get("last")
        if last is not None:
            nodes = ordered[-last:]
            return Page(nodes, len(ordered), len(ordered) > last, False)
        nodes = ordered[: first or 20]
        return Page(nodes, len(ordered), False, len(ordered) > len(nodes))

    def ordered(self, rows: list[Any], kind: str, given: list[dict[str, str]] | None) -> list[Any]:
        keys = [(one["field"].lower(), one["direction"] == "DESC", one["nulls"] == "FIRST") for one in given or ()]
        keys = keys or [(name, descending, False) for name, descending in DEFAULT_ORDERS[kind]]
        rows = sorted(rows, key=lambda row: row.id, reverse=bool(keys) and keys[-1][1])
        for name, descending, nulls_first in reversed(keys):
            with_value = [row for row in rows if self.sort_value(row, name) is not None]
            without = [row for row in rows if self.sort_value(row, name) is None]
            with_value.sort(key=lambda row, name=name: self.sort_value(row, name), reverse=descending)  # type: ignore[misc]
            rows = without + with_value if nulls_first else with_value + without
        return rows

    def sort_value(self, row: Any, name: str) -> Any:
        if isinstance(row, models.Customer) and name not in models.Customer._meta.db_fields:
            row = self.current(row)
        found = getattr(row, name) if row else None
        return found.value if isinstance(found, Enum) else found


RELATED: dict[str, type[models.Record]] = {
    "owner": models.StaffMember,
    "staff": models.StaffMember,
    "createdBy": models.StaffMember,
    "related": models.Customer,
    "mergedInto": models.Customer,
    "fromStage": models.Stage,
    "toStage": models.Stage,
    "run": models.ValueRun,
}

Special = Callable[[Oracle, Any, dict[str, Any]], Any]


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


ENTRY_TYPES = {
    "INTERACTION": "InteractionEntry",
    "NOTE": "InteractionEntry",
    "ORDER": "OrderEntry",
    "STAGE_MOVE": "StageMoveEntry",
    "SEGMENT_ENTRY": "MembershipEntry",
    "SEGMENT_EXIT": "MembershipEntry",
    "IDENTITY_CHANGE": "IdentityEntry",
    "RELATIONSHIP": "RelationshipEntry",
    "FOLLOW_UP": "FollowUpEntry",
}


def entry_field(world: Oracle, entry: Entry, name: str) -> Any:
    plain = {"kind": entry.kind, "at": wire(entry.at), "customer": entry.customer, "actor": None}
    if name == "actor":
        return actor(world, entry.row, {})
    if name == "added":
        return entry.row.type == "identity.added"
    return plain.get(name, entry.row)


def timeline(world: Oracle, row: Any, arguments: dict[str, Any]) -> Page:
    made = [
        *((("NOTE" if one.kind == "NOTE" else "INTERACTION"), one.occurred_at, one)
          for one in world.where(models.Interaction, customer_id=row.id)),
        *(("ORDER", one.placed_at, one) for one in world.where(models.Order, customer_id=row.id)),
        *(("STAGE_MOVE", one.occurred_at, one) for one in world.where(models.StageTransition, customer_id=row.id)),
        *(("SEGMENT_ENTRY", one.entered_at, one) for one in world.where(models.SegmentMembership, customer_id=row.id)),
        *(("SEGMENT_EXIT", one.exited_at, one) for one in world.where(models.SegmentMembership, customer_id=row.id)
          if one.exited_at),
        *(("IDENTITY_CHANGE", one.created_at, one) for one in world.where(models.Event, customer_id=row.id)
          if one.type.startswith("identity.")),
        *(("FOLLOW_UP", one.due_at, one) for one in world.where(models.FollowUp, customer_id=row.id)),
        *(("RELATIONSHIP", one.created_at, one) for one in world.rows[models.Relationship]
          if row.id in (one.customer_id, one.related_id)),
    ]  # fmt: skip
    at = {name: datetime.fromisoformat(arguments[name]) for name in ("since", "until") if arguments.get(name)}
    kept = [Entry(*each, row) for each in made if at.get("since", each[1]) <= each[1] < at.get("until", FAR)]
    wanted = arguments.get("kinds")
    kept = [each for each in kept if wanted is None or each.kind in wanted]
    kept.sort(key=lambda each: (each.at, each.row.id, each.kind), reverse=True)
    size = arguments.get("first") or 20
    return Page(kept[:size], len(kept), False, len(kept) > size)


FAR = datetime(9000, 1, 1, tzinfo=UTC)


def identities(world: Oracle, row: Any, arguments: dict[str, Any]) -> list[Any]:
    found = world.where(models.Identity, customer_id=row.id)
    return sorted(found, key=lambda one: (one.kind.value, not one.is_primary, one.id))


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


def actor(world: Oracle, row: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    prefix = {"STAFF": "stf", "TOKEN": "tok"}.get(row.actor_kind)
    key = f"{prefix}_{row.actor_id}" if prefix and row.actor_id else None
    return {"kind": row.actor_kind, "id": key, "label": row.actor_label}


def rating(world: Oracle, row: Any, arguments: dict[str, Any]) -> dict[str, Any] | None:
    return None if row.rating is None else {"kind": row.rating_kind.value, "value": row.rating}


def any_record(world: Oracle, text: str) -> Any:
    prefix, _, key = text.partition("_")
    table = next(table for table, known in PREFIXES.items() if known == prefix)
    model = next(model for model in TYPES.values() if model._meta.db_table == table)
    return world.by_id(model, UUID(key))


def one(model: type[models.Record]) -> Special:
    return lambda world, row, arguments: world.by_id(model, UUID(arguments["id"].partition("_")[2]))


def figures(kind: str, names: str, currency: Callable[[Oracle, Any], str | None]) -> dict[tuple[str, str], Special]:
    return {
        (kind, name): lambda world, row, arguments, name=name: money(getattr(row, snake(name)), currency(world, row))
        for name in names.split()
    }


SPECIAL: dict[tuple[str, str], Special] = {
    ("Query", "node"): lambda world, row, arguments: any_record(world, arguments["id"]),
    ("Query", "nodes"): lambda world, row, arguments: [any_record(world, text) for text in arguments["ids"]],
    ("Query", "customer"): one(models.Customer),
    ("Query", "order"): one(models.Order),
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
    ("Query", "events"): everything(models.Event),
    ("Query", "auditEntries"): everything(models.AuditEntry),
    ("Query", "importRuns"): everything(models.ImportRun),
    ("Query", "valueRuns"): everything(models.ValueRun),
    ("Query", "strategicDesignations"): everything(models.StrategicDesignation),
    ("Query", "valueRun"): lambda world, row, arguments: world.where(models.ValueRun, is_current=True)[0],
    ("Query", "lifecycle"): lambda world, row, arguments: world.where(models.Lifecycle, is_default=True)[0],
    ("Customer", "identities"): identities,
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
