"""What simulated customers refer to: staff, products, a segment and the stages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import numpy as np

from crm import organization, roles
from crm.access import Actor
from crm.changes import create
from crm.demo.simulate import keys
from crm.demo.simulate.names import tongues
from crm.demo.simulate.parameters import Parameters
from crm.demo.simulate.place import Place
from crm.demo.simulate.tables import REACHED
from crm.events import EventType
from crm.lifecycle import default
from models import Product, Segment, SegmentKind, StaffMember, Stage

STAFF = 12
PRODUCTS = 60
CATEGORIES = ("Tea and coffee", "Books", "Kitchen", "Garden", "Music", "Toys", "Clothing", "Tools")


@dataclass(frozen=True)
class Surroundings:
    place: Place
    staff: list[UUID]
    segment: Segment


async def make(actor: Actor, parameters: Parameters, seed: int, mark: str, *, now: datetime) -> Surroundings:
    """Have them, inside the caller's transaction."""
    house = await organization.current()
    source = f"simulated-{mark[:6]}"
    staff = await _staff(actor, seed, source)
    products = await _products(actor, seed, source, house.base_currency)
    segment = await _segment(actor, source)
    lifecycle = await default.install(actor)
    stages = {stage.key: keys.from_uuids([stage.id]) for stage in await Stage.filter(lifecycle_id=lifecycle.id)}
    # An organisation that defined other stages has no place for this history.
    fits = {"suspect", "dormant", *REACHED.values()} <= stages.keys()
    place = Place(
        mark=int(mark[:4], 16),
        at_ms=parameters.end_us // 1000,
        now=now,
        currency=house.base_currency,
        source=source,
        lifecycle=keys.from_uuids([lifecycle.id]),
        stages=stages if fits else {},
        staff=keys.from_uuids(staff),
        products=keys.from_uuids(products),
        segment=keys.from_uuids([segment.id]),
        lines_every=parameters.lines_every,
        end_us=parameters.end_us,
    )
    return Surroundings(place, staff, segment)


async def _staff(actor: Actor, seed: int, source: str) -> list[UUID]:
    """People of the back office, who cannot sign in: they have no password."""
    await roles.install_built_in(actor)
    role = await roles.named("agent")
    pools, made = tongues(seed), []
    for number in range(STAFF):
        pool = pools[number % len(pools)]
        parts = pool.given[number][0], pool.family[number][0]
        name = "".join(reversed(parts)) if pool.language == "zh" else " ".join(parts)
        member = StaffMember(
            email=f"agent{number + 1}@{source}.example", name=name, role_id=role.id, locale=pool.language,
            time_zone=pool.time_zone,
        )  # fmt: skip
        made.append((await create(actor, member, EventType.STAFF_CREATED)).id)
    return made


async def _products(actor: Actor, seed: int, source: str, currency: str) -> list[UUID]:
    draw = np.random.default_rng(seed)
    made = []
    for number in range(PRODUCTS):
        category = CATEGORIES[number % len(CATEGORIES)]
        price = Decimal(int(draw.integers(300, 9_000))) / 100
        product = Product(
            sku=f"{source}-{number + 1:03}", name=f"{category} no. {number // len(CATEGORIES) + 1}", category=category,
            list_price=price, unit_cost=(price * Decimal("0.55")).quantize(Decimal("0.01")), currency=currency,
        )  # fmt: skip
        made.append((await create(actor, product, EventType.PRODUCT_CREATED)).id)
    return made


async def _segment(actor: Actor, source: str) -> Segment:
    segment = Segment(
        key=f"{source}-newsletter", name="Newsletter", kind=SegmentKind.STATIC,
        description="Simulated customers who asked for the newsletter.",
    )  # fmt: skip
    return await create(actor, segment, EventType.SEGMENT_CREATED)
