"""Reports: figures over many customers, each answered by one use case."""

import strawberry

from schema.reports.feedback import FeedbackReports
from schema.reports.lifecycle import LifecycleReports
from schema.reports.network import NetworkReports
from schema.reports.portfolio import PortfolioReports
from schema.reports.segments import SegmentReports
from schema.reports.touch import TouchReports
from schema.reports.value import ValueReports
from schema.reports.value_models import ModelReports


@strawberry.type
class Reports(
    LifecycleReports,
    TouchReports,
    NetworkReports,
    FeedbackReports,
    SegmentReports,
    PortfolioReports,
    ValueReports,
    ModelReports,
):
    """The roots of reports."""
