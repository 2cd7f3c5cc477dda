"""The lifecycle that every organisation starts with."""

from __future__ import annotations

from crm.access import Actor, Scope, need
from crm.database import transaction
from crm.lifecycle import definitions
from crm.lifecycle.definition import Definition, EdgeDefinition, StageDefinition
from models import Lifecycle, StageOutcome

SILENCE_DAYS = 180
"""Days without an order after which a buyer whose rhythm is not known counts as dormant."""

GONE_BELOW, BACK_FROM = "0.4", "0.5"
"""The probability of still buying below which one who bought more than once counts as dormant, whatever the days: it
falls soon for those who bought often, and late for those who always took their time. To be back takes a little more."""

CLIENT_FROM = 5
"""The order with which a repeat buyer becomes a client."""

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

_ORDERS = 'orders.count(status != "CANCELLED")'
# Silence is measured by the value run, whose figures are of its day and follow each order: 'no order in the last 180
# days' would call everybody dormant whose orders reach the system late.
_LONG_AGO = f"valueMetrics.recencyDays > {SILENCE_DAYS}"
_SILENT = f"valueMetrics.pAlive < {GONE_BELOW} or valueMetrics.pAlive is empty and {_LONG_AGO}"
_BACK = (
    f"valueMetrics.recencyDays <= {SILENCE_DAYS} "
    f"and (valueMetrics.pAlive >= {BACK_FROM} or valueMetrics.pAlive is empty)"
)
_PRAISES = 'interactions.some(ratingKind = "NPS" and rating >= 9) or referrals.count() >= 1'

# From → to, by themselves, when the rule holds; in the order in which they are tried.
AUTOMATIC = (
    ("suspect", "first_time_buyer", f"{_ORDERS} >= 1"),
    ("prospect", "first_time_buyer", f"{_ORDERS} >= 1"),
    ("first_time_buyer", "repeat_buyer", f"{_ORDERS} >= 2"),
    ("repeat_buyer", "client", f"{_ORDERS} >= {CLIENT_FROM}"),
    ("first_time_buyer", "dormant", _LONG_AGO),  # one purchase has no rhythm yet
    ("repeat_buyer", "dormant", _SILENT),
    ("client", "dormant", _SILENT),
    ("advocate", "dormant", _SILENT),
    ("client", "advocate", _PRAISES),
    ("dormant", "client", f"{_BACK} and {_ORDERS} >= {CLIENT_FROM}"),
    ("dormant", "repeat_buyer", f"{_BACK} and {_ORDERS} between 2 and {CLIENT_FROM - 1}"),
)
# From → to, when somebody says so.
BY_HAND = (
    ("suspect", "prospect"),
    ("client", "partner"),
    ("advocate", "partner"),
    ("suspect", "lost"),
    ("prospect", "lost"),
    ("first_time_buyer", "lost"),
    ("repeat_buyer", "lost"),
    ("client", "lost"),
    ("advocate", "lost"),
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
    ruled = (EdgeDefinition(start, end, rule, automatic=True) for start, end, rule in AUTOMATIC)
    free = (EdgeDefinition(start, end, requires_reason=end in REASON_NEEDED) for start, end in BY_HAND)
    return Definition("default", "Customer lifecycle", STAGES, (*ruled, *free))
