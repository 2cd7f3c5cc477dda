"""Customers of the generated organisation: how they are known and connected."""

from __future__ import annotations

from datetime import date

import models
from crm.text import normalise
from models.base import new_id
from tests.schema.world import NAMES, World


def people(world: World) -> None:
    customers(world)
    identities(world)
    relationships(world)


def customers(world: World) -> None:
    maybe, choice = world.maybe, world.random.choice
    world.add(
        models.Customer,
        24,
        kind=lambda: choice(list(models.CustomerKind)),
        display_name=lambda: choice(NAMES),
        given_name=lambda: maybe(choice(NAMES)),
        organization_name=lambda: maybe(choice(NAMES), 0.2),
        sort_name=lambda: choice(NAMES),
        country=lambda: maybe(choice(["IR", "DE"])),
        city=lambda: maybe(choice(["تهران", "Köln", "", "上海"])),
        birthday=lambda: maybe(world.day()),
        owner_id=lambda: maybe(world.pick(models.StaffMember).id),
        acquired_at=lambda: maybe(world.when()),
        custom_fields=lambda: choice([{}, {"vip": True, "n": 1.5}, {"text": 'a"ب', "none": None}]),
        archived_at=lambda: maybe(world.when(), 0.15),
        version=lambda: choice([1, 2, 2**31 - 1]),
    )
    kept = [row for row in world.of(models.Customer) if not row.archived_at][:2]
    merged = [row for row in world.of(models.Customer) if row.archived_at][-2:]
    for row, survivor in zip(merged, kept, strict=True):
        row.merged_into_id = survivor.id
    for row in world.of(models.Customer):
        row.search_text = normalise(row.display_name)


def identities(world: World) -> None:
    maybe, choice = world.maybe, world.random.choice
    world.add(
        models.Identity,
        20,
        customer_id=lambda: world.pick(models.Customer).id,
        kind=lambda: choice([models.IdentityKind.EMAIL, models.IdentityKind.PHONE]),
        value=lambda: choice(["x", "y", "z"]),
        normalized=lambda: str(new_id()),
        is_primary=lambda: choice([True, False]),
        verified_at=lambda: maybe(world.when()),
    )


def relationships(world: World) -> None:
    maybe, choice = world.maybe, world.random.choice
    pairs = {(a.id, b.id) for a, b in (world.random.sample(world.of(models.Customer), 2) for _ in range(20))}
    ends = iter(sorted(pairs, key=str))
    for pair in ends:
        world.add(
            models.Relationship,
            1,
            customer_id=lambda pair=pair: pair[0],
            related_id=lambda pair=pair: pair[1],
            kind=lambda: choice([models.RelationshipKind.INFLUENCES, models.RelationshipKind.PARTNER]),
            since=lambda: maybe(date(2020, 2, 29)),
            until=lambda: maybe(date(2024, 2, 29)),
            note=lambda: maybe(""),
        )
