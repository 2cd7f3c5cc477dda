"""The catalogue of figures that a goal can be about: what each counts, in which unit, over what, and for whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from crm.access import Scope
from crm.depth import Exposure
from crm.goals import measures
from crm.goals.frame import Measure, Number
from crm.lifecycle.reports.funnel import FunnelStep
from crm.lifecycle.reports.standing import Waiting
from crm.quality import QualityReport
from models import GoalFigure, RatingKind


class Unit(StrEnum):
    """A share is from 0 to 1; money is in the base currency, or that of the current value run."""

    SHARE = "SHARE"
    NUMBER = "NUMBER"
    MONEY = "MONEY"
    DAYS = "DAYS"
    POINTS = "POINTS"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    `report` names the GraphQL field that shows it in full. `over_time`: it adds up since the goal's first day; the
    others are of the moment. `needs_stage`, `needs_segment`: it means nothing without; `own_stage`: a stage is what it
    is about, in the goal's lifecycle, and not where its customers stand now.
    """

    key: GoalFigure
    text: str
    unit: Unit
    report: str
    scopes: tuple[Scope, ...]
    measure: Measure
    over_time: bool = True
    own_stage: bool = False
    needs_stage: bool = False
    needs_segment: bool = False
    by_customer: bool = True


_LIFE, _TOUCH, _VALUE, _CUSTOMER = Scope.LIFECYCLE_READ, Scope.INTERACTION_READ, Scope.VALUE_READ, Scope.CUSTOMER_READ
_ORDER, _COST = Scope.ORDER_READ, Scope.COST_READ
_F = GoalFigure


def _of_funnel(key: GoalFigure, text: str, read: Callable[[FunnelStep], Number | None]) -> Figure:
    measure = measures.funnel(read)
    return Figure(key, text, Unit.SHARE, "lifecycleFunnel", (_LIFE,), measure, own_stage=True, needs_stage=True)


def _of_waiting(key: GoalFigure, text: str, read: Callable[[Waiting], Number | None], **more: Any) -> Figure:
    told = {"unit": Unit.NUMBER, "report": "lifecycleWaiting"} | more
    return Figure(key, text, scopes=(_LIFE,), measure=measures.waiting(read), own_stage=True, **told)


def _of_score(key: GoalFigure, text: str, unit: Unit, kind: RatingKind) -> Figure:
    return Figure(key, text, unit, "feedbackScores", (_TOUCH,), measures.score(kind))


def _of_complaints(key: GoalFigure, text: str, unit: Unit, measure: Measure) -> Figure:
    return Figure(key, text, unit, "complaints", (_TOUCH,), measure)


def _of_orders(key: GoalFigure, text: str, unit: Unit, figure: str, *more: Scope) -> Figure:
    return Figure(key, text, unit, "orders", (_ORDER, *more), measures.bought(figure, *more))


def _of_value(key: GoalFigure, text: str, figure: str, *, unit: Unit = Unit.MONEY, report: str = "valueRun") -> Figure:
    return Figure(key, text, unit, report, (_VALUE,), measures.worth(figure), over_time=False)


def _of_exposure(key: GoalFigure, text: str, unit: Unit, read: Callable[[Exposure], Number]) -> Figure:
    return Figure(key, text, unit, "staffExposure", (_TOUCH, _VALUE), measures.exposed(read), by_customer=False)


def _of_quality(key: GoalFigure, text: str, unit: Unit, read: Callable[[QualityReport], Number]) -> Figure:
    return Figure(key, text, unit, "dataQualityReport", (_CUSTOMER,), measures.data_quality(read), over_time=False)


_LISTED = (
    Figure(_F.RETENTION, "Share of customers who were not lost", Unit.SHARE, "churn", (_LIFE,), measures.retention),
    Figure(_F.CHURN, "Share of customers who were lost", Unit.SHARE, "churn", (_LIFE,), measures.churn),
    _of_funnel(
        _F.FUNNEL_CONVERSION, "Of those who came into the stage, the share who went further", lambda step: step.rate
    ),
    _of_funnel(
        _F.STAGE_REACHED,
        "Of those who entered the lifecycle, the share who came into the stage",
        lambda step: step.share,
    ),
    Figure(
        _F.STAGE_SIZE,
        "Customers in the stage",
        Unit.NUMBER,
        "lifecycleWaiting",
        (_LIFE,),
        measures.stage_size,
        over_time=False,
        own_stage=True,
        needs_stage=True,
    ),
    _of_waiting(
        _F.STAGE_DWELL, "Median time in the stage", lambda row: row.median_days, unit=Unit.DAYS, needs_stage=True
    ),
    _of_waiting(
        _F.STUCK_CUSTOMERS,
        "Customers over the target time of their stage",
        lambda row: row.over_target,
        report="stuckCustomers",
    ),
    _of_waiting(_F.SLA_BREACHES, "Stays that outlasted the target time of their stage", lambda row: row.breaches),
    Figure(
        _F.NEW_CUSTOMERS,
        "Customers who entered the lifecycle",
        Unit.NUMBER,
        "lifecycleFunnel",
        (_LIFE,),
        measures.new_customers,
    ),
    Figure(
        _F.SEGMENT_SIZE,
        "Customers in the segment",
        Unit.NUMBER,
        "segment",
        (Scope.SEGMENT_READ,),
        measures.segment_size,
        over_time=False,
        needs_segment=True,
    ),
    _of_score(_F.NPS, "Net promoter score", Unit.POINTS, RatingKind.NPS),
    _of_score(_F.CSAT, "Share of satisfied answers", Unit.SHARE, RatingKind.CSAT),
    _of_score(_F.CES, "Mean ease, 1 to 7", Unit.POINTS, RatingKind.CES),
    _of_complaints(_F.COMPLAINTS, "Complaints", Unit.NUMBER, measures.complaints(lambda row: row.complaints, none=0)),
    _of_complaints(
        _F.OVERDUE_COMPLAINTS,
        "Complaints without an answer past their due time",
        Unit.NUMBER,
        measures.complaints(lambda row: row.overdue, none=0),
    ),
    _of_complaints(
        _F.ANSWERED_ON_TIME,
        "Share of complaints answered on time",
        Unit.SHARE,
        measures.complaints(lambda row: row.rate),
    ),
    Figure(
        _F.PROMISES_KEPT,
        "Share of follow-ups done by their due time",
        Unit.SHARE,
        "followUps",
        (_TOUCH,),
        measures.counted(measures.PROMISED, _TOUCH),
    ),
    Figure(
        _F.INTERACTIONS,
        "Touchpoints, notes aside",
        Unit.NUMBER,
        "interactions",
        (_TOUCH,),
        measures.counted(measures.TOUCHED, _TOUCH),
    ),
    _of_orders(_F.REVENUE, "Revenue net of refunds", Unit.MONEY, "coalesce(sum(d.revenue), 0) * 0.0001"),
    _of_orders(
        _F.GROSS_MARGIN,
        "Revenue less cost of goods",
        Unit.MONEY,
        "coalesce(sum(d.revenue - d.cost_of_goods), 0) * 0.0001",
        _COST,
    ),
    _of_orders(_F.ORDERS, "Orders", Unit.NUMBER, "coalesce(sum(d.purchases), 0)"),
    _of_orders(
        _F.BUYERS,
        "Customers who bought",
        Unit.NUMBER,
        "count(DISTINCT d.customer_id) FILTER (WHERE d.purchases > 0)",
    ),
    _of_orders(
        _F.FIRST_TIME_BUYERS,
        "Customers who bought for the first time",
        Unit.NUMBER,
        "count(*) FILTER (WHERE d.is_first)",
    ),
    _of_orders(
        _F.AVERAGE_ORDER, "Revenue an order", Unit.MONEY, "sum(d.revenue) * 0.0001 / nullif(sum(d.purchases), 0)"
    ),
    Figure(
        _F.REPEAT_RATE,
        "Of those who bought, the share who bought on several days",
        Unit.SHARE,
        "retention",
        (_ORDER,),
        measures.bought("", statement=measures.AGAIN),
    ),
    _of_value(_F.AVERAGE_CLV, "Mean lifetime value", "avg(v.clv)"),
    _of_value(_F.TOTAL_CLV, "Lifetime values added up", "sum(v.clv)"),
    _of_value(
        _F.CUSTOMER_EQUITY, "What customers will still bring, added up", "sum(v.clv_residual)", report="portfolio"
    ),
    _of_value(
        _F.NET_PROFIT,
        "Profit to date after cost to serve and acquisition",
        "sum(v.net_profit)",
        report="portfolio",
    ),
    _of_value(_F.COST_TO_SERVE, "What serving customers has cost to date", "sum(v.cost_to_serve)"),
    _of_value(_F.VALUE_AT_RISK, "Value that churn puts at risk", "sum(v.value_at_risk)"),
    _of_value(_F.EXPECTED_SPEND, "Spend expected within the horizon of the value run", "sum(v.expected_spend)"),
    _of_value(_F.GROWTH_POTENTIAL, "Growth that customers have in them, added up", "sum(v.growth_potential)"),
    _of_value(
        _F.NETWORKING_POTENTIAL, "Value of customers whom customers brought, added up", "sum(v.networking_potential)"
    ),
    _of_value(_F.LEARNING_POTENTIAL, "Value of what customers teach, added up", "sum(v.learning_potential)"),
    _of_value(_F.CHURN_RISK, "Mean risk of churn", "avg(v.churn_risk)", unit=Unit.SHARE),
    _of_value(_F.ACTIVE_CUSTOMERS, "Customers expected to be still active", "sum(v.p_alive)", unit=Unit.NUMBER),
    _of_value(
        _F.DELIVERED_VALUE,
        "Mean value that customers receive, -1 to 1",
        "avg(v.delivered_value)",
        unit=Unit.POINTS,
        report="deliveredValues",
    ),
    _of_value(
        _F.CONTACT_BREADTH,
        "Mean number of staff who serve a customer",
        "avg(v.contact_breadth)",
        unit=Unit.POINTS,
        report="relationshipDepth",
    ),
    Figure(
        _F.REFERRALS,
        "New customers whom these customers referred",
        Unit.NUMBER,
        "customerTree",
        (_CUSTOMER,),
        measures.counted(measures.REFERRED, _CUSTOMER),
    ),
    _of_exposure(
        _F.SINGLE_THREADED,
        "Customers who lean on one staff member alone",
        Unit.NUMBER,
        lambda row: row.customers,
    ),
    _of_exposure(
        _F.EXPOSED_VALUE,
        "Value of customers who lean on one staff member alone",
        Unit.MONEY,
        lambda row: row.value,
    ),
    _of_quality(_F.DATA_QUALITY, "Quality of customers' data, 0 to 100", Unit.POINTS, lambda row: row.score),
    _of_quality(_F.COMPLETENESS, "Share of expected data that is known", Unit.SHARE, lambda row: row.completeness),
    _of_quality(
        _F.REACHABILITY,
        "Share of e-mail addresses and phone numbers that are known",
        Unit.SHARE,
        lambda row: row.reachability,
    ),
    _of_quality(
        _F.UNREACHABLE, "Customers whom neither e-mail nor phone reaches", Unit.NUMBER, lambda row: row.unreachable
    ),
    _of_quality(_F.FRESHNESS, "How fresh customers' data are", Unit.SHARE, lambda row: row.freshness),
)
FIGURES: dict[GoalFigure, Figure] = {figure.key: figure for figure in _LISTED}
