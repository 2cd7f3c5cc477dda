"""What all reports share: periods and their steps, groups of customers, and whom the asker may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from crm.access import Actor
from crm.errors import ValidationFailed
from crm.ids import encode
from crm.lifecycle import guards
from crm.lifecycle.guards import Rule
from crm.rules.predicate import predicate
from crm.rules.sql import Shape

MAX_STEPS = 400


class Grain(StrEnum):
    """How long one step of a report is, on the organisation's calendar."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


class Group(StrEnum):
    """By what customers are told apart. Whoever is in several segments counts in each."""

    NONE = "NONE"
    SEGMENT = "SEGMENT"
    OWNER = "OWNER"
    SOURCE = "SOURCE"
    CHANNEL = "CHANNEL"
    COUNTRY = "COUNTRY"
    KIND = "KIND"
    STAGE = "STAGE"


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` to `until`, which is not part of it; both with their zone."""

    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        if self.since.tzinfo is None or self.until.tzinfo is None:
            raise ValidationFailed("since and until need their zone, such as 2026-03-21T00:00:00Z.", path=("since",))
        if self.since >= self.until:
            raise ValidationFailed(f"until {self.until} must lie after since {self.since}.", path=("until",))


def first_day(day: date, grain: Grain) -> date:
    """The first day of the week (Monday), month, quarter or year that a day lies in."""
    match grain:
        case Grain.DAY:
            return day
        case Grain.WEEK:
            return date.fromordinal(day.toordinal() - day.weekday())
        case Grain.MONTH:
            return day.replace(day=1)
        case Grain.QUARTER:
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case Grain.YEAR:
            return day.replace(month=1, day=1)


def next_day(first: date, grain: Grain) -> date:
    """The first day of the step after the one that begins on `first`."""
    days = {Grain.DAY: 1, Grain.WEEK: 7, Grain.MONTH: 31, Grain.QUARTER: 93, Grain.YEAR: 366}[grain]
    return first_day(date.fromordinal(first.toordinal() + days), grain)


def days_of(period: Period, grain: Grain, zone: str) -> list[date]:
    """The first days of the steps that a period touches. Raises ValidationFailed for more than 400."""
    here = ZoneInfo(zone)
    day = first_day(period.since.astimezone(here).date(), grain)
    end = period.until.astimezone(here)
    found = []
    while midnight(day, zone) < end:
        found.append(day)
        if len(found) > MAX_STEPS:
            raise ValidationFailed(
                f"The period has more than {MAX_STEPS} steps of a {grain.lower()}; ask for a shorter one, or longer "
                "steps.",
                path=("grain",),
            )
        day = next_day(day, grain)
    return found


def midnight(day: date, zone: str) -> datetime:
    """When a day begins in a zone; where the clock jumps over midnight, the first moment after."""
    return datetime.combine(day, time(), ZoneInfo(zone))


def edges_of(period: Period, grain: Grain | None, zone: str) -> list[datetime]:
    """The ends of the steps of a period: its beginning, the beginnings of steps inside it, its end."""
    if grain is None:
        return [period.since, period.until]
    inner = [midnight(day, zone) for day in days_of(period, grain, zone)]
    return [period.since, *(at for at in inner if period.since < at < period.until), period.until]


@dataclass(frozen=True, slots=True)
class Audience:
    """A condition over the customer `c`, and the values of its parameters."""

    condition: str
    values: Sequence[Any]

    @property
    def everybody(self) -> bool:
        return self.condition == "true"


async def audience(actor: Actor, where: Rule | None, *, first_parameter: int) -> Audience:
    """The customers inside the actor's row filter whom a rule describes. Raises RuleInvalid, Forbidden."""
    rules = [] if actor.row_filter is None else [actor.row_filter]
    if where is not None:
        rules.append(await guards.read_at(actor, where, "where"))
    conditions: list[str] = []
    values: list[Any] = []
    for rule in rules:
        condition, more = await predicate(
            rule, alias="c", first_parameter=first_parameter + len(values), shape=Shape.SET
        )
        conditions.append(f"({condition})")
        values += more
    return Audience(" AND ".join(conditions) or "true", values)


@dataclass(frozen=True, slots=True)
class Grouping:
    """How a group is told in SQL: the label, and the joins that it needs beside the customer `c`."""

    label: str
    joins: str = ""


_LABELS: dict[Group, str] = {
    Group.NONE: "NULL::text",
    Group.OWNER: "c.owner_id::text",
    Group.SOURCE: "c.acquisition_source::text",
    Group.CHANNEL: "c.acquisition_channel::text",
    Group.COUNTRY: "c.country::text",
    Group.KIND: "c.kind::text",
}
_MEMBERS = (
    " LEFT JOIN (SELECT m.customer_id, g.key FROM segment_membership m JOIN segment g ON g.id = m.segment_id"
    " WHERE m.entered_at <= {at} AND (m.exited_at IS NULL OR m.exited_at > {at})) member ON member.customer_id = c.id"
)


def grouping(group: Group, *, at: str) -> Grouping:
    """The SQL of a group; `at` is the placeholder of the time at which segments are looked at."""
    if group is Group.SEGMENT:
        return Grouping("member.key::text", _MEMBERS.format(at=at))
    if group not in _LABELS:
        raise ValidationFailed(f"This report does not group by {group}.", path=("groupBy",))
    return Grouping(_LABELS[group])


def shown(group: Group, label: str | None) -> str | None:
    """A label as clients see it: owners by their public id."""
    return f"{encode('stf', label)}" if group is Group.OWNER and label else label  # type: ignore[arg-type]
