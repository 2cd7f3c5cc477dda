"""What customers are worth: the portfolio's pages, and runs and figures as records."""

from __future__ import annotations

from starlette_admin.views import BaseView

from admin.value.card import CardPage
from admin.value.cohorts import CohortPage
from admin.value.kept import Kept
from admin.value.matrix import MatrixPage
from admin.value.movement import MovementPage
from admin.value.overview import OverviewPage
from admin.value.quality import QualityPage
from admin.value.records import RunView, SnapshotView
from admin.value.rfm import RfmPage
from admin.value.running import RunsPage
from admin.value.segmenting import SegmentingPage
from admin.value.strategic import StrategicPage
from admin.value.whatif import WhatIfPage


def menu(kept: Kept) -> list[BaseView]:
    """The menu's entries under Value; what takes long to work out is kept for all readers together."""
    return [OverviewPage(kept), WhatIfPage(kept), StrategicPage(kept), RunsPage(kept), SnapshotView()]


def unlisted(kept: Kept) -> list[BaseView]:
    """Pages that are reached from others."""
    return [
        RfmPage(kept),
        MatrixPage(kept),
        MovementPage(kept),
        CohortPage(kept),
        QualityPage(kept),
        SegmentingPage(kept),
        CardPage(kept),
    ]


__all__ = ["Kept", "RunView", "menu", "unlisted"]
