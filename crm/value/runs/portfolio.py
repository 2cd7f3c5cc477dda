"""All customers seen together: what a run stored of them, and what of them is asked less often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from crm.access import Actor, Scope, need
from crm.database import fetch_row, fetch_value
from crm.errors import Blocked, NotFound, ValidationFailed
from crm.lifecycle.store import lifecycle_by_key
from crm.value import lacks
from crm.value.findings import Lack, lack
from crm.value.runs.seeing import seen

_RUN = """
SELECT id, as_of, currency, model, portfolio FROM value_run
WHERE CASE WHEN $1::timestamptz IS NULL THEN is_current
           ELSE status IN ('PUBLISHED', 'RETIRED') AND as_of <= $1 END
ORDER BY as_of DESC, id DESC LIMIT 1
"""
_FIRST = "SELECT min(as_of) FROM value_run WHERE status IN ('PUBLISHED', 'RETIRED')"
_STAGES = """
SELECT g.key AS stage, g.name, count(*) AS customers, sum(s.net_profit) AS profit, sum(s.clv_residual) AS residual,
       sum(s.clv) AS value, avg(s.churn_risk) AS churn_risk
FROM value_snapshot s JOIN customer c ON c.id = s.customer_id
JOIN lifecycle l ON CASE WHEN $2::text IS NULL THEN l.is_default ELSE l.key = $2 END
JOIN stage_position p ON p.customer_id = c.id AND p.lifecycle_id = l.id JOIN stage g ON g.id = p.stage_id
WHERE s.run_id = $1 AND {who} GROUP BY g.id ORDER BY g.position, g.id
"""


class CohortGrain(StrEnum):
    """How long the periods of cohorts and of their age are."""

    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


_SHARES = ("whale.peakShare", "whale.topShare", "whale.gini")
MONTHS = {CohortGrain.MONTH: 1, CohortGrain.QUARTER: 3, CohortGrain.YEAR: 12}
MOST_PERIODS = 120


def refuse_many(since: date, until: date, grain: CohortGrain, most: int = MOST_PERIODS) -> None:
    """Raise ValidationFailed when more than so many periods touch the time from one day to another."""
    months = (until.year - since.year) * 12 + until.month - since.month
    if months > most * MONTHS[grain]:
        raise ValidationFailed(
            f"From {since} to {until} there are more than {most} periods: choose a longer grain or a shorter time.",
            path=("until",),
        )


@dataclass(frozen=True)
class Portfolio:
    """What a run stored of everybody; see `crm.value.summary`."""

    run_id: UUID
    as_of: datetime
    currency: str
    model: str | None
    figures: dict[str, Any]

    @property
    def lacks(self) -> dict[str, Lack]:
        """Why figures of everybody cannot be known, by their names in the API."""
        if not self.figures:
            return {}
        cells = lacks.REASONS[lacks.Why.NO_CELL][1]
        found = {} if self.figures["matrix"] else {"matrix": cells}
        if self.model is None:
            model = lacks.REASONS[lacks.Why.NO_MODEL][1]
            found |= dict.fromkeys(("equity", "equityLow", "equityHigh", "valueAtRisk"), model)
        if self.figures["whale"]["peakShare"] is None:
            found |= dict.fromkeys(_SHARES, lack("Profit of all customers together", self.figures["whale"]["total"], 0))
        return found


@dataclass(frozen=True)
class StageValue:
    """Who stands in a stage now, and what they are worth."""

    stage: str
    name: str
    customers: int
    profit: Decimal | None
    residual: Decimal | None
    value: Decimal | None
    churn_risk: float | None


async def portfolio(actor: Actor, *, as_of: datetime | None = None) -> Portfolio:
    """Everybody in sum, as of the published run or of the last one by a time.

    Raises NotFound before the first run and of one that found no customers, Forbidden, and Blocked for an actor who may
    see only some of the customers.
    """
    need(actor, Scope.VALUE_READ)
    if actor.row_filter is not None:
        raise Blocked("Sums over all customers are not for those who may see only some of them.")
    row = await fetch_row(_RUN, as_of)
    if row is None:
        raise await none_by(as_of, "asOf")
    figures = orjson.loads(row["portfolio"])
    if not figures:
        raise NotFound("The value run found no customers; record some, then start another.", path=("asOf",))
    return Portfolio(row["id"], row["as_of"], row["currency"], row["model"], figures)


async def none_by(at: datetime | None, name: str) -> NotFound:
    """What to say where no run is kept that was as of a time or before; `name` is the argument of that time."""
    first = await fetch_value(_FIRST)
    if first is None or at is None:
        return NotFound("There is no value run yet; start one by valueRecompute.", path=(name,))
    asked, known = at.isoformat(timespec="seconds"), first.isoformat(timespec="seconds")
    return NotFound(f"No value run as of {asked} or before is kept; the first is of {known}.", path=(name,))


async def stages(actor: Actor, *, lifecycle: str | None = None) -> list[StageValue]:
    """Value by stage of a lifecycle, the default one unless named. Raises NotFound, Forbidden."""
    need(actor, Scope.VALUE_READ)
    if lifecycle is not None:
        await lifecycle_by_key(lifecycle)
    row = await fetch_row(_RUN, None)
    found = await seen(actor, _STAGES, row["id"], lifecycle) if row else []
    return [StageValue(**one) for one in found]
