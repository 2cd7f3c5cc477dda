"""When a stay in a segment begins, so that the stays of one customer never overlap."""

from __future__ import annotations


def entry(now: str, segment_id: str, customer_id: str) -> str:
    """SQL of the beginning of a stay: now, but not before the last one of this customer in this segment has ended.

    Who writes may have taken its time before it waited for another, or from a clock that is behind; were its stay to
    begin inside an earlier one, a moment would count the customer twice.
    """
    last = f"SELECT max(p.exited_at) FROM segment_membership p WHERE p.customer_id = {customer_id}"  # noqa: S608
    return f"greatest({now}::timestamptz, ({last} AND p.segment_id = {segment_id}))"
