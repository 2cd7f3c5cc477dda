"""The catalogue of figures that a goal can be about: what each counts, in which unit, over what, and for whom."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crm.access import Scope
from crm.goals import measures
from crm.goals.frame import Measure
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

_LISTED = (
    Figure(_F.RETENTION, "Share of customers who were not lost", Unit.SHARE, "churn", (_LIFE,), measures.retention),
    Figure(_F.CHURN, "Share of customers who were lost", Unit.SHARE, "churn", (_LIFE,), measures.churn),
    Figure(
        _F.FUNNEL_CONVERSION,
        "Of those who came into the stage, the share who went further",
        Unit.SHARE,
        "lifecycleFunnel",
        (_LIFE,),
        measures.funnel(lambda step: step.rate),
        own_stage=True,
        needs_stage=True,
    ),
    Figure(
        _F.STAGE_REACHED,
        "Of those who entered the lifecycle, the share who came into the stage",
        Unit.SHARE,
        "lifecycleFunnel",
        (_LIFE,),
        measures.funnel(lambda step: step.share),
        own_stage=True,
        needs_stage=True,
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
    Figure(
        _F.STAGE_DWELL,
        "Median time in the stage",
        Unit.DAYS,
        "lifecycleWaiting",
        (_LIFE,),
        measures.waiting(lambda row: row.median_days),
        own_stage=True,
        needs_stage=True,
    ),
    Figure(
        _F.STUCK_CUSTOMERS,
        "Customers over the target time of their stage",
        Unit.NUMBER,
        "stuckCustomers",
        (_LIFE,),
        measures.waiting(lambda row: row.over_target),
        own_stage=True,
    ),
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
    Figure(_F.NPS, "Net promoter score", Unit.POINTS, "feedbackScores", (_TOUCH,), measures.score(RatingKind.NPS)),
    Figure(
        _F.CSAT, "Share of satisfied answers", Unit.SHARE, "feedbackScores", (_TOUCH,), measures.score(RatingKind.CSAT)
    ),
    Figure(_F.CES, "Mean ease, 1 to 7", Unit.POINTS, "feedbackScores", (_TOUCH,), measures.score(RatingKind.CES)),
    Figure(
        _F.COMPLAINTS,
        "Complaints",
        Unit.NUMBER,
        "complaints",
        (_TOUCH,),
        measures.complaints(lambda row: row.complaints, none=0),
    ),
    Figure(
        _F.ANSWERED_ON_TIME,
        "Share of complaints answered on time",
        Unit.SHARE,
        "complaints",
        (_TOUCH,),
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
    Figure(
        _F.REVENUE,
        "Revenue net of refunds",
        Unit.MONEY,
        "orders",
        (_ORDER,),
        measures.bought("coalesce(sum(d.revenue), 0)"),
    ),
    Figure(
        _F.GROSS_MARGIN,
        "Revenue less cost of goods",
        Unit.MONEY,
        "orders",
        (_ORDER, _COST),
        measures.bought("coalesce(sum(d.revenue - d.cost_of_goods), 0)", _COST),
    ),
    Figure(_F.ORDERS, "Orders", Unit.NUMBER, "orders", (_ORDER,), measures.bought("coalesce(sum(d.purchases), 0)")),
    Figure(
        _F.BUYERS,
        "Customers who bought",
        Unit.NUMBER,
        "orders",
        (_ORDER,),
        measures.bought("count(DISTINCT d.customer_id) FILTER (WHERE d.purchases > 0)"),
    ),
    Figure(
        _F.FIRST_TIME_BUYERS,
        "Customers who bought for the first time",
        Unit.NUMBER,
        "orders",
        (_ORDER,),
        measures.bought("count(*) FILTER (WHERE d.is_first)"),
    ),
    Figure(
        _F.AVERAGE_ORDER,
        "Revenue an order",
        Unit.MONEY,
        "orders",
        (_ORDER,),
        measures.bought("sum(d.revenue) / nullif(sum(d.purchases), 0)"),
    ),
    Figure(
        _F.REPEAT_RATE,
        "Of those who bought, the share who bought on several days",
        Unit.SHARE,
        "retention",
        (_ORDER,),
        measures.bought("", statement=measures.AGAIN),
    ),
    Figure(
        _F.AVERAGE_CLV,
        "Mean lifetime value",
        Unit.MONEY,
        "valueRun",
        (_VALUE,),
        measures.worth("avg(v.clv)"),
        over_time=False,
    ),
    Figure(
        _F.TOTAL_CLV,
        "Lifetime values added up",
        Unit.MONEY,
        "valueRun",
        (_VALUE,),
        measures.worth("sum(v.clv)"),
        over_time=False,
    ),
    Figure(
        _F.CUSTOMER_EQUITY,
        "What customers will still bring, added up",
        Unit.MONEY,
        "portfolio",
        (_VALUE,),
        measures.worth("sum(v.clv_residual)"),
        over_time=False,
    ),
    Figure(
        _F.NET_PROFIT,
        "Profit to date after cost to serve and acquisition",
        Unit.MONEY,
        "portfolio",
        (_VALUE,),
        measures.worth("sum(v.net_profit)"),
        over_time=False,
    ),
    Figure(
        _F.VALUE_AT_RISK,
        "Value that churn puts at risk",
        Unit.MONEY,
        "valueRun",
        (_VALUE,),
        measures.worth("sum(v.value_at_risk)"),
        over_time=False,
    ),
    Figure(
        _F.EXPECTED_SPEND,
        "Spend expected within the horizon of the value run",
        Unit.MONEY,
        "valueRun",
        (_VALUE,),
        measures.worth("sum(v.expected_spend)"),
        over_time=False,
    ),
    Figure(
        _F.CHURN_RISK,
        "Mean risk of churn",
        Unit.SHARE,
        "valueRun",
        (_VALUE,),
        measures.worth("avg(v.churn_risk)"),
        over_time=False,
    ),
    Figure(
        _F.ACTIVE_CUSTOMERS,
        "Customers expected to be still active",
        Unit.NUMBER,
        "valueRun",
        (_VALUE,),
        measures.worth("sum(v.p_alive)"),
        over_time=False,
    ),
    Figure(
        _F.REFERRALS,
        "New customers whom these customers referred",
        Unit.NUMBER,
        "customerTree",
        (_CUSTOMER,),
        measures.counted(measures.REFERRED, _CUSTOMER),
    ),
    Figure(
        _F.SINGLE_THREADED,
        "Customers who lean on one staff member alone",
        Unit.NUMBER,
        "staffExposure",
        (_TOUCH, _VALUE),
        measures.exposed(lambda row: row.customers),
        by_customer=False,
    ),
    Figure(
        _F.EXPOSED_VALUE,
        "Value of customers who lean on one staff member alone",
        Unit.MONEY,
        "staffExposure",
        (_TOUCH, _VALUE),
        measures.exposed(lambda row: row.value),
        by_customer=False,
    ),
    Figure(
        _F.DATA_QUALITY,
        "Quality of customers' data, 0 to 100",
        Unit.POINTS,
        "dataQualityReport",
        (_CUSTOMER,),
        measures.data_quality(lambda row: row.score),
        over_time=False,
    ),
    Figure(
        _F.COMPLETENESS,
        "Share of expected data that is known",
        Unit.SHARE,
        "dataQualityReport",
        (_CUSTOMER,),
        measures.data_quality(lambda row: row.completeness),
        over_time=False,
    ),
    Figure(
        _F.REACHABILITY,
        "Share of e-mail addresses and phone numbers that are known",
        Unit.SHARE,
        "dataQualityReport",
        (_CUSTOMER,),
        measures.data_quality(lambda row: row.reachability),
        over_time=False,
    ),
    Figure(
        _F.FRESHNESS,
        "How fresh customers' data are",
        Unit.SHARE,
        "dataQualityReport",
        (_CUSTOMER,),
        measures.data_quality(lambda row: row.freshness),
        over_time=False,
    ),
)
FIGURES: dict[GoalFigure, Figure] = {figure.key: figure for figure in _LISTED}
