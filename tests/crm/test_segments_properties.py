"""After any history, the members that followed the events are those that a full pass finds, at any time."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from crm import custom_fields, customers, interactions, orders, relationships
from crm.database import fetch
from crm.errors import CrmError
from crm.rules.evaluate import evaluate
from crm.rules.json_form import from_json
from crm.rules.predicate import surroundings
from crm.segments import history, refresh, static, versions
from models import Channel, Customer, Direction, FieldType, InteractionKind, RelationshipKind, Segment, SegmentKind
from tests.crm.segments_world import Following, dynamic
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
    "never": 'not ever in segment "vip"',
    "young": "createdAt within last 40 hours",
    "birthday": "birthday anniversary within next 2 days",
}


class Story:
    """A random history: people change, buy, complain, are referred, archived and deleted, and time passes."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.now: datetime = NOW
        self.people: list[Customer] = []
        self.said: list[str] = []

    async def happen(self) -> None:
        step = self.dice.choice(STEPS)
        self.said.append(step.__name__)
        try:
            await step(self)
        except CrmError as refused:  # two who are connected already, an archived one: history goes on
            self.said.append(refused.message)

    def anyone(self) -> Customer:
        return self.dice.choice(self.people)

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
        rows = await fetch('SELECT id FROM "order" ORDER BY id')
        if rows:
            await orders.delete(OWNER, self.dice.choice(rows)["id"], expected_version=None)

    async def complained(self) -> None:
        fields: Any = {"channel": Channel.PHONE, "direction": Direction.INBOUND, "kind": InteractionKind.COMPLAINT}
        await interactions.log(OWNER, self.anyone().id, fields=fields, now=self.now)

    async def referred(self) -> None:
        kind = self.dice.choice([RelationshipKind.REFERRED_BY, RelationshipKind.PARTNER])
        await relationships.create(OWNER, self.anyone().id, self.anyone().id, kind=kind, fields={})

    async def parted(self) -> None:
        rows = await fetch("SELECT id FROM relationship ORDER BY id")
        if rows:
            await relationships.delete(OWNER, self.dice.choice(rows)["id"], expected_version=None)

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
    Story.moved, Story.moved, Story.ranked, Story.bought, Story.bought, Story.bought, Story.returned, Story.complained,
    Story.referred, Story.parted, Story.archived, Story.picked, Story.waited, Story.waited, Story.born, Story.deleted,
    Story.ruled,
]  # fmt: skip

INSIDE = "SELECT customer_id FROM segment_membership WHERE segment_id = $1 AND exited_at IS NULL"


async def inside(segment_id: Any) -> set[Any]:
    return {row["customer_id"] for row in await fetch(INSIDE, segment_id)}


async def begin(story: Story) -> None:
    await custom_fields.define(OWNER, key="tier", type=FieldType.CHOICE, fields={"choices": ["gold", "tin"]})
    await segment("vip")
    for _ in range(6):
        await story.born()
    for key, rule in RULES.items():
        await dynamic(key, rule)


@pytest.mark.parametrize("seed", range(6))
async def test_members_that_followed_are_those_of_a_full_pass_and_of_a_plain_evaluation(
    fresh_db: str, seed: int
) -> None:
    story, following = Story(seed), Following()
    await following.catch_up()
    await begin(story)
    seen: dict[datetime, dict[str, set[Any]]] = {}
    for _ in range(12):
        for _ in range(story.dice.randrange(1, 5)):
            await story.happen()
        story.now += timedelta(seconds=1)
        for _ in range(3):
            await following.catch_up(story.now)
        seen[story.now] = await agree(story)
    await replays(seen)


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
            if row["archived_at"] is None and evaluate(tree, catalogue, rows, row, context=context)
        }  # fmt: skip
        followed = await inside(each.id)
        assert followed == plain, (each.key, story.said[-12:])
        assert each.size == len(followed), each.key
        found[each.key] = followed
    return found


async def everything() -> dict[str, list[dict[str, Any]]]:
    tables = ("customer", "order", "interaction", "relationship", "segment", "segment_membership")
    found = {table: [dict(row) for row in await fetch(f'SELECT * FROM "{table}"')] for table in tables}  # noqa: S608
    for row in found["customer"]:
        row["custom_fields"] = json.loads(row["custom_fields"])
    return found


async def replays(seen: dict[datetime, dict[str, set[Any]]]) -> None:
    """The history answers for each time what was true then, for those who are still there."""
    living = {row["id"] for row in await fetch("SELECT id FROM customer")}
    for at, members in seen.items():
        for key in living:
            then = set(await history.segments_at(OWNER, key, at)) - {"vip"}
            assert then == {segment_key for segment_key, ids in members.items() if key in ids}


async def test_a_full_pass_after_following_finds_nothing_to_do(fresh_db: str) -> None:
    story, following = Story(99), Following()
    await following.catch_up()
    await begin(story)
    for _ in range(40):
        await story.happen()
        await following.catch_up(story.now)
    for _ in range(3):
        await following.catch_up(story.now)
    for each in await Segment.filter(kind=SegmentKind.DYNAMIC):
        moved = await refresh.ask(OWNER, each.id, now=story.now)
        assert moved is not None
        assert (moved.entered, moved.exited) == (0, 0), each.key
