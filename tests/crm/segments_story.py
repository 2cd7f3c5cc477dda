"""Random histories of an organisation, and three ways of finding who is in which segment, which must agree."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from crm import costs, custom_fields, customers, followups, interactions, orders, relationships
from crm.database import fetch
from crm.errors import CrmError, NotFound
from crm.lifecycle import default, positions
from crm.merging import Absorbed, merge
from crm.rules.evaluate import evaluate
from crm.rules.json_form import from_json
from crm.rules.predicate import surroundings
from crm.segments import history, static, versions
from models import Channel, Customer, Direction, FieldType, InteractionKind, RelationshipKind, Segment, SegmentKind
from tests.crm.segments_world import dynamic
from tests.factories import NOW, OWNER, customer, order, segment

RULES = {
    "home": 'country = "IR"',
    "away": 'not country = "IR"',
    "busy": "orders.count(last 3 days) >= 2",
    "spent": "orders.sum(baseAmount, last 1 week) > 60",
    "this-week": "orders.some(this week)",
    "quiet": "orders.none(last 2 days)",
    "latest": "orders.last(placedAt) < 36 hours ago",
    "gold": 'customFields.tier = "gold"',
    "heard": 'interactions.some(last 2 days, kind = "COMPLAINT")',
    "guides": 'referrals.some(customer.country = "IR")',
    "guided": "inverseRelationships.none() and relationships.some(related.orders.count() >= 1)",
    "picked": 'in segment "vip" and orders.some()',
    "both": 'in segment "home" and in segment "busy"',
    "left-home": 'left segment "home" within last 2 days',
    "was-vip": 'in segment "vip" at 30 hours ago and not in segment "vip"',
    "was-home": 'in segment "home" at 1 day ago',
    "never": 'not ever in segment "vip"',
    "young": "createdAt within last 40 hours",
    "costly": "costEntries.sum(baseAmount, last 2 days) >= 5",
    "promised": 'followUps.some(status = "OPEN" and dueAt < now)',
    "staged": 'stage = "prospect"',
    "settled": "timeInStage > 20 hours",
    "been": 'ever in stage "prospect"',
    "aside": "archivedAt within last 2 days",
    "linked": "relationships.some(related.orders.count() >= 2)",
    "birthday": "birthday anniversary within next 2 days",
}


class Story:
    """A random history: people change, buy, complain, are referred, archived and deleted, and time passes."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.now: datetime = NOW
        self.people: list[Customer] = []
        self.said: list[str] = []

    async def happen(self, step: Any = None) -> None:
        step = step or self.dice.choice(STEPS)
        self.said.append(step.__name__)
        try:
            await step(self)
        except CrmError as refused:  # two who are connected already, an archived one: history goes on
            self.said.append(refused.message)

    def anyone(self) -> Customer:
        if not self.people:
            raise NotFound("Everybody has been deleted.")
        return self.dice.choice(self.people)

    async def any_row(self, table: str) -> UUID:
        rows = await fetch(f'SELECT id FROM "{table}" ORDER BY id')  # noqa: S608 - our own names
        if not rows:
            raise NotFound(f"There is no {table} yet.")
        found: UUID = self.dice.choice(rows)["id"]
        return found

    async def born(self) -> None:
        birthday = (NOW + timedelta(days=self.dice.randrange(6))).date().replace(year=1990)
        person = await customer(f"P{len(self.people)}", country=self.dice.choice(["IR", "DE", None]), birthday=birthday)
        await Customer.filter(id=person.id).update(created_at=self.now)
        self.people.append(person)

    async def moved(self) -> None:
        fields: Any = {"country": self.dice.choice(["IR", "DE"])}
        await customers.update(OWNER, self.anyone().id, expected_version=None, fields=fields, now=self.now)

    async def ranked(self) -> None:
        fields: Any = {"custom_fields": {"tier": self.dice.choice(["gold", "tin", None])}}
        await customers.update(OWNER, self.anyone().id, expected_version=None, fields=fields, now=self.now)

    async def bought(self) -> None:
        placed = self.now - timedelta(hours=self.dice.randrange(60))
        await order(self.anyone(), str(self.dice.choice([10, 50])), placed_at=placed)

    async def returned(self) -> None:
        await orders.delete(OWNER, await self.any_row("order"), expected_version=None)

    async def corrected(self) -> None:
        placed = self.now - timedelta(hours=self.dice.randrange(60))
        fields: Any = {"placed_at": placed, "amount": Decimal(self.dice.choice([10, 50]))}
        await orders.update(OWNER, await self.any_row("order"), expected_version=None, fields=fields, now=self.now)

    async def charged(self) -> None:
        fields: Any = {"amount": Decimal(self.dice.choice([1, 9])), "activity": "OTHER", "occurred_at": self.now}
        await costs.record(OWNER, self.anyone().id, fields=fields, now=self.now)

    async def promised(self) -> None:
        due = self.now + timedelta(hours=self.dice.choice([-5, 1, 30]))
        await followups.create(OWNER, self.anyone().id, subject="Call", due_at=due, now=self.now)

    async def kept(self) -> None:
        await followups.close(OWNER, await self.any_row("follow_up"), expected_version=None, now=self.now)

    async def progressed(self) -> None:
        to = self.dice.choice(["prospect", "suspect"])
        await positions.move(OWNER, self.anyone().id, to=to, reason="story", now=self.now)

    async def merged(self) -> None:
        survivor, twin = self.anyone(), self.anyone()
        await merge(OWNER, survivor.id, [Absorbed(twin.id)], now=self.now, furthest_stage=self.dice.random() < 0.5)
        self.people.remove(twin)

    async def complained(self) -> None:
        fields: Any = {"channel": Channel.PHONE, "direction": Direction.INBOUND, "kind": InteractionKind.COMPLAINT}
        await interactions.log(OWNER, self.anyone().id, fields=fields, now=self.now)

    async def referred(self) -> None:
        kind = self.dice.choice([RelationshipKind.REFERRED_BY, RelationshipKind.PARTNER])
        await relationships.create(OWNER, self.anyone().id, self.anyone().id, kind=kind, fields={})

    async def parted(self) -> None:
        await relationships.delete(OWNER, await self.any_row("relationship"), expected_version=None)

    async def archived(self) -> None:
        person = await Customer.get(id=self.anyone().id)
        if person.archived_at:
            await customers.restore(OWNER, person.id, expected_version=None)
        else:
            await customers.archive(OWNER, person.id, expected_version=None, now=self.now)

    async def deleted(self) -> None:
        person = self.anyone()
        await customers.delete(OWNER, person.id, expected_version=None)
        self.people.remove(person)

    async def picked(self) -> None:
        vip = await Segment.get(key="vip")
        act = self.dice.choice([static.add, static.remove])
        await act(OWNER, vip.id, [self.anyone().id], now=self.now)

    async def waited(self) -> None:
        self.now += timedelta(hours=self.dice.choice([1, 7, 25]))

    async def ruled(self) -> None:
        home = await Segment.get(key="home")
        rule = self.dice.choice(['country = "IR"', 'country in ("IR", "DE")'])
        await versions.change(OWNER, home.id, rule, expected_version=None, now=self.now)


STEPS = [
    Story.moved, Story.ranked, Story.bought, Story.bought, Story.corrected, Story.returned, Story.complained,
    Story.charged, Story.promised, Story.kept, Story.progressed, Story.referred, Story.parted, Story.archived,
    Story.picked, Story.waited, Story.waited, Story.born, Story.deleted, Story.merged, Story.ruled,
]  # fmt: skip

INSIDE = "SELECT customer_id FROM segment_membership WHERE segment_id = $1 AND exited_at IS NULL"


async def inside(segment_id: Any) -> set[Any]:
    return {row["customer_id"] for row in await fetch(INSIDE, segment_id)}


async def begin(story: Story) -> None:
    await custom_fields.define(OWNER, key="tier", type=FieldType.CHOICE, fields={"choices": ["gold", "tin"]})
    await default.install(OWNER)
    await segment("vip")
    for _ in range(5):
        await story.born()
    for key, rule in RULES.items():
        await dynamic(key, rule)


async def agree(story: Story) -> dict[str, set[Any]]:
    """The members of every segment, which three ways of finding them agree about."""
    catalogue, context = await surroundings(story.now)
    rows = await everything()
    found: dict[str, set[Any]] = {}
    for each in await Segment.filter(kind=SegmentKind.DYNAMIC).order_by("key"):
        assert each.rule is not None
        assert each.evaluation_error is None
        tree = from_json(each.rule)
        plain = {
            row["id"] for row in rows["customer"]
            if (row["merged_into_id"] if each.key == "aside" else row["archived_at"]) is None
            and evaluate(tree, catalogue, rows, row, context=context)
        }  # fmt: skip
        followed = await inside(each.id)
        assert followed == plain, (each.key, story.said[-12:])
        assert each.size == len(followed), each.key
        found[each.key] = followed
    return found


async def everything() -> dict[str, list[dict[str, Any]]]:
    tables = (
        "customer", "order", "interaction", "relationship", "segment", "segment_membership", "cost_entry", "follow_up",
        "lifecycle", "stage", "stage_position", "stage_transition",
    )  # fmt: skip
    found = {table: [dict(row) for row in await fetch(f'SELECT * FROM "{table}"')] for table in tables}  # noqa: S608
    for row in found["customer"]:
        row["custom_fields"] = json.loads(row["custom_fields"])
    return found


async def replays(seen: dict[datetime, dict[str, set[Any]]]) -> None:
    """The history answers for each time what was true then, for those who are still there."""
    living = {row["id"] for row in await fetch("SELECT id FROM customer WHERE merged_into_id IS NULL")}
    for at, members in seen.items():
        for key in living:
            then = set(await history.segments_at(OWNER, key, at)) - {"vip"}
            assert then == {segment_key for segment_key, ids in members.items() if key in ids}, (at, key)
