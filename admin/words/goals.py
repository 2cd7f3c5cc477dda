"""Words of goals and the figures that they watch."""

from __future__ import annotations

from admin.words.marking import marked as _

LABELS = {
    "figure": _("Figure"),
    "baseline": _("Baseline"),
    "target": _("Target"),
    "starts_on": _("Starts"),
    "due_on": _("Due"),
}

VALUES = {
    "ACTIVE_CUSTOMERS": _("Active customers"),
    "AVERAGE_ORDER": _("Average order"),
    "BUYERS": _("Buyers"),
    "EXPOSED_VALUE": _("Value that leans on one person"),
    "FIRST_TIME_BUYERS": _("First-time buyers"),
    "NEW_CUSTOMERS": _("New customers"),
    "REFERRALS": _("Referrals"),
    "REPEAT_RATE": _("Share of buyers who buy again"),
    "SINGLE_THREADED": _("Customers who lean on one person"),
    "STAGE_DWELL": _("Days in a stage"),
    "STAGE_REACHED": _("Customers who reach a stage"),
    "STUCK_CUSTOMERS": _("Customers over their stage's target"),
    "SLA_BREACHES": _("Stays over their stage's target"),
    "OVERDUE_COMPLAINTS": _("Overdue complaints"),
    "COST_TO_SERVE": _("Cost to serve"),
    "GROWTH_POTENTIAL": _("Growth potential"),
    "NETWORKING_POTENTIAL": _("Networking potential"),
    "LEARNING_POTENTIAL": _("Learning potential"),
    "DELIVERED_VALUE": _("Delivered value"),
    "CONTACT_BREADTH": _("Staff who serve a customer"),
    "UNREACHABLE": _("Customers out of reach"),
    "BEHIND": _("Behind"),
    "MISSED": _("Missed"),
    "NOT_STARTED": _("Not begun"),
    "ON_TRACK": _("On track"),
    "REACHED": _("Reached"),
    "RETENTION": _("Retention"),
    "CHURN": _("Churn"),
    "ANSWERED_ON_TIME": _("Answered on time"),
    "FUNNEL_CONVERSION": _("Conversion to a stage"),
    "STAGE_SIZE": _("Customers in a stage"),
    "SEGMENT_SIZE": _("Customers in a segment"),
    "AVERAGE_CLV": _("Average lifetime value"),
    "TOTAL_CLV": _("Total lifetime value"),
    "DATA_QUALITY": _("Data quality"),
}
