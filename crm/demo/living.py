"""Segments of a demonstration that follow the data: the library's, and some that build on them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from crm.access import Actor
from crm.segments import definitions, library, refresh
from models import Segment, SegmentKind

GROUPS = ("RFM", "TIERS")

OWN: dict[str, tuple[str, str]] = {
    "win-back": (
        "Win back",
        '# Worth an effort: they brought much, and are about to be lost.\nin segment "tier-top-20" '
        "and valueMetrics.churnRisk >= 0.7",
    ),
    "grow": (
        "Could buy more",
        'in segment "rfm-loyal" and not in segment "tier-top-5" and valueMetrics.churnRisk < 0.5',
    ),
    "one-order": ("Bought once", "orders.count() = 1"),
}
"""Key → name and rule; each stands after those that it asks for."""


async def segments(actor: Actor, now: datetime, progress: Callable[[float], None]) -> str:
    """The step: installed once, and left as somebody has changed them since."""
    made = await library.install(actor, GROUPS, now=now)
    for number, (key, (name, rule)) in enumerate(OWN.items(), start=1):
        if not await Segment.exists(key=key):
            segment = await definitions.create_by_rule(
                actor, key=key, kind=SegmentKind.DYNAMIC, rule=rule, fields={"name": name}, now=now
            )
            await refresh.soon(actor, segment.id, now=now)
        progress(number / len(OWN))
    return f"{len(made) + len(OWN)} segments"
