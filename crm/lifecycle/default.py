"""The lifecycle that every organisation starts with."""

from __future__ import annotations

from crm.access import Actor, Scope, need
from crm.database import transaction
from crm.lifecycle import definitions
from crm.lifecycle.definition import Definition, EdgeDefinition, StageDefinition
from models import Lifecycle, StageOutcome

STAGES = (
    StageDefinition("suspect", "Suspect", target_days=30, initial=True),
    StageDefinition("prospect", "Prospect", target_days=60),
    StageDefinition("first_time_buyer", "First-time buyer", target_days=90),
    StageDefinition("repeat_buyer", "Repeat buyer", target_days=180),
    StageDefinition("client", "Client"),
    StageDefinition("advocate", "Advocate", StageOutcome.WON),
    StageDefinition("partner", "Partner", StageOutcome.WON),
    StageDefinition("dormant", "Dormant", StageOutcome.IDLE, target_days=365),
    StageDefinition("lost", "Lost", StageOutcome.LOST),
)

# From → to; a purchase moves a customer by itself once guards and automatic moves are switched on.
EDGES = (
    ("suspect", "prospect"),
    ("suspect", "first_time_buyer"),
    ("prospect", "first_time_buyer"),
    ("first_time_buyer", "repeat_buyer"),
    ("repeat_buyer", "client"),
    ("client", "advocate"),
    ("client", "partner"),
    ("advocate", "partner"),
    ("first_time_buyer", "dormant"),
    ("repeat_buyer", "dormant"),
    ("client", "dormant"),
    ("advocate", "dormant"),
    ("dormant", "repeat_buyer"),
    ("dormant", "client"),
    ("suspect", "lost"),
    ("prospect", "lost"),
    ("first_time_buyer", "lost"),
    ("repeat_buyer", "lost"),
    ("client", "lost"),
    ("partner", "lost"),
    ("dormant", "lost"),
    ("lost", "prospect"),
)
REASON_NEEDED = frozenset({"lost"})


async def install(actor: Actor) -> Lifecycle:
    """Create the default lifecycle unless there is one; returns it."""
    need(actor, Scope.LIFECYCLE_WRITE)
    async with transaction():
        found = await Lifecycle.get_or_none(is_default=True)
        return found or (await definitions.create(actor, definition())).lifecycle


def definition() -> Definition:
    edges = tuple(EdgeDefinition(start, end, requires_reason=end in REASON_NEEDED) for start, end in EDGES)
    return Definition("default", "Customer lifecycle", STAGES, edges)
