"""What tests of intimacy share: calls, answers to surveys, lifetime values, a goal."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from crm import interactions
from crm.goals import GoalFields
from crm.lifecycle.reports.frame import Period
from models import (
    Channel,
    Customer,
    Direction,
    GoalFigure,
    Interaction,
    InteractionKind,
    RatingKind,
    RunStatus,
    StaffMember,
    ValueRun,
    ValueSnapshot,
)
from tests import factories
from tests.factories import NOW, OWNER

DAY = timedelta(days=1)
PERIOD = Period(NOW - 100 * DAY, NOW + DAY)
CALL: Any = {"channel": Channel.PHONE, "direction": Direction.INBOUND, "kind": InteractionKind.CALL}


async def called(customer: Customer, member: StaffMember | None, times: int = 1, **fields: Any) -> None:
    for _ in range(times):
        values = {**CALL, "staff_id": member.id if member else None, **fields}
        await interactions.log(OWNER, customer.id, fields=values, now=NOW)


async def worth(**clv: Any) -> None:
    """A current value run in which the customers have these lifetime values, by name."""
    run = await ValueRun.create(
        as_of=NOW,
        status=RunStatus.PUBLISHED,
        is_current=True,
        currency="USD",
        horizon_days=365,
        discount_rate=Decimal("0.1"),
        margin_basis="x",
    )
    for name, value in clv.items():
        owner = await Customer.get(display_name=name)
        await ValueSnapshot.create(run_id=run.id, customer_id=owner.id, as_of=NOW, clv=value, revenue=value)


async def rated(kind: RatingKind, *ratings: int, **fields: Any) -> None:
    alice = await factories.customer()
    await Interaction.bulk_create(
        Interaction(
            customer_id=alice.id,
            channel=fields.get("channel", Channel.WEB),
            direction=Direction.INBOUND,
            kind=InteractionKind.SURVEY,
            occurred_at=fields.get("at", NOW),
            rating_kind=kind,
            rating=rating,
        )
        for rating in ratings
    )


GOAL = GoalFields(
    name="More buyers",
    figure=GoalFigure.STAGE_SIZE,
    stage="buyer",
    baseline=Decimal(0),
    target=Decimal(4),
    starts_on=date(2026, 11, 10),
    due_on=date(2026, 11, 30),
)
