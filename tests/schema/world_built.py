"""The generated organisation, whole and in a database."""

from __future__ import annotations

import models
from tests.schema.world import NAMES, World
from tests.schema.world_business import business
from tests.schema.world_paths import paths
from tests.schema.world_people import people
from tests.schema.world_records import records
from tests.schema.world_value import worth


async def build(seed: int = 7) -> World:
    world = World(seed)
    pick, maybe, choice = world.pick, world.maybe, world.random.choice
    unique = iter(range(10_000))
    world.add(models.Role, 2, key=lambda: f"role{next(unique)}", name=lambda: choice(NAMES), scopes=lambda: ["a", "b"])
    world.add(
        models.StaffMember,
        3,
        email=lambda: f"s{next(unique)}@example.org",
        name=lambda: choice(NAMES),
        role_id=lambda: pick(models.Role).id,
        last_login_at=lambda: maybe(world.when()),
    )
    people(world)
    paths(world, unique)
    business(world, unique)
    worth(world)
    records(world, unique)
    await world.save()
    return world
