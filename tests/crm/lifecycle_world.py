"""A small lifecycle for tests: new → buyer → loyal, with a way aside and one out."""

from __future__ import annotations

from crm.lifecycle import definitions
from crm.lifecycle.definition import Definition, EdgeDefinition, StageDefinition
from crm.lifecycle.definitions import Change, Defined
from models import Lifecycle, StageOutcome
from tests.factories import NOW, OWNER

STAGES = (
    StageDefinition("new", "New", target_days=10, initial=True),
    StageDefinition("buyer", "Buyer", target_days=30),
    StageDefinition("loyal", "Loyal", StageOutcome.WON),
    StageDefinition("asleep", "Asleep", StageOutcome.IDLE),
    StageDefinition("gone", "Gone", StageOutcome.LOST),
)
EDGES = (
    EdgeDefinition("new", "buyer"),
    EdgeDefinition("buyer", "loyal"),
    EdgeDefinition("buyer", "asleep"),
    EdgeDefinition("loyal", "asleep"),
    EdgeDefinition("asleep", "buyer"),
    EdgeDefinition("new", "gone", requires_reason=True),
    EdgeDefinition("buyer", "gone", requires_reason=True),
    EdgeDefinition("asleep", "gone", requires_reason=True),
    EdgeDefinition("gone", "new"),
)


async def lifecycle(*edges: EdgeDefinition, stages: tuple[StageDefinition, ...] = STAGES) -> Lifecycle:
    """The small lifecycle, as the default one; with other edges if some are given."""
    return (await definitions.create(OWNER, Definition("small", "Small", stages, edges or EDGES))).lifecycle


async def alter(found: Lifecycle, change: Change, **replacements: str) -> Defined:
    return await definitions.change(OWNER, found.id, change, expected_version=None, now=NOW, replacements=replacements)
