"""Reports of what passed with customers: a staff member's day, depth of relationships, goals."""

from datetime import datetime
from decimal import Decimal

import strawberry

import models
from crm import changes, depth, followups, goals, ids
from schema.enums import GoalFigure
from schema.reports.support import Info, actor, customer, customer_key, report, staff, told

GoalUnit = strawberry.enum(goals.Unit, name="GoalUnit", description="A share goes from 0 to 1.")
GoalState = strawberry.enum(goals.GoalState, description="How far a goal is, compared with the time that is over.")


@strawberry.type(description="Something that waits for a staff member: FOLLOW_UP or ANSWER.")
class DayTask:
    kind: str
    id: strawberry.ID
    customer_id: strawberry.ID
    customer: str
    subject: str
    due_at: datetime


@strawberry.type
class StaffDay:
    overdue: list[DayTask]
    today: list[DayTask]
    week: list[DayTask]
    stuck: int = strawberry.field(description="Own customers over the target of their stage.")


@strawberry.type
class ServingContact:
    staff_id: strawberry.ID
    name: str
    contacts: int
    share: float
    last_at: datetime


@strawberry.type(description="Who serves a customer; above four people loyalty belongs to the firm.")
class RelationshipDepth:
    contacts: int
    breadth: int
    top_share: float | None
    concentration: float | None
    single_threaded: bool
    firm_level: bool
    last_contact_at: datetime | None
    next_due_at: datetime | None
    staff: list[ServingContact]


@strawberry.type(description="What would be at risk if a staff member left.")
class StaffExposure:
    staff_id: strawberry.ID
    name: str
    customers: int
    valued: int
    value: Decimal
    currency: str | None


@strawberry.type
class GoalProgress:
    goal_id: strawberry.ID
    current: Decimal | None
    progress: float | None
    expected: float
    state: GoalState  # type: ignore[valid-type]


@strawberry.type(description="A figure that a goal can be about.")
class GoalFigureInfo:
    key: GoalFigure
    text: str = strawberry.field(description="What it counts.")
    unit: GoalUnit  # type: ignore[valid-type]
    report: str = strawberry.field(description="The field that shows it in full.")
    scopes: list[str] = strawberry.field(description="What one needs to measure it.")
    over_time: bool = strawberry.field(description="It adds up from the goal's first day; else it is of the moment.")
    needs_stage: bool
    needs_segment: bool
    by_customer: bool = strawberry.field(description="A segment or a stage narrows it; else only an owner does.")


def _task(task: followups.Task) -> DayTask:
    prefix = "fup" if task.kind == "FOLLOW_UP" else "int"
    key = strawberry.ID(ids.encode(prefix, task.id))
    return told(DayTask, task, id=key, customer_id=customer(task.customer_id))


@strawberry.type
class TouchReports:
    @report("What a staff member has to do; one's own day by default. Needs interaction:read.")
    async def my_day(self, info: Info, staff_id: strawberry.ID | None = None) -> StaffDay:
        key = ids.decode("stf", staff_id, path=("staffId",)) if staff_id else None
        day = await followups.my_day(actor(info), now=info.context.now, staff_id=key)
        return StaffDay(
            overdue=[_task(task) for task in day.overdue],
            today=[_task(task) for task in day.today],
            week=[_task(task) for task in day.week],
            stuck=day.stuck,
        )

    @report("Who really serves a customer since a time. Needs interaction:read.")
    async def relationship_depth(self, info: Info, customer_id: strawberry.ID, since: datetime) -> RelationshipDepth:
        key = customer_key(customer_id)
        found = await depth.of_customer(actor(info), key, since=since, now=info.context.now)
        serving = [told(ServingContact, each, staff_id=staff(each.staff_id)) for each in found.staff]
        return told(RelationshipDepth, found, staff=serving)

    @report("Value at risk by staff member. Needs interaction:read and value:read.")
    async def staff_exposure(self, info: Info, since: datetime) -> list[StaffExposure]:
        rows = await depth.exposure(actor(info), since=since, now=info.context.now)
        return [told(StaffExposure, row, staff_id=staff(row.staff_id)) for row in rows]

    @report("How far a goal is. Needs what its figure needs.")
    async def goal_progress(self, info: Info, goal_id: strawberry.ID) -> GoalProgress:
        goal = await changes.get(models.Goal, ids.decode("gol", goal_id, path=("goalId",)), path=("goalId",))
        found = await goals.progress(actor(info), goal, now=info.context.now)
        return told(GoalProgress, found, goal_id=goal_id)

    @report("Every figure that a goal can be about.")
    async def goal_figures(self) -> list[GoalFigureInfo]:
        return [
            told(GoalFigureInfo, figure, scopes=[scope.value for scope in figure.scopes])
            for figure in goals.FIGURES.values()
        ]
