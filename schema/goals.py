"""What the organisation wants to reach."""

from datetime import date, datetime
from decimal import Decimal

import models
from crm.access import Scope
from schema.enums import GoalFigure
from schema.node import Node
from schema.select.declare import column, many, one, reads
from schema.select.order import By
from schema.staff import StaffMember


@reads(models.Goal, scope=Scope.CUSTOMER_READ, order=[By("due_on")])
class Goal(Node):
    """A measurable target; goalProgress tells how far it is."""

    name: str = column()
    figure: GoalFigure = column()
    segment: str | None = column(description="The key of a segment that narrows the figure.")
    lifecycle: str | None = column()
    stage: str | None = column()
    owner: StaffMember | None = one("owner", description="Whose customers the figure is about.")
    baseline: Decimal = column()
    target: Decimal = column()
    starts_on: date = column()
    due_on: date = column()
    archived_at: datetime | None = column()
    created_at: datetime = column()
    updated_at: datetime = column()
    version: int = column()
    measurements: list["GoalMeasurement"] = many(
        "measurements", order="{t.day}", about=60, description="The figure day by day, as far as it was noted."
    )


@reads(models.GoalMeasurement, scope=Scope.CUSTOMER_READ)
class GoalMeasurement:
    """A goal's figure on a day; null when there was nothing to measure."""

    day: date = column()
    value: Decimal | None = column()
