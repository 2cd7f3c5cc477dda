"""When a stay in a segment begins, so that the stays of one customer never overlap, and how many are open."""

from __future__ import annotations

from uuid import UUID

from crm.database import execute

_SIZE = """
UPDATE segment SET size = (SELECT count(*) FROM segment_membership WHERE segment_id = $1 AND exited_at IS NULL)
WHERE id = $1
"""


async def count(segment_id: UUID) -> None:
    """Say how many are in a segment now, in the transaction that moved them.

    Whoever deletes or merges a customer meanwhile tells the difference on the segment's own row: those who did are
    waited for and seen, all others wait until this is told. Hence two statements: the second sees what the first waited
    for.
    """
    await execute("SELECT FROM segment WHERE id = $1 FOR NO KEY UPDATE", segment_id)
    await execute(_SIZE, segment_id)


def entry(now: str, segment_id: str, customer_id: str) -> str:
    """SQL of the beginning of a stay: now, but not before the last one of this customer in this segment has ended.

    Who writes may have taken its time before it waited for another, or from a clock that is behind; were its stay to
    begin inside an earlier one, a moment would count the customer twice.
    """
    # OFFSET 0 keeps the planner to the stays of the customer: it takes a segment that is filling for an empty one,
    # and would look through all who came before for each who comes.
    past = f"SELECT * FROM segment_membership WHERE customer_id = {customer_id} AND exited_at IS NOT NULL OFFSET 0"  # noqa: S608
    return f"greatest({now}::timestamptz, (SELECT max(p.exited_at) FROM ({past}) p WHERE p.segment_id = {segment_id}))"
